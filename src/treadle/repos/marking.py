"""Which contents of a repo something names: every commit that is there, and what lies in open ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from sqlalchemy import bindparam, func, select

from treadle.db import Database, Tx
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repo_attachments, repo_commits, repo_packs, repo_staged
from treadle.objects import ObjectStore
from treadle.repos.contents import Contents
from treadle.repos.leases import oldest_epoch
from treadle.repos.tree import Tree, reachable_ids
from treadle.repos.writing import LARGE

_BITS_EACH = 64
_LEAST_BITS = 1 << 20

_c, _k = repo_commits.c, repo_packs.c
_COMMITS = Prepared(
    select(_c.id, _c.root, _c.height)
    .where(_c.repo_id == bindparam("repo_id"), _c.root.is_not(None))
    .order_by(_c.generation, _c.id)
)
_ATTACHED = Prepared(
    select(repo_attachments.c.content_id)
    .join(repo_commits, _c.id == repo_attachments.c.commit_id)
    .where(_c.repo_id == bindparam("repo_id"))
)
# What is not in the row itself, and the lists of chunks.
_STAGED = Prepared(
    select(repo_staged.c.content_id, repo_staged.c.data)
    .join(repo_commits, _c.id == repo_staged.c.commit_id)
    .where(
        _c.repo_id == bindparam("repo_id"),
        repo_staged.c.content_id.is_not(None),
        repo_staged.c.data.is_(None) | (func.substr(repo_staged.c.content_id, 1, 1) == bindparam("large")),
    )
)
_PACKS = Prepared(select(_k.name).where(_k.repo_id == bindparam("repo_id")).order_by(_k.id))
_OBJECTS = select(func.sum(_k.object_count)).where(_k.repo_id == bindparam("repo_id"))

#: Tells how far a long work is: done, of how many, in words.
Report = Callable[[int, int, str], None]


def tell_nobody(_done: int, _total: int, _message: str) -> None:
    """The report of a work at which nobody looks."""


class Parts(Protocol):
    """What a work on a whole repo needs; the repo engine and a job have it."""

    @property
    def database(self) -> Database:
        """The open database."""

    @property
    def objects(self) -> ObjectStore:
        """The object store."""


class LiveIds:
    """Ids that are needed, in 8 bytes each. One in a thousand that was not added seems to be in it."""

    def __init__(self, expected: int) -> None:
        self._bits = max(_LEAST_BITS, expected * _BITS_EACH)
        self._marks = bytearray(self._bits // 8 + 1)

    def add(self, id: bytes) -> None:
        """Mark an id."""
        for place in self._places(id):
            self._marks[place >> 3] |= 1 << (place & 7)

    def __contains__(self, id: object) -> bool:
        assert isinstance(id, bytes)
        return all(self._marks[place >> 3] >> (place & 7) & 1 for place in self._places(id))

    def _places(self, id: bytes) -> tuple[int, int]:
        # An id is a hash: two runs of its bytes are as good as two hashes of it.
        return int.from_bytes(id[1:9], "big") % self._bits, int.from_bytes(id[9:17], "big") % self._bits


class Marks:
    """What is needed of a repo, as of the last time that was looked at; it only grows."""

    def __init__(self, tx: Tx, contents: Contents, repo_id: int) -> None:
        """Notes how much there is to expect; nothing is marked yet."""
        self.ids = LiveIds(tx.execute(_OBJECTS, {"repo_id": repo_id}).scalar() or 0)
        self.chunks: set[str] = set()
        self._contents = contents
        self._repo_id = repo_id
        self._nodes: set[bytes] = set()  # exact: what is below a node in it is not looked at again
        self._large: set[bytes] = set()
        self._commits: set[int] = set()

    def look(self, database: Database, report: Report) -> int | None:
        """Mark what something names now. Raises Damaged where that cannot be read.

        Returns the epoch of the oldest lease that was held before; None when there was none.
        """
        with database.read() as tx:
            oldest = oldest_epoch(tx, self._repo_id)  # first: who ended before has named what is seen now
            roots = [row for row in self._rows(tx, _COMMITS) if row["id"] not in self._commits]
            attached, staged = self._rows(tx, _ATTACHED), self._rows(tx, _STAGED, large=LARGE)
            self._contents.use_packs(pack_names(tx, self._repo_id))
        for done, row in enumerate(roots):
            report(done, len(roots), "Looking at what commits hold")
            self._mark(reachable_ids(Tree(self._contents, row["root"], row["height"]), self._nodes))
            self._commits.add(row["id"])
        self._mark(row["content_id"] for row in attached)
        for row in staged:
            self._mark_one(row["content_id"], row["data"])
        return oldest

    def _rows(self, tx: Tx, statement: Prepared, **more: bytes) -> list[Mapping[str, Any]]:
        return list(tx.execute(statement, {"repo_id": self._repo_id, **more}).all())

    def _mark(self, ids: Iterable[bytes]) -> None:
        for id in ids:
            self._mark_one(id, None)

    def _mark_one(self, id: bytes, document: bytes | None) -> None:
        self.ids.add(id)
        if id[:1] == LARGE and id not in self._large:
            self._large.add(id)
            self.chunks.update(self._contents.chunks_of(id, document))


def pack_names(tx: Tx, repo_id: int) -> list[str]:
    """The packs that count, the oldest first."""
    return [row["name"] for row in tx.execute(_PACKS, {"repo_id": repo_id}).all()]
