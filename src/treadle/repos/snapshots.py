"""The files of a commit, to be listed and read; of an open one what is staged over what it stands on."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from itertools import groupby, islice
from types import MappingProxyType
from typing import Protocol

import msgspec

from treadle.db import Database
from treadle.db.types import from_microseconds
from treadle.errors import NotFound, Unsupported
from treadle.repos import commits, staging
from treadle.repos.contents import Contents
from treadle.repos.differences import Difference
from treadle.repos.globs import compile_glob, literal_prefix
from treadle.repos.nodes import Entry
from treadle.repos.staging import PAGE_ROWS, Staged, is_below
from treadle.repos.three_way import is_same
from treadle.repos.tree import Tree, diff
from treadle.repos.values import Change, Commit, File, Folder
from treadle.repos.writing import LARGE, REFERENCE

#: Behind every path that begins with what it follows: no path is so long.
_LAST = "\U0010ffff" * 257
#: Of staged rows so many are read at first: mostly a few are wanted, up to the next folder or the limit.
_FIRST_ROWS = 4
_instant = lru_cache(maxsize=4096)(from_microseconds)  # those of a commit were mostly put at one
_NO_METADATA: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Reference:
    """Where the bytes of a file lie that was put by reference, and what they were then.

    key: in the storage.  uri: the same for people, who read it when the storage is gone.
    version: by which the storage keeps this content; "" where it keeps the newest alone.
    """

    storage_id: int
    key: str
    etag: str
    size_bytes: int
    uri: str = ""
    version: str = ""


@dataclass(frozen=True)
class NewReference:
    """A file to be put whose bytes stay where they are."""

    path: str
    reference: Reference
    metadata: Mapping[str, str] = field(default_factory=dict)
    modified_at: datetime | None = None


class ReferenceReader(Protocol):
    """Reads what lies outside."""

    def __call__(
        self, reference: Reference, start: int, end: int | None, *, repo_id: int, path: str
    ) -> Iterator[bytes]:
        """The bytes of the file at ``path`` from ``start`` up to, not including, ``end``.

        Raises, at the call, Conflict("reference-gone", "reference-changed"),
        Unavailable("reference-unreachable").
        """


@dataclass(frozen=True)
class OpenFile:
    """A file as it was found: ``read`` gives what it had then, whatever is put there afterwards.

    read_at_once: the same as one, where nothing is to be waited for; else None.
    is_settled: it is of a finished commit, so that nothing else is ever found at its path.
    """

    file: File
    read: Callable[[int, int | None], Iterator[bytes]]
    read_at_once: Callable[[int, int | None], bytearray | None]
    is_settled: bool


class _Settled(Exception):
    """The open commit was finished or abandoned while its snapshot was read."""


class Overlay:
    """What is staged in an open commit, as it is each time that it is asked for."""

    def __init__(self, database: Database, commit: Commit) -> None:
        self._database = database
        self._commit = commit

    def find(self, path: str) -> tuple[Staged | None, bool]:
        """What is staged at the path, with its data; and whether the file below it counts no more."""
        with self._database.read() as tx:
            self._check(staging.read_state(tx, self._commit.row_id))
            row = staging.find_with_data(tx, self._commit.row_id, path)
            folders = staging.deleted_folders(tx, self._commit.row_id)
        return row, row is not None or any(is_below(path, folder) for folder in folders)

    def folders(self) -> list[str]:
        """The folders of which everything was deleted that was there before."""
        with self._database.read() as tx:
            self._check(staging.read_state(tx, self._commit.row_id))
            return staging.deleted_folders(tx, self._commit.row_id)

    def scan(self, prefix: str, after: str) -> Iterator[Staged]:
        """The staged files and deletions of files, in the order of paths."""
        limit = _FIRST_ROWS
        while True:
            with self._database.read() as tx:
                self._check(staging.read_state(tx, self._commit.row_id))
                page = staging.read_page(tx, self._commit.row_id, prefix=prefix, after=after, limit=limit)
            yield from page
            if len(page) < limit:
                return
            after, limit = page[-1].path, min(4 * limit, PAGE_ROWS)

    def _check(self, state: str | None) -> None:
        if state is None or state == "finished":
            raise _Settled


class Snapshot:
    """The files of a commit, as they are for good; of an open commit as they are now.

    Once the open commit is finished, its snapshot shows what was finished.
    """

    def __init__(
        self,
        database: Database,
        contents: Contents,
        commit: Commit,
        *,
        tree: Tree,
        reopen: Callable[[str], tuple[Contents, Commit, Tree]],
        read_reference: ReferenceReader | None = None,
    ) -> None:
        self.commit = commit
        self._database = database
        self._contents = contents
        self._tree = tree
        self._reopen = reopen
        self._read_reference = read_reference
        self._overlay = None if commit.state == "finished" else Overlay(database, commit)

    def stat(self, path: str) -> File:
        """The file at the path. Raises NotFound("file-not-found")."""
        return file_of(self._find(path)[0])

    def find(self, path: str) -> File | None:
        """The file at the path, if there is one."""
        found = self._look_up(path)
        return None if found is None else file_of(found[0])

    def open(self, path: str) -> OpenFile | None:
        """The file at the path, if there is one, to be read from one byte up to another, as by `read`."""
        found = self._look_up(path)
        if found is None:
            return None
        at_once = partial(self._contents.read_at_once, found[0].id)
        return OpenFile(file_of(found[0]), partial(self._read, *found), at_once, self._overlay is None)

    def below(self, path: str) -> Entry | None:
        """What is at the path where nothing is staged."""
        return self._tree.lookup(path.removeprefix("/"))

    def copies(self, source: str, place: str) -> Iterator[tuple[str, Entry, bytes | None]]:
        """The file ``source``, or all in that folder, each with its path below ``place``; staged data too."""
        found = self._look_up(source) if source else None
        if found is not None:
            yield (place or source.rpartition("/")[2], *found)
            return
        prefix = f"{source}/" if source else ""
        for each in self._entries(prefix, ""):
            there = self._look_up(each.path) if self._overlay else (each, None)
            if there is not None:
                yield ("/".join(filter(None, (place, each.path[len(prefix) :]))), *there)

    def list(
        self, prefix: str = "", after: str = "", delimiter: str = "", limit: int | None = None
    ) -> Iterator[File | Folder]:
        """The files whose paths begin with ``prefix`` and follow ``after``, in the order of their UTF-8.

        delimiter: what follows the prefix up to the next one, it included, is one `Folder` for all that
        begin so.  after: a path, or a folder that was listed, whose files then do not come again.
        """
        if "\0" in prefix:
            return iter(())
        entries = self._files(prefix, after) if not delimiter else self._folded(prefix, after, delimiter)
        return islice(entries, limit)

    def glob(self, pattern: str, after: str = "") -> Iterator[File]:
        """The files that match and follow ``after``, in the order of paths.

        ``*``, ``?`` and ``[a-z]`` match within a name, ``**`` across folders, ``{a,b}`` either, ``!(a|b)``
        within a name what neither does.
        Raises Invalid("glob").
        """
        plain = pattern.removeprefix("/")
        matches = compile_glob(plain)
        entries = self._entries(literal_prefix(plain), after)
        return (file_of(each) for each in entries if matches(each.path))

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of a file from ``start`` up to, not including, ``end``, in chunks.

        Raises NotFound("file-not-found"), Damaged, Unsupported("content-elsewhere").
        """
        entry, data = self._find(path)
        return self._read(entry, data, start, end)

    def read_many(self, paths: Sequence[str]) -> Sequence[bytes]:
        """The bytes of files, each; quicker than one by one. Raises NotFound("file-not-found"), Damaged."""
        in_order = {path: self._find(path) for path in sorted(set(paths))}  # neighbours are read together
        found = [in_order[path] for path in paths]
        stored = [
            number for number, (entry, data) in enumerate(found) if data is None and entry.id[:1] != REFERENCE
        ]
        read = dict(
            zip(stored, self._contents.read_many([found[number][0].id for number in stored]), strict=True)
        )
        return [
            read[number] if number in read else b"".join(self._read(entry, data, 0, None))
            for number, (entry, data) in enumerate(found)
        ]

    def attachment(self, name: str) -> Iterator[bytes]:
        """The bytes of an attachment. Raises NotFound("attachment-not-found"), Damaged."""
        with self._database.read() as tx:
            found = {each.name: each for each in commits.attached(tx, self.commit)}
        if name not in found:
            raise NotFound("attachment-not-found", f"Commit {self.commit.id} has no attachment {name!r}.")
        return self._contents.read(found[name].content_id)

    def changes_since(self, old: Tree, prefix: str = "", after: str = "") -> Iterator[Change]:
        """What differs from an older tree in content or metadata, in the order of paths."""
        if self._overlay is None:
            return _changes(diff(old, self._tree, prefix, after))
        return self._live_changes(self._overlay, old, prefix, after)

    def _live_changes(self, overlay: Overlay, old: Tree, prefix: str, after: str) -> Iterator[Change]:
        try:
            staged = self._touched(overlay, prefix, after)
            below = (path for path, _old, _new in diff(old, self._tree, prefix, after))
            for path, _same in groupby(heapq.merge(staged, below)):
                before, found = old.lookup(path), self._look_up(path)
                now = found[0] if found else None
                if not is_same(before, now):
                    yield change_of((path, before, now))
                after = path
        except _Settled:
            self._settle()
            yield from _changes(diff(old, self._tree, prefix, after))

    def _touched(self, overlay: Overlay, prefix: str, after: str) -> Iterator[str]:
        """The paths that are staged or deleted, in order, some of them twice."""
        inside = [self._tree.scan(folder.removeprefix("/")) for folder in overlay.folders()]
        deleted = sorted(entry.path for entries in inside for entry in entries)
        wanted = (path for path in deleted if path.startswith(prefix) and path > after)
        return heapq.merge((row.path for row in overlay.scan(prefix, after)), wanted)

    def _files(self, prefix: str, after: str) -> Iterator[File | Folder]:
        return map(file_of, self._entries(prefix, after))

    def _folded(self, prefix: str, after: str, delimiter: str) -> Iterator[File | Folder]:
        first = after
        while True:
            for entry in self._entries(prefix, first):
                at = entry.path.find(delimiter, len(prefix))
                if at < 0:
                    yield file_of(entry)
                    continue
                folder = entry.path[: at + len(delimiter)]
                if folder > after:
                    yield Folder(folder)
                first = folder + _LAST
                break
            else:
                return

    def _entries(self, prefix: str, after: str) -> Iterator[Entry]:
        if self._overlay is None:
            return self._tree.scan(prefix, after)
        return self._live_entries(self._overlay, prefix, after)

    def _live_entries(self, overlay: Overlay, prefix: str, after: str) -> Iterator[Entry]:
        try:
            below = _outside(self._tree, frozenset(overlay.folders()), prefix, after)
            for entry in _laid_over(below, overlay.scan(prefix, after)):
                yield entry
                after = entry.path
        except _Settled:
            self._settle()
            yield from self._tree.scan(prefix, after)

    def _find(self, path: str) -> tuple[Entry, bytes | None]:
        found = self._look_up(path)
        if found is None:
            raise NotFound("file-not-found", f"There is no file {path!r} at commit {self.commit.id}.")
        return found

    def _look_up(self, path: str) -> tuple[Entry, bytes | None] | None:
        """The file at the path, and its data where that is staged."""
        plain = path.removeprefix("/")
        try:
            row, hides = self._overlay.find(plain) if self._overlay else (None, False)
        except _Settled:
            self._settle()
            return self._look_up(path)
        entry = row.entry if row is not None else None if hides else self._tree.lookup(plain)
        return None if entry is None else (entry, row.data if row is not None else None)

    def _settle(self) -> None:
        self._contents, self.commit, self._tree = self._reopen(self.commit.id)
        self._overlay = None

    def _read(self, entry: Entry, data: bytes | None, start: int, end: int | None) -> Iterator[bytes]:
        if entry.id[:1] == REFERENCE:
            return self._read_outside(entry, data or self._contents.document(entry.id), start, end)
        if data is None:
            return self._contents.read(entry.id, start, end)
        if entry.id[:1] == LARGE:
            return self._contents.read_document(entry.id, data, start, end)
        return iter([data[start:end]])

    def _read_outside(self, entry: Entry, document: bytes, start: int, end: int | None) -> Iterator[bytes]:
        if self._read_reference is None:
            raise Unsupported("content-elsewhere", "This server does not read files that lie elsewhere.")
        reference = msgspec.json.decode(document, type=Reference)
        return self._read_reference(reference, start, end, repo_id=self.commit.repo_id, path=entry.path)


def file_of(entry: Entry) -> File:
    """A file as callers see it."""
    path, id, size_bytes, modified_us, text = entry
    metadata = msgspec.json.decode(text, type=dict[str, str]) if text else _NO_METADATA
    made = object.__new__(File)
    values = {
        "path": path,
        "id": id.hex(),
        "size_bytes": size_bytes,
        "modified_at": _instant(modified_us),
        "metadata": metadata,
    }
    object.__setattr__(made, "__dict__", values)  # a frozen one sets name by name, which takes twice as long
    return made


def change_of(difference: Difference) -> Change:
    """A difference as callers see it."""
    path, old, new = difference
    return Change(path, file_of(old) if old else None, file_of(new) if new else None)


def _changes(differences: Iterable[Difference]) -> Iterator[Change]:
    """Those that are more than another time."""
    return (change_of(each) for each in differences if not is_same(each[1], each[2]))


def _outside(tree: Tree, folders: Collection[str], prefix: str, after: str) -> Iterator[Entry]:
    """The files of the tree but for those in the folders, which are leapt over."""
    first: str | None = after
    while first is not None:
        start, first = first, None
        for entry in tree.scan(prefix, start):
            folder = _folder_around(entry.path, folders) if folders else None
            if folder is not None:
                first = None if folder == "/" else folder + _LAST
                break
            yield entry


def _folder_around(path: str, folders: Collection[str]) -> str | None:
    """The outermost of the folders that the path is in."""
    if "/" in folders:
        return "/"
    ends = (at + 1 for at, char in enumerate(path) if char == "/")
    return next((path[:end] for end in ends if path[:end] in folders), None)


def _laid_over(below: Iterator[Entry], staged: Iterable[Staged]) -> Iterator[Entry]:
    """The files below, but for what is staged or deleted over them."""
    entry = next(below, None)
    for row in staged:
        while entry is not None and entry.path < row.path:
            yield entry
            entry = next(below, None)
        if entry is not None and entry.path == row.path:
            entry = next(below, None)
        if row.entry is not None:
            yield row.entry
    if entry is not None:
        yield entry
        yield from below
