"""Whether a repo still is what was put into it: every byte is read, and what is damaged gets its names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from blake3 import blake3
from sqlalchemy import bindparam, select

from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repo_attachments, repo_commits
from treadle.db.upkeep_tables import repo_condemned
from treadle.errors import TreadleError
from treadle.repos.catalogue import objects_prefix
from treadle.repos.contents import Contents, Damaged
from treadle.repos.leases import condemn, oldest_epoch
from treadle.repos.marking import Parts, Report, pack_names, tell_nobody
from treadle.repos.nodes import Node
from treadle.repos.snapshots import Reference
from treadle.repos.staging import read_all, read_data
from treadle.repos.writing import LARGE, REFERENCE

ProblemKind = Literal[
    "file",
    "folder",
    "attachment",
    "staged",
    "commit",
    "pack",
    "unlisted",
    "reference-missing",
    "reference-changed",
]
#: Looks for what the file of a repo at a path refers to; raises what tells that it is gone, or is another.
FindReference = Callable[[Reference, int, str], None]

_c, _a = repo_commits.c, repo_attachments.c
_COMMITS = Prepared(
    select(_c.id, _c.key, _c.state, _c.root, _c.height, _c.file_count, _c.size_bytes)
    .where(_c.repo_id == bindparam("repo_id"))
    .order_by(_c.generation, _c.id)
)
_ATTACHED = Prepared(
    select(_c.key, _a.name, _a.content_id)
    .join(repo_commits, _c.id == _a.commit_id)
    .where(_c.repo_id == bindparam("repo_id"))
)
_Found = tuple[ProblemKind, str]
_CONDEMNED = Prepared(select(repo_condemned.c.key).where(repo_condemned.c.repo_id == bindparam("repo_id")))


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was put.

    kind: ``file`` and ``staged`` (in an open commit) have a path, ``attachment`` has its name as one; that of
    ``folder`` is the last of the files that cannot be listed. ``commit``: its row says something else than
    its tree. ``pack``: it cannot be looked into. ``unlisted``: no harm; nothing needs it.
    ``reference-missing``, ``reference-changed``: what a file refers to is not there, or is another.
    commit: the oldest that has it. The same content at other paths is told as well.
    """

    kind: ProblemKind
    path: str | None
    commit: str | None
    detail: str


def fsck(
    parts: Parts,
    repo_id: int,
    *,
    report: Report = tell_nobody,
    find_reference: FindReference | None = None,
) -> Iterator[Problem]:
    """What is damaged or gone of a repo, by the names that people know.

    Nothing is changed, but that what is put from now on is not taken from where damage was found.
    find_reference: looks also for what lies elsewhere, one call for each such content.
    """
    check = _Check(parts, repo_id, report, find_reference)
    yield from check.packs()
    yield from check.commits()
    yield from check.attachments()
    yield from check.open_commits()
    yield from check.unlisted()
    check.condemn_damaged()


class _Check:
    """One check, and what it found out."""

    def __init__(
        self, parts: Parts, repo_id: int, report: Report, find_reference: FindReference | None
    ) -> None:
        self._find_reference = find_reference
        self._outside: dict[bytes, _Found | None] = {}
        self._parts = parts
        self._repo_id = repo_id
        self._report = report
        self._contents = Contents(parts.objects, objects_prefix(repo_id))
        self._damaged: dict[bytes, str] = {}
        self._large: dict[bytes, str | None] = {}
        self._nodes: set[bytes] = set()
        self._told: set[tuple[str, bytes]] = set()
        with parts.database.read() as tx:
            self._rows = self._select(tx, _COMMITS)
            self._attached = self._select(tx, _ATTACHED)
            self._listed = pack_names(tx, repo_id)

    def packs(self) -> Iterator[Problem]:
        """Packs that cannot be looked into; what is damaged in others is told by its path, later."""
        whole = []
        found: dict[bytes, list[str]] = {}
        for done, name in enumerate(self._listed):
            self._report(done, len(self._listed), "Reading packs")
            is_open = True
            for damaged in self._contents.check_pack(name):
                if damaged.id is None:
                    is_open = False
                    yield Problem("pack", None, None, damaged.message)
                else:
                    found.setdefault(damaged.id, []).append(damaged.message)
            if is_open:
                whole.append(name)
        self._contents.use_packs(whole)
        for id, messages in found.items():
            if len(messages) == self._contents.count_copies(id):  # otherwise it was put anew
                self._damaged[id] = messages[0]

    def commits(self) -> Iterator[Problem]:
        """Files and nodes of finished commits."""
        for done, row in enumerate(self._rows):
            self._report(done, len(self._rows), "Looking at what commits hold")
            if row["root"] is not None:
                yield from self._tree(row)

    def attachments(self) -> Iterator[Problem]:
        """What lies beside the files of commits."""
        for row in self._attached:
            detail = self._content(row["content_id"], None)
            if detail is not None:
                yield Problem("attachment", row["name"], row["key"], detail)

    def open_commits(self) -> Iterator[Problem]:
        """What was put into open commits."""
        for row in self._rows:
            if row["state"] == "finished":
                continue
            documents: dict[bytes, bytes] = {}
            for id, data in read_data(self._parts.database, row["id"]):
                documents[id] = data if id[:1] in (LARGE, REFERENCE) else b""
                if blake3(data).digest() != id[1:]:
                    self._damaged[id] = f"The content {id.hex()} in the database is not what was put."
            for staged in read_all(self._parts.database, row["id"]):
                if staged.content_id is None:
                    continue
                document = documents.get(staged.content_id)
                detail = self._content(staged.content_id, document)
                if detail is not None:
                    yield Problem("staged", staged.path, row["key"], detail)
                elif found := self._elsewhere(staged.content_id, staged.path, document):
                    yield Problem(found[0], staged.path, row["key"], found[1])

    def unlisted(self) -> Iterator[Problem]:
        """Packs that no row lists, and that wait for nothing."""
        found = {each.key: each.size_bytes for each in self._contents.pack_objects()}
        with self._parts.database.read() as tx:
            if oldest_epoch(tx, self._repo_id) is not None:
                return  # somebody writes, and lists what they wrote in a moment
            folder = f"{objects_prefix(self._repo_id)}/packs/"
            listed = {f"{folder}{name}" for name in pack_names(tx, self._repo_id)}
            condemned = {row["key"] for row in self._select(tx, _CONDEMNED)}
        for key, size_bytes in found.items():
            if key.rpartition(".")[0] not in listed and key not in condemned:
                detail = f"{key} ({size_bytes:,} bytes) is of no use. The next gc clears it away."
                yield Problem("unlisted", None, None, detail)

    def condemn_damaged(self) -> None:
        """Let nobody reuse what is damaged; the collection pardons what is needed, and deletes none of it."""
        if self._contents.damaged:
            with self._parts.database.write() as tx:
                condemn(tx, self._repo_id, sorted(self._contents.damaged))

    def _tree(self, row: Mapping[str, Any]) -> Iterator[Problem]:
        todo: list[tuple[bytes, str]] = [(row["root"], "")]
        is_whole = True
        while todo:
            id, last_path = todo.pop()
            if id in self._nodes:
                continue
            self._nodes.add(id)
            try:
                node = self._contents.node(id)
            except Damaged as error:
                is_whole = False
                yield Problem("folder", last_path or None, row["key"], error.message)
                continue
            if node.level:
                todo += [(child.id, child.path) for child in reversed(node.children())]
            else:
                yield from self._leaf(node, row["key"])
        if is_whole:
            yield from self._totals(row)

    def _leaf(self, leaf: Node, commit: str) -> Iterator[Problem]:
        for path, id in zip(leaf.paths, leaf.ids(), strict=True):
            detail = self._content(id, None)
            found: _Found | None = ("file", detail) if detail else self._elsewhere(id, path, None)
            if found is not None and (path, id) not in self._told:
                self._told.add((path, id))
                yield Problem(found[0], path, commit, found[1])

    def _totals(self, row: Mapping[str, Any]) -> Iterator[Problem]:
        try:
            files, size_bytes = self._contents.node(row["root"]).totals()
        except Damaged:
            return  # told with an older commit
        if (files, size_bytes) != (row["file_count"], row["size_bytes"]):
            told = f"It holds {files:,} files of {size_bytes:,} bytes, and its row says otherwise."
            yield Problem("commit", None, row["key"], told)

    def _content(self, id: bytes, document: bytes | None) -> str | None:
        """What is wrong with a content, if anything. document: what its row holds of it, b"" all."""
        if id in self._damaged:
            return self._damaged[id]
        if document is None and not self._contents.has(id):
            return f"The content {id.hex()} is in no pack."
        if id[:1] != LARGE:
            return None
        if id not in self._large:
            damaged = self._contents.check_large(id, document)
            self._large[id] = None if damaged is None else damaged.message
        return self._large[id]

    def _elsewhere(self, id: bytes, path: str, document: bytes | None) -> _Found | None:
        """What is wrong with what a reference names, if anything, and if that is looked for."""
        if id[:1] != REFERENCE or self._find_reference is None:
            return None
        if id not in self._outside:
            self._outside[id] = self._look_outside(self._find_reference, id, path, document)
        return self._outside[id]

    def _look_outside(
        self, find: FindReference, id: bytes, path: str, document: bytes | None
    ) -> _Found | None:
        reference = msgspec.json.decode(document or self._contents.document(id), type=Reference)
        try:
            find(reference, self._repo_id, path)
        except TreadleError as error:
            is_other = error.code == "reference-changed"
            return ("reference-changed" if is_other else "reference-missing"), error.message
        return None

    def _select(self, tx: Tx, statement: Prepared) -> list[Mapping[str, Any]]:
        return list(tx.execute(statement, {"repo_id": self._repo_id}).all())
