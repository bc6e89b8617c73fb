"""Commits as rows: open ones, the history behind them, and what they were made from."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Any

import msgspec
from sqlalchemy import CTE, ColumnElement, bindparam, exists, insert, literal, select, update
from sqlalchemy import delete as delete_rows

from treadle.access import Grant
from treadle.db import Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import (
    repo_attachments,
    repo_branches,
    repo_commits,
    repo_parents,
    repo_provenance,
    repo_staged,
)
from treadle.db.upkeep_tables import repo_leases
from treadle.errors import Conflict, NotFound
from treadle.repos import branches
from treadle.repos.catalogue import lock, repo_id_of
from treadle.repos.leases import SEALS, SILENCE
from treadle.repos.values import Commit

#: The most commits that a walk along provenance gives, and the most steps that it goes.
PROVENANCE_LIMIT = 10_000
#: What errors are called where an open commit is none any more: somebody finished it, or gave it up.
NO_LONGER_OPEN = frozenset({"commit-finished", "commit-not-found"})
PROVENANCE_DEPTH = 1_000
_STEPS_AT_ONCE = 100

_c, _p, _v, _a, _b = (
    repo_commits.c,
    repo_parents.c,
    repo_provenance.c,
    repo_attachments.c,
    repo_branches.c,
)
_other = repo_commits.alias("other")
_BY_KEY = Prepared(select(repo_commits).where(_c.key == bindparam("key")))
_BY_IDS = Prepared(select(repo_commits).where(one_of(_c.id, "ids")))
_PARENTS = Prepared(
    select(_p.commit_id, _other.c.key)
    .select_from(repo_parents.join(_other, _other.c.id == _p.parent_id))
    .where(one_of(_p.commit_id, "ids"))
    .order_by(_p.commit_id, _p.position)
)
_SOURCES = Prepared(
    select(_v.commit_id, _other.c.key)
    .select_from(repo_provenance.join(_other, _other.c.id == _v.source_id))
    .where(one_of(_v.commit_id, "ids"))
    .order_by(_v.commit_id, _other.c.id)
)
_ATTACHED = Prepared(
    select(_a.commit_id, _a.name, _a.content_id, _a.size_bytes)
    .where(one_of(_a.commit_id, "ids"))
    .order_by(_a.commit_id, _a.name)
)
_UP = Prepared(select(_v.source_id.label("id")).where(one_of(_v.commit_id, "ids")))
_DOWN = Prepared(select(_v.commit_id.label("id")).where(one_of(_v.source_id, "ids")))
_INSERT = insert(repo_commits).returning(_c.id)
_SHARE = update(repo_branches).where(_b.id == bindparam("branch_id")).values(open_id=bindparam("new_open"))
# The branch before its commit, as whoever publishes takes them: else each would wait for the other.
_SHARING = Prepared(
    select(_b.id).where(_b.open_id == bindparam("commit_row")).with_for_update(key_share=True)
)
# Whoever puts waits for it.
_HELD = Prepared(select(_c.id).where(_c.id == bindparam("commit_row")).with_for_update(key_share=True))
# Whoever finishes a commit holds the lease that its seal names.
_REOPEN = Prepared(
    update(repo_commits)
    .where(
        _c.id == bindparam("commit_row"),
        _c.state == "finishing",
        ~exists().where(
            repo_leases.c.repo_id == _c.repo_id,
            repo_leases.c.id % SEALS == _c.seals,
            repo_leases.c.beat_at > bindparam("alive_after"),
        ),
    )
    .values(state="open")
)
_HAS_STAGED = Prepared(
    select(repo_staged.c.commit_id).where(repo_staged.c.commit_id == bindparam("commit_row")).limit(1)
)


def _line(condition: ColumnElement[bool]) -> CTE:
    """The commits up to a number of steps above those in the parameter ``ids``."""
    line = select(_c.id, literal(0).label("depth")).where(one_of(_c.id, "ids")).cte("line", recursive=True)
    step = (
        select(_p.parent_id, line.c.depth + 1)
        .select_from(repo_parents.join(line, line.c.id == _p.commit_id))
        .where(line.c.depth < bindparam("steps"), condition)
    )
    return line.union(step)


_ABOVE, _FIRST_ABOVE = _line(literal(True)), _line(_p.position == 0)
# With its parents and their generations: what a walk from the newest on needs.
_EDGES = Prepared(
    select(_ABOVE.c.id, _p.parent_id, _other.c.generation)
    .distinct()
    .select_from(
        _ABOVE.outerjoin(repo_parents, _p.commit_id == _ABOVE.c.id).outerjoin(
            _other, _other.c.id == _p.parent_id
        )
    )
)
_FIRST_PARENTS = Prepared(select(_FIRST_ABOVE.c.id, _FIRST_ABOVE.c.depth).order_by(_FIRST_ABOVE.c.depth))


@dataclass(frozen=True)
class Attached:
    """A content beside the files of a commit."""

    name: str
    content_id: bytes
    size_bytes: int


def new_key() -> str:
    """A random id for a commit."""
    return uuid.uuid4().hex


def find(tx: Tx, commit_id: str, repo_id: int | None = None) -> Commit | None:
    """The commit with that whole id, if there is one; of that repo, where one is given."""
    row = tx.execute(_BY_KEY, {"key": commit_id}).first()
    if row is None or repo_id not in (None, row["repo_id"]):
        return None
    return load(tx, [row])[0]


def get(tx: Tx, commit_id: str, repo_id: int | None = None) -> Commit:
    """The commit; of that repo, where one is given. Raises NotFound("commit-not-found")."""
    found = find(tx, commit_id, repo_id)
    if found is None:
        raise not_there(commit_id)
    return found


def get_rows(tx: Tx, row_ids: Iterable[int]) -> list[Commit]:
    """The commits of these rows, in this order; those that are gone are left out."""
    wanted = list(row_ids)
    found = {row["id"]: row for row in tx.execute(_BY_IDS, {"ids": id_list(wanted)}).all()}
    return load(tx, [found[row_id] for row_id in wanted if row_id in found])


def start(tx: Tx, grant: Grant, branch: str) -> Commit:
    """A new open commit on the branch, of one's own; the branch is made where there is none.

    Raises Invalid("branch-name"), Conflict("name-taken") where a tag has that name.
    """
    return get(tx, _start(tx, grant, branch_row(tx, grant, branch)))


def shared_open(tx: Tx, grant: Grant, branch: str) -> Commit:
    """The open commit of the branch that everybody puts into; made where there is none, as the branch is.

    While nothing lies in it, it stands on the head of the branch. One that was being finished by a process
    that died is open again.
    """
    lock(tx, repo_id_of(grant))
    row = branch_row(tx, grant, branch)
    if row["open_id"] is None:
        opened = get(tx, _start(tx, grant, row))
        tx.execute(_SHARE, {"branch_id": row["id"], "new_open": opened.row_id})
        return opened
    opened = get(tx, str(row["open_commit"]))
    if opened.state == "finishing":
        reopen_dead(tx, opened.row_id)
        return get(tx, opened.id)
    on = opened.parents[0] if opened.parents else None
    if on != row["head"] and is_unused(tx, opened.row_id):
        _stand_on(tx, opened.row_id, row["head_id"])
        return get(tx, opened.id)
    return opened


def reopen_dead(tx: Tx, commit_row: int) -> None:
    """Open a commit again whose finisher has died."""
    tx.execute(_REOPEN, {"commit_row": commit_row, "alive_after": tx.now - SILENCE})


def is_unused(tx: Tx, commit_row: int) -> bool:
    """Whether nothing lies in an open commit; nothing comes into it until the transaction ends."""
    tx.execute(_HELD, {"commit_row": commit_row}).first()
    return tx.execute(_HAS_STAGED, {"commit_row": commit_row}).first() is None


def abandon(tx: Tx, grant: Grant, commit_id: str) -> None:
    """Free an open commit with all that was put into it.

    Raises NotFound("commit-not-found"), Conflict("commit-finished").
    """
    found = get(tx, commit_id, repo_id_of(grant))
    tx.execute(_SHARING, {"commit_row": found.row_id}).first()
    open_row = delete_rows(repo_commits).where(_c.id == found.row_id, _c.state != "finished")
    if tx.execute(open_row).rowcount == 0:
        raise finished(commit_id)


def log(tx: Tx, commit_id: str, *, limit: int = 100, after: str | None = None) -> list[Commit]:
    """The commit and what it stands on by any parent, the newest first.

    after: the last of the page before.
    """
    begin = get(tx, commit_id)
    walk = _Walk(tx, begin)
    row_ids: list[int] = []
    passed = after is None
    after_row = None if after is None else get(tx, after).row_id
    while len(row_ids) < limit and (row_id := walk.pop()) is not None:
        if passed:
            row_ids.append(row_id)
        passed = passed or row_id == after_row
    return get_rows(tx, row_ids)


def first_parents(tx: Tx, commit_id: str, *, limit: int | None = None) -> list[Commit]:
    """The commit, its first parent, that one's first parent and so on."""
    return get_rows(tx, line_of(tx, get(tx, commit_id).row_id, limit))


def line_of(tx: Tx, row_id: int, limit: int | None = None) -> list[int]:
    """The rows of a commit and its first parents, at most ``limit``."""
    steps = 2**31 - 1 if limit is None else limit - 1
    return [row["id"] for row in tx.execute(_FIRST_PARENTS, {"ids": id_list([row_id]), "steps": steps}).all()]


def upstream(tx: Tx, commit_id: str) -> list[Commit]:
    """The commits of any repo that this one was made from, the nearest first; at most `PROVENANCE_LIMIT`."""
    return _along(tx, commit_id, _UP)


def downstream(tx: Tx, commit_id: str) -> list[Commit]:
    """The commits of any repo that were made from this one, the nearest first; at most `PROVENANCE_LIMIT`."""
    return _along(tx, commit_id, _DOWN)


def attached(tx: Tx, commit: Commit) -> list[Attached]:
    """What lies beside the files of the commit, by name."""
    rows = tx.execute(_ATTACHED, {"ids": id_list([commit.row_id])}).all()
    return [Attached(row["name"], row["content_id"], row["size_bytes"]) for row in rows]


def load(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> list[Commit]:
    """The commits of rows, each with the ids of its parents and sources and the names of its attachments."""
    if not rows:
        return []
    ids = {"ids": id_list([row["id"] for row in rows])}
    parents, sources = _grouped(tx, _PARENTS, ids, "key"), _grouped(tx, _SOURCES, ids, "key")
    names = _grouped(tx, _ATTACHED, ids, "name")
    return [
        Commit(
            row["key"],
            row["repo_id"],
            row["state"],
            row["branch"],
            row["message"],
            row["author_id"],
            row["created_at"],
            row["finished_at"],
            parents.get(row["id"], ()),
            sources.get(row["id"], ()),
            row["file_count"],
            row["size_bytes"],
            msgspec.json.decode(row["metadata"]),
            names.get(row["id"], ()),
            row["id"],
            row["generation"],
            row["root"],
            row["height"],
        )
        for row in rows
    ]


def not_there(commit_id: str) -> NotFound:
    """The error for a commit that is not there, or not yours."""
    return NotFound("commit-not-found", f"There is no commit {commit_id} that you can see.")


def finished(commit_id: str) -> Conflict:
    """The error for a change to a commit that takes none any more."""
    return Conflict(
        "commit-finished", f"Commit {commit_id} is finished and takes no more changes. Start another one."
    )


class _Walk:
    """Commits from one on, by falling generation and row; edges are read a hundred steps at once."""

    def __init__(self, tx: Tx, begin: Commit) -> None:
        self._tx = tx
        self._heap = [(-begin.generation, -begin.row_id)]
        self._met = {begin.row_id}
        self._edges: dict[int, list[tuple[int, int]]] = {}
        heapify(self._heap)

    def pop(self) -> int | None:
        if not self._heap:
            return None
        row_id = -heappop(self._heap)[1]
        if row_id not in self._edges:
            self._read(row_id)
        for generation, parent in self._edges.pop(row_id):
            if parent not in self._met:
                self._met.add(parent)
                heappush(self._heap, (-generation, -parent))
        return row_id

    def _read(self, row_id: int) -> None:
        wanted = {"ids": id_list([row_id]), "steps": _STEPS_AT_ONCE}
        found: dict[int, list[tuple[int, int]]] = {}
        for row in self._tx.execute(_EDGES, wanted).all():
            edges = found.setdefault(row["id"], [])
            if row["parent_id"] is not None:
                edges.append((row["generation"], row["parent_id"]))
        self._edges.update(found)


def _start(tx: Tx, grant: Grant, branch: Mapping[str, Any]) -> str:
    values = {
        "key": new_key(),
        "repo_id": grant.repo_id,
        "state": "open",
        "branch": branch["name"],
        "author_id": grant.actor.user_id,
        "created_at": tx.now,
    }
    _stand_on(tx, int(tx.execute(_INSERT, values).scalar_one()), branch["head_id"])
    return str(values["key"])


def _stand_on(tx: Tx, open_row: int, head_row: int | None) -> None:
    tx.execute(delete_rows(repo_parents).where(_p.commit_id == open_row))
    if head_row is not None:
        tx.execute(insert(repo_parents), {"commit_id": open_row, "position": 0, "parent_id": head_row})


def branch_row(tx: Tx, grant: Grant, branch: str) -> Mapping[str, Any]:
    """The branch with the ids of its rows; made where there is none. Raises as `start`."""
    repo_id = repo_id_of(grant)
    try:
        return branches.find_row(tx, repo_id, branch)
    except NotFound:
        branches.create(tx, grant, branch)
        return branches.find_row(tx, repo_id, branch)


def _along(tx: Tx, commit_id: str, step: Prepared) -> list[Commit]:
    met = {get(tx, commit_id).row_id: None}
    level = list(met)
    for _ in range(PROVENANCE_DEPTH):
        found = sorted({row["id"] for row in tx.execute(step, {"ids": id_list(level)}).all()})
        level = [row_id for row_id in found if row_id not in met]
        met.update(dict.fromkeys(level))
        if not level or len(met) > PROVENANCE_LIMIT:
            break
    return get_rows(tx, list(met)[1 : PROVENANCE_LIMIT + 1])


def _grouped(tx: Tx, statement: Prepared, ids: Mapping[str, str], name: str) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for row in tx.execute(statement, ids).all():
        found.setdefault(row["commit_id"], []).append(row[name])
    return {row_id: tuple(values) for row_id, values in found.items()}
