"""The face of versioned data: put, finish, commit, look, compare. One for a process, for all its threads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType

import msgspec
from blake3 import blake3
from sqlalchemy import bindparam, select

from treadle.access import Grant
from treadle.db import Database, Tx
from treadle.db.prepared import Prepared
from treadle.db.remembered import Remembered
from treadle.db.repo_tables import repo_branches
from treadle.db.types import to_microseconds
from treadle.errors import Conflict, Invalid, NotFound
from treadle.objects import ObjectStore
from treadle.repos import commits
from treadle.repos.catalogue import repo_id_of
from treadle.repos.contents import Contents, FileBytes
from treadle.repos.failpoints import reach
from treadle.repos.finishing import (
    ANY_HEAD,
    Bulk,
    ExpectedHead,
    Extras,
    Finisher,
    metadata_text,
)
from treadle.repos.leases import Lease, Leases
from treadle.repos.opened import OpenRepos, tree_of
from treadle.repos.planning import Prefer
from treadle.repos.publishing import Words
from treadle.repos.snapshots import NewReference, ReferenceReader, Snapshot, file_of
from treadle.repos.staging import Condition, Staged, Staging
from treadle.repos.tree import Tree
from treadle.repos.values import Change, Commit, File, NewFile, check_path
from treadle.repos.writing import LARGE_BYTES, REFERENCE, SMALL, ContentWriter

_REMEMBERED_SNAPSHOTS = 8
_BATCH_ROWS = 500
_BATCH_BYTES = 4 * 1024**2
#: What one request copies between repos, byte by byte.
_MOST_COPIED_FILES, _MOST_COPIED_BYTES = 10_000, 8 * 1024**3
_NOTHING_ATTACHED: Mapping[str, Iterable[bytes]] = MappingProxyType({})
_DIGEST_NAMES = frozenset({"md5", "sha1", "sha256"})

_SHARED_ON = Prepared(
    select(repo_branches.c.head_id).where(repo_branches.c.open_id == bindparam("commit_row"))
)


@dataclass(frozen=True)
class _Content:
    """A content as a row stages it."""

    id: bytes
    size_bytes: int
    data: bytes | None
    digests: Mapping[str, str] = field(default_factory=dict)


class RepoEngine:
    """Files and commits of repos.

    Every writing method takes a grant of the repo, and opens its transactions itself.
    What it reads outside of this store, of files put by reference, is read by ``read_reference``.
    """

    def __init__(
        self, database: Database, objects: ObjectStore, *, read_reference: ReferenceReader | None = None
    ) -> None:
        self.database = database
        self.objects = objects
        self.read_reference = read_reference
        self.leases = Leases(database)
        self._opened = OpenRepos(database, objects)
        self._remembered: Remembered[Snapshot] = Remembered(_REMEMBERED_SNAPSHOTS)
        self._staging = Staging(database)
        self._finisher = Finisher(database, self._opened, self.leases)

    # Into an open commit

    def put(
        self,
        grant: Grant,
        commit_id: str,
        new: NewFile,
        *,
        only_if_absent: bool = False,
        expected_id: str | None = None,
        digests: Sequence[str] = (),
    ) -> File:
        """Put a file into an open commit, over what was there; durable on return.

        only_if_absent, expected_id: only where nothing is, or the content with that id, decided in the
        transaction that writes.  digests: md5, sha1, sha256, put into the file's metadata by their names.
        Raises NotFound("commit-not-found"), Conflict("commit-finished", "file-exists", "file-changed"),
        Invalid("path"), Unavailable("disk-full").
        """
        path = check_path(new.path)
        repo_id = repo_id_of(grant)
        condition = None
        if only_if_absent or expected_id is not None:
            condition = self._condition(repo_id, commit_id, path, expected_id)
        whole, chunks = _take_small(new.chunks)
        if whole is not None:
            content = _Content(SMALL + blake3(whole).digest(), len(whole), whole, _digests(whole, digests))
            return self._stage(grant, commit_id, _row(new, path, content), condition)
        with self.leases.hold(repo_id) as lease:
            content = self._store_large(lease, chunks, digests)
            return self._stage(grant, commit_id, _row(new, path, content), condition, lease)

    def put_many(self, grant: Grant, commit_id: str, files: Iterable[NewFile]) -> int:
        """Put files into an open commit, many in one transaction; how many. What is counted is durable.

        Raises as `put`; those before stay.
        """
        repo_id = repo_id_of(grant)
        count, rows, size_bytes = 0, list[Staged](), 0
        for new in files:
            path = check_path(new.path)
            whole, chunks = _take_small(new.chunks)
            if whole is None:
                self.put(grant, commit_id, NewFile(path, chunks, new.metadata, new.modified_at))
                count += 1
                continue
            rows.append(_row(new, path, _Content(SMALL + blake3(whole).digest(), len(whole), whole)))
            size_bytes += len(whole)
            if len(rows) >= _BATCH_ROWS or size_bytes >= _BATCH_BYTES:
                self._staging.write(repo_id, commit_id, rows)
                count, rows, size_bytes = count + len(rows), [], 0
        self._staging.write(repo_id, commit_id, rows)
        return count + len(rows)

    def reference(self, grant: Grant, commit_id: str, files: Iterable[NewReference]) -> int:
        """Put files whose bytes stay where they are, many in one transaction; how many. Raises as `put`."""
        repo_id = repo_id_of(grant)
        count, waiting = 0, iter(files)
        while rows := [_referred(each) for each in islice(waiting, _BATCH_ROWS)]:
            self._staging.write(repo_id, commit_id, rows)
            count += len(rows)
        return count

    def delete(self, grant: Grant, commit_id: str, path: str) -> None:
        """Delete a file of an open commit, or all in a folder: a path that ends in a slash.

        Raises NotFound("file-not-found", "commit-not-found"), Conflict("commit-finished").
        """
        repo_id = repo_id_of(grant)
        plain = check_path_or_folder(path)
        snapshot = self.at(repo_id, commit_id)
        if not _is_there(snapshot, plain):
            raise _no_file(path, commit_id)
        self._staging.write(repo_id, commit_id, [Staged(plain)])

    def delete_files(self, grant: Grant, commit_id: str, paths: Iterable[str]) -> None:
        """Delete files of an open commit, in one transaction; what is not there is no error.

        Raises NotFound("commit-not-found"), Conflict("commit-finished"), Invalid("path").
        """
        rows = [Staged(check_path(path)) for path in paths]
        self._staging.write(repo_id_of(grant), commit_id, rows)

    def copy(
        self, grant: Grant, commit_id: str, source: str, path: str, *, source_commit: str | None = None
    ) -> int:
        """Copy a file, or all in a folder, into an open commit; how many files.

        source_commit: any of the repo; None for the same.
        Raises NotFound("file-not-found", "commit-not-found"), Conflict("commit-finished"), Invalid("path").
        """
        repo_id = repo_id_of(grant)
        with self.leases.hold(repo_id) as lease:
            rows = self._copied(repo_id, source_commit or commit_id, source, path)
            self._staging.write(repo_id, commit_id, rows, lease=lease)
        return len(rows)

    def copy_from(self, grant: Grant, commit_id: str, snapshot: Snapshot, source: str, *, path: str) -> int:
        """Copy a file, or all in a folder, of another repo into an open commit, byte by byte; how many files.

        Raises as `copy`, and Invalid("copy-too-large"); what was copied before another error stays.
        """
        plain = check_path_or_folder(source).rstrip("/")
        found = list(islice(snapshot.copies(plain, path.strip("/")), _MOST_COPIED_FILES + 1))
        if not found:
            raise _no_file(source, snapshot.commit.id)
        _check_not_too_large(source, [entry.size_bytes for _place, entry, _data in found])
        copies = (
            NewFile(place, snapshot.read(entry.path), file_of(entry).metadata) for place, entry, _ in found
        )
        return self.put_many(grant, commit_id, copies)

    def move(self, grant: Grant, commit_id: str, source: str, path: str) -> int:
        """Give a file, or all in a folder, of an open commit another place; how many files.

        Raises as `copy`.
        """
        repo_id = repo_id_of(grant)
        with self.leases.hold(repo_id) as lease:
            rows = self._copied(repo_id, commit_id, source, path)
            plain = check_path_or_folder(source)
            is_file = self.at(repo_id, commit_id).find(plain.rstrip("/")) is not None
            gone = Staged(plain.rstrip("/") if is_file else f"{plain.rstrip('/')}/")
            self._staging.write(repo_id, commit_id, [gone, *rows], lease=lease)
        return len(rows)

    def finish(
        self,
        grant: Grant,
        commit_id: str,
        message: str,
        *,
        metadata: Mapping[str, object] | None = None,
        provenance: Sequence[str] = (),
        attachments: Mapping[str, Iterable[bytes]] = _NOTHING_ATTACHED,
        allow_empty: bool = False,
        prefer: Prefer | None = None,
    ) -> Commit:
        """Make the open commit the head of its branch, all of it at once.

        Where the branch has moved, what was put goes onto its new head, if nobody changed the same paths
        there; prefer: whose files stay then, "ours" what was put, "theirs" the head's. After an error the
        commit is open again. What died half-way is taken up by the next call.
        provenance: ids of commits of any repo, which the caller may see.
        Raises NotFound("commit-not-found", "branch-not-found"), Conflict("commit-finished", "commit-empty",
        "commit-collides", "file-and-folder"), Unavailable("disk-full", "lease-lost").
        """
        words = Words(message, metadata or {}, provenance)
        extras = Extras(words, attachments, allow_empty)
        return self._finisher.finish(grant, commit_id, extras, prefer)

    # At once

    def commit_files(
        self,
        grant: Grant,
        branch: str,
        files: Iterable[NewFile],
        message: str,
        *,
        deletes: Sequence[str] = (),
        replace_all: bool = False,
        metadata: Mapping[str, object] | None = None,
        provenance: Sequence[str] = (),
        attachments: Mapping[str, Iterable[bytes]] = _NOTHING_ATTACHED,
        expected_head: ExpectedHead = ANY_HEAD,
        allow_empty: bool = False,
    ) -> Commit:
        """Make one commit of any number of files as they come; the branch is made where there is none.

        deletes: paths, and folders that end in a slash, that go before the files come; what is not there is
        no error.  replace_all: the commit has these files alone.  expected_head: None for a branch without.
        Raises Conflict("branch-moved", "commit-empty", "commit-collides", "file-and-folder"),
        Invalid("path"), NotFound("commit-not-found") of what it was made from, Unavailable("disk-full").
        """
        bulk = Bulk(files, [check_path_or_folder(path) for path in deletes], replace_all)
        extras = Extras(Words(message, metadata or {}, provenance), attachments, allow_empty)
        return self._finisher.commit_files(grant, branch, bulk, extras, expected_head=expected_head)

    def publish_tree(
        self,
        grant: Grant,
        branch: str,
        tree: Tree,
        writer: ContentWriter,
        *,
        parents: Sequence[str],
        message: str,
        metadata: Mapping[str, object] | None = None,
        provenance: Sequence[str] = (),
        expected_head: str | None,
        lease: Lease | None = None,
    ) -> Commit:
        """Make a commit of a tree that ``writer`` holds the new nodes of; the lease ends with it.

        Raises Conflict("branch-moved"), NotFound("branch-not-found", "commit-not-found").
        """
        return self._finisher.publish_tree(
            grant,
            branch,
            tree,
            writer,
            parents=parents,
            words=Words(message, metadata or {}, provenance),
            expected_head=expected_head,
            lease=lease,
        )

    # To look at

    def at(self, repo_id: int, commit_id: str, *, version: int | None = None) -> Snapshot:
        """The files of a commit, open or finished. Raises NotFound("commit-not-found").

        version: of the database, where the caller asked for it a moment ago.
        """
        version = self.database.version() if version is None else version
        remembered = self._remembered.get((repo_id, commit_id), version)
        if remembered is not None:
            return remembered
        with self.database.read() as tx:
            commit = commits.get(tx, commit_id, repo_id)
            below = commit if commit.state == "finished" else _below(tx, commit)
        contents = self.contents(repo_id)
        snapshot = Snapshot(
            self.database,
            contents,
            commit,
            tree=tree_of(contents, below),
            reopen=self._reopen,
            read_reference=self.read_reference,
        )
        if commit.state == "finished":  # that of an open one changes while it is read
            self._remembered.keep((repo_id, commit_id), snapshot, version)
        return snapshot

    def diff(
        self,
        repo_id: int,
        old_commit: str | None,
        new_commit: str,
        *,
        prefix: str = "",
        after: str = "",
        limit: int | None = None,
    ) -> Iterator[Change]:
        """What differs from the old commit, which is finished, to the new one, in the order of paths.

        old_commit: None for no files.  Raises NotFound("commit-not-found"), Conflict("commit-open").
        """
        new = self.at(repo_id, new_commit)
        old = None
        if old_commit is not None:
            with self.database.read() as tx:
                old = commits.get(tx, old_commit, repo_id)
            if old.state != "finished":
                raise Conflict("commit-open", f"Commit {old_commit} is still open. Finish it first.")
        return islice(new.changes_since(tree_of(self.contents(repo_id), old), prefix, after), limit)

    def contents(self, repo_id: int) -> Contents:
        """The contents of the repo, with every pack that counts by now."""
        return self._opened.contents(repo_id)

    def tree(self, commit: Commit) -> Tree:
        """The files of a finished commit as a tree."""
        return tree_of(self.contents(commit.repo_id), commit)

    def _reopen(self, commit_id: str) -> tuple[Contents, Commit, Tree]:
        with self.database.read() as tx:
            commit = commits.get(tx, commit_id)
        contents = self.contents(commit.repo_id)
        return contents, commit, tree_of(contents, commit)

    def _condition(self, repo_id: int, commit_id: str, path: str, expected_id: str | None) -> Condition:
        base = self.at(repo_id, commit_id).below(path)
        try:
            wanted = None if expected_id is None else bytes.fromhex(expected_id)
        except ValueError as error:
            raise Invalid("content-id", f"{expected_id!r} is no id of a content.") from error
        return Condition(path, wanted, base.id if base else None)

    def _stage(
        self,
        grant: Grant,
        commit_id: str,
        row: Staged,
        condition: Condition | None,
        lease: Lease | None = None,
    ) -> File:
        reach("put.before-row")
        self._staging.write(repo_id_of(grant), commit_id, [row], condition=condition, lease=lease)
        reach("put.after-row")
        assert row.entry is not None
        return file_of(row.entry)

    def _store_large(self, lease: Lease, chunks: Iterable[bytes], digests: Sequence[str]) -> _Content:
        stored = self.contents(lease.repo_id).store_large(chunks, _check_digests(digests), lease)
        return _Content(stored.id, stored.size_bytes, stored.document, stored.digests)

    def _copied(self, repo_id: int, source_commit: str, source: str, path: str) -> list[Staged]:
        snapshot = self.at(repo_id, source_commit)
        plain = check_path_or_folder(source).rstrip("/")
        now_us = _now_us()
        rows = [
            Staged(check_path(place), entry.id, entry.size_bytes, now_us, entry.metadata, data)
            for place, entry, data in snapshot.copies(plain, path.strip("/"))
        ]
        if not rows:
            raise _no_file(source, source_commit)
        return rows


def check_path_or_folder(path: str) -> str:
    """As `check_path`; a folder keeps its slash at the end, and "/" is everything. Raises Invalid("path")."""
    plain = path.removeprefix("/")
    if not plain:
        return "/"
    return f"{check_path(plain[:-1])}/" if plain.endswith("/") else check_path(plain)


def _below(tx: Tx, opened: Commit) -> Commit | None:
    """What an open commit is seen over: where it was started; of a shared one the branch's head."""
    shared = tx.execute(_SHARED_ON, {"commit_row": opened.row_id}).first()
    if shared is not None:
        found = commits.get_rows(tx, [shared["head_id"]] if shared["head_id"] else [])
        return found[0] if found else None
    return commits.get(tx, opened.parents[0]) if opened.parents else None


def _take_small(chunks: Iterable[bytes]) -> tuple[bytes | None, Iterable[bytes]]:
    """The whole content where it is small; else all its chunks."""
    if isinstance(chunks, FileBytes) and Path(chunks.path).stat().st_size >= LARGE_BYTES:
        return None, chunks  # the store reads a file faster
    taken, size_bytes, rest = [], 0, iter(chunks)
    for chunk in rest:
        taken.append(chunk)
        size_bytes += len(chunk)
        if size_bytes >= LARGE_BYTES:
            return None, chain(taken, rest)
    return (taken[0] if len(taken) == 1 else b"".join(taken)), ()


def _row(new: NewFile, path: str, content: _Content) -> Staged:
    metadata = {**new.metadata, **content.digests} if content.digests else new.metadata
    modified_us = to_microseconds(new.modified_at) if new.modified_at else _now_us()
    return Staged(path, content.id, content.size_bytes, modified_us, metadata_text(metadata), content.data)


def _referred(new: NewReference) -> Staged:
    document = msgspec.json.encode(new.reference)
    content = _Content(REFERENCE + blake3(document).digest(), new.reference.size_bytes, document)
    file = NewFile(check_path(new.path), (), new.metadata, new.modified_at)
    return _row(file, file.path, content)


def _now_us() -> int:
    return to_microseconds(datetime.now(timezone.utc))


def _digests(content: bytes, names: Sequence[str]) -> Mapping[str, str]:
    return {
        name: hashlib.new(name, content, usedforsecurity=False).hexdigest() for name in _check_digests(names)
    }


def _check_digests(names: Sequence[str]) -> Sequence[str]:
    if not _DIGEST_NAMES.issuperset(names):
        raise Invalid("digest", f"Digests are {', '.join(sorted(_DIGEST_NAMES))}, not {', '.join(names)}.")
    return names


def _is_there(snapshot: Snapshot, plain: str) -> bool:
    if plain.endswith("/"):
        return next(snapshot.list(plain.removeprefix("/"), limit=1), None) is not None
    return snapshot.find(plain) is not None


def _no_file(path: str, commit_id: str) -> NotFound:
    return NotFound("file-not-found", f"There is no file {path!r} at commit {commit_id}.")


def _check_not_too_large(source: str, sizes_bytes: Sequence[int]) -> None:
    if len(sizes_bytes) <= _MOST_COPIED_FILES and sum(sizes_bytes) <= _MOST_COPIED_BYTES:
        return
    most = f"{_MOST_COPIED_FILES:,} files and {_MOST_COPIED_BYTES // 1024**3} GB"
    text = f"{source!r} is more than is copied from one repo to another at once: {most}. Copy parts of it."
    raise Invalid("copy-too-large", text)
