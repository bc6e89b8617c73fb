"""Making commits: from what is staged, from files as they come, or from a tree that is there already.

Contents are durable first, in packs that nobody counts yet; then one transaction names packs and commit and
moves the branch. Where the branch has moved meanwhile, what is wanted is done again on its new head.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import chain, islice
from operator import itemgetter
from typing import Any, Final

import msgspec

from treadle.access import Grant
from treadle.db import Database
from treadle.db.types import to_microseconds
from treadle.errors import Conflict, TreadleError
from treadle.repos import branches, commits, planning, publishing, staging
from treadle.repos.catalogue import repo_id_of
from treadle.repos.commits import Attached
from treadle.repos.contents import Contents
from treadle.repos.failpoints import reach
from treadle.repos.leases import Lease, Leases
from treadle.repos.nodes import Entry
from treadle.repos.opened import OpenRepos, tree_of
from treadle.repos.planning import Prefer
from treadle.repos.publishing import NewCommit, Words
from treadle.repos.tree import Change, Tree, build, diff, sorted_entries
from treadle.repos.values import Commit, NewFile, check_path
from treadle.repos.writing import LARGE, REFERENCE, ContentWriter

#: So many changes are made one by one at least, whatever the size of the repo.
_FEW = 1_000
#: More are never held in memory at once: about 30 MB of them.
_MOST_HELD = 50_000


class AnyHead(Enum):
    """Where the branch may stand."""

    ANY_HEAD = "any head"


ANY_HEAD: Final = AnyHead.ANY_HEAD
ExpectedHead = str | AnyHead | None


@dataclass(frozen=True)
class Bulk:
    """Files of one commit as they come.

    deletes: paths, and folders that end in a slash, deleted before; one that is not there is no change.
    replaces_all: the commit has these files alone.
    """

    files: Iterable[NewFile]
    deletes: Sequence[str] = ()
    replaces_all: bool = False


@dataclass(frozen=True)
class Extras:
    """What belongs to a commit beside its files."""

    words: Words
    attachments: Mapping[str, Iterable[bytes]] = field(default_factory=dict)
    allows_empty: bool = False


@dataclass(frozen=True)
class _Place:
    """Where a commit is made: the branch as it was found, its head, and the head's files."""

    branch: Mapping[str, Any]
    head: Commit | None
    tree: Tree
    contents: Contents

    @property
    def parents(self) -> list[int]:
        return [self.head.row_id] if self.head else []


class Finisher:
    """Makes commits, for any number of threads."""

    def __init__(self, database: Database, opened: OpenRepos, leases: Leases) -> None:
        self._database = database
        self._opened = opened
        self._leases = leases

    def finish(self, grant: Grant, commit_id: str, extras: Extras, prefer: Prefer | None) -> Commit:
        """See `RepoEngine.finish`."""
        repo_id = repo_id_of(grant)
        extras.words.check()
        with self._opened.finishing(repo_id), self._leases.hold(repo_id) as lease:
            with self._database.write() as tx:
                opened = commits.get(tx, commit_id, repo_id)
                seal = publishing.seal(tx, opened, lease)
            reach("finish.sealed")
            try:
                return self._finish_sealed(grant, opened, seal, extras=extras, prefer=prefer, lease=lease)
            except (TreadleError, OSError) as error:
                with self._database.write() as tx:
                    publishing.unseal(tx, opened, seal)
                    # Another process may have finished it, and taken away what this one read.
                    if staging.read_state(tx, opened.row_id) == "finished":
                        raise commits.finished(commit_id) from error
                raise

    def _finish_sealed(
        self,
        grant: Grant,
        opened: Commit,
        seal: int,
        *,
        extras: Extras,
        prefer: Prefer | None,
        lease: Lease,
    ) -> Commit:
        attached: list[Attached] | None = None
        while True:
            place = self._find_place(opened.repo_id, str(opened.branch))
            with _writing(place.contents, lease) as writer:
                edit = self._plan(opened, place, prefer)
                _store_staged(self._database, opened.row_id, writer)
                if attached is None:
                    attached = _attach(writer, extras.attachments)
                tree = edit(writer)
                _check_not_empty(place.tree, tree, extras)
                packs = writer.publish()
            new = NewCommit(
                place.branch, place.parents, tree, extras.words, attached, open_row=(opened.row_id, seal)
            )
            commit = self._publish(grant, packs, new, lease)
            if commit is not None:
                return commit

    def _plan(self, opened: Commit, place: _Place, prefer: Prefer | None) -> Callable[[ContentWriter], Tree]:
        """How the tree is made of what is staged, which is read from its rows whenever it is needed.

        Raises Conflict("commit-collides").
        """
        base, head = self._tree_on(opened, place.contents), place.tree
        with self._database.read() as tx:
            folders = staging.deleted_folders(tx, opened.row_id)

        def wanted() -> Iterator[Change]:
            rows = staging.read_all(self._database, opened.row_id)
            return planning.expand(base, ((row.path, row.entry) for row in rows), folders)

        is_moved = base.root != head.root
        if is_moved and prefer is None:
            planning.check_collisions(base, head, wanted(), folders)
        if is_moved and prefer == "theirs":
            return lambda writer: _changed(place, writer, planning.without_collisions(base, head, wanted()))
        return lambda writer: _changed(place, writer, wanted())

    def _tree_on(self, opened: Commit, contents: Contents) -> Tree:
        if not opened.parents:
            return tree_of(contents, None)
        with self._database.read() as tx:
            return tree_of(contents, commits.get(tx, opened.parents[0]))

    def commit_files(
        self, grant: Grant, branch: str, bulk: Bulk, extras: Extras, *, expected_head: ExpectedHead
    ) -> Commit:
        """See `RepoEngine.commit_files`."""
        repo_id = repo_id_of(grant)
        extras.words.check()
        with self._database.write() as tx:
            commits.branch_row(tx, grant, branch)
            now = tx.now
        with self._leases.hold(repo_id) as lease:
            place = self._find_place(repo_id, branch)
            _check_head(place, expected_head)
            with _writing(place.contents, lease) as writer:
                entries = sorted_entries(_entries(writer, bulk.files, now))
                tree = _bulk_tree(place, writer, bulk, entries)
                attached = _attach(writer, extras.attachments)
                _check_not_empty(place.tree, tree, extras)
                packs = writer.publish()
            new = NewCommit(place.branch, place.parents, tree, extras.words, attached)
            commit = self._publish(grant, packs, new, lease)
            if commit is None and expected_head is not ANY_HEAD:
                raise branches.moved(branch, None)
            return commit or self._commit_again(grant, place, new, extras, lease=lease)

    def _commit_again(
        self, grant: Grant, before: _Place, done: NewCommit, extras: Extras, *, lease: Lease
    ) -> Commit:
        """Commit what ``done`` changed on a head that is another now; its contents are listed."""
        while True:
            place = self._find_place(repo_id_of(grant), str(before.branch["name"]))
            base = tree_of(place.contents, before.head)
            made = Tree(place.contents, done.tree.root, done.tree.height)
            with _writing(place.contents, lease) as writer:
                planning.check_collisions(base, place.tree, planning.changes_of(diff(base, made)))
                tree = _changed(place, writer, planning.changes_of(diff(base, made)))
                _check_not_empty(place.tree, tree, extras)
                packs = writer.publish()
            new = NewCommit(place.branch, place.parents, tree, done.words, done.attached)
            commit = self._publish(grant, packs, new, lease)
            if commit is not None:
                return commit

    def publish_tree(
        self,
        grant: Grant,
        branch: str,
        tree: Tree,
        writer: ContentWriter,
        *,
        parents: Sequence[str],
        words: Words,
        expected_head: str | None,
        lease: Lease | None,
    ) -> Commit:
        """See `RepoEngine.publish_tree`."""
        words.check()
        repo_id = repo_id_of(grant)
        with self._database.read() as tx:
            row = branches.find_row(tx, repo_id, branch)
            rows = [commits.get(tx, each, repo_id).row_id for each in parents]
        if row["head"] != expected_head:
            raise branches.moved(branch, row["head"])
        packs = writer.publish()
        commit = self._publish(grant, packs, NewCommit(row, rows, tree, words), lease)
        if commit is None:
            raise branches.moved(branch, None)
        return commit

    def _publish(
        self, grant: Grant, packs: Sequence[Any], new: NewCommit, lease: Lease | None
    ) -> Commit | None:
        """The commit; None where the branch has moved, and then the packs count all the same."""
        with self._database.write() as tx:
            publishing.add_packs(tx, repo_id_of(grant), packs)
            if not publishing.is_unmoved(tx, new.branch):
                if lease is not None:
                    lease.check(tx)
                return None
            if lease is not None:
                lease.end(tx)
            row = publishing.publish(tx, grant, new)
            reach("finish.in-transaction")
            commit = commits.get_rows(tx, [row])[0]
        reach("finish.after-transaction")
        return commit

    def _find_place(self, repo_id: int, branch: str) -> _Place:
        with self._database.read() as tx:
            row = branches.find_row(tx, repo_id, branch)
            head = commits.get(tx, row["head"]) if row["head"] else None
        contents = self._opened.contents(repo_id)
        return _Place(row, head, tree_of(contents, head), contents)


@contextmanager
def _writing(contents: Contents, lease: Lease) -> Iterator[ContentWriter]:
    """A writer, of which nothing is left when the block fails."""
    writer = contents.writer(lease)
    try:
        yield writer
    except BaseException:
        writer.abandon()
        raise


def _edited(head: Tree, writer: ContentWriter, wanted: Iterable[Change]) -> Tree:
    """The head with the changes. Raises Conflict("file-and-folder")."""
    changes = planning.differing(head, wanted)
    planning.check_names(head, changes)
    return head.edit(writer, list(planning.changes_of(changes)))


def _bulk_tree(place: _Place, writer: ContentWriter, bulk: Bulk, entries: Iterator[Entry]) -> Tree:
    """The tree after the files, which come in order."""
    if bulk.replaces_all:
        files = planning.replaced(place.tree, entries)
        return build(place.contents, writer, planning.check_stream(files))
    changes: Iterator[Change] = ((entry.path, entry) for entry in entries)
    gone = sorted(path for path in bulk.deletes if not path.endswith("/"))
    if gone:
        changes = heapq.merge(changes, ((path, None) for path in gone), key=itemgetter(0))
    folders = [path for path in bulk.deletes if path.endswith("/")]
    return _changed(place, writer, planning.expand(place.tree, changes, folders))


def _changed(place: _Place, writer: ContentWriter, changes: Iterator[Change]) -> Tree:
    """The head with the changes: edited where they are few, else made anew, holding few of them in memory."""
    files, _size_bytes = place.tree.totals()
    few = list(islice(changes, min(max(_FEW, files // 4), _MOST_HELD)))
    following = next(changes, None)
    if following is None and files:
        return _edited(place.tree, writer, few)
    rest = chain(few, () if following is None else (following,), changes)
    return build(place.contents, writer, planning.check_stream(planning.applied(place.tree, rest)))


def _entries(writer: ContentWriter, files: Iterable[NewFile], now: datetime) -> Iterator[Entry]:
    now_us = to_microseconds(now)
    for file in files:
        path = check_path(file.path)
        stored = writer.put_stream(file.chunks)
        modified_us = to_microseconds(file.modified_at) if file.modified_at else now_us
        yield Entry(path, stored.id, stored.size_bytes, modified_us, metadata_text(file.metadata))


def metadata_text(metadata: Mapping[str, str]) -> str:
    """Metadata as an entry holds it."""
    return msgspec.json.encode(dict(metadata), order="sorted").decode() if metadata else ""


def _store_staged(database: Database, open_row: int, writer: ContentWriter) -> None:
    for content_id, data in staging.read_data(database, open_row):
        if content_id[:1] == LARGE:
            writer.put_document(content_id, data)
        elif content_id[:1] == REFERENCE:
            writer.put_reference(data)
        else:
            writer.put(data)


def _attach(writer: ContentWriter, attachments: Mapping[str, Iterable[bytes]]) -> list[Attached]:
    stored = {name: writer.put_stream(chunks) for name, chunks in attachments.items()}
    return [Attached(name, each.id, each.size_bytes) for name, each in stored.items()]


def _check_head(place: _Place, expected: ExpectedHead) -> None:
    head = place.head.id if place.head else None
    if expected is not ANY_HEAD and head != expected:
        raise branches.moved(str(place.branch["name"]), head)


def _check_not_empty(head: Tree, tree: Tree, extras: Extras) -> None:
    if head.root == tree.root and not extras.attachments and not extras.allows_empty:
        raise Conflict("commit-empty", "Nothing differs from the head of the branch, so there is no commit.")
