"""How the contents of a repo lie in an object store: in files of ours, or somewhere behind a network."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from treadle.errors import Defect, NotFound, telling_a_full_disk
from treadle.objects import LocalObjects, ObjectStore, StoredObject

Mapped = bytes | mmap.mmap
#: What a file is another one by, or another content: inode, size, times of change.
Stamp = tuple[int, int, int, int]
_GATHERED_BYTES = 1024**2
_SMALL_BYTES = 64 * 1024
#: For larger writes Linux looks for large runs of free memory, which costs more than it saves.
_WRITTEN_BYTES = 128 * 1024
_NO_WAIT: int | None = getattr(os, "RWF_NOWAIT", None)  # Linux has it


class Draft:
    """A file that grows, and has no key yet."""

    def __init__(self, descriptor: int, path: str, what: str) -> None:
        self.path = path
        self.size_bytes = 0
        self._what = what
        self._descriptor: int | None = descriptor
        self._gathered = bytearray()

    def write(self, *parts: bytes | memoryview) -> None:
        """Append the parts. Raises Unavailable("disk-full")."""
        for part in parts:
            self.size_bytes += len(part)
            if len(part) < _SMALL_BYTES:
                self._gathered += part
            else:
                self._flush()
                self._write_out(memoryview(part))
        if len(self._gathered) >= _GATHERED_BYTES:
            self._flush()

    def close(self) -> None:
        """Write what is left; nothing can be appended afterwards."""
        if self._descriptor is not None:
            self._flush()
            os.close(self._descriptor)
            self._descriptor = None

    def discard(self) -> None:
        """Remove the file, if it is still there."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        Path(self.path).unlink(missing_ok=True)

    def _flush(self) -> None:
        if self._gathered:
            self._write_out(memoryview(self._gathered))
            self._gathered = bytearray()

    def _write_out(self, view: memoryview) -> None:
        assert self._descriptor is not None, "the draft is closed"
        with telling_a_full_disk(self._what):
            while view:
                view = view[os.write(self._descriptor, view[:_WRITTEN_BYTES]) :]


class Held:
    """A file of this machine that stays open while anybody has this."""

    _close = staticmethod(os.close)  # when the interpreter ends, modules may have gone before

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, start: int, size_bytes: int) -> bytes:
        """These bytes of it, fewer at its end."""
        return os.pread(self._descriptor, size_bytes, start)

    def __del__(self) -> None:
        self._close(self._descriptor)


class Shelf(Protocol):
    """What packs and chunks need of a store; keys are those of the store."""

    #: Whether objects are files of this machine: quick to open, and quicker to read where they stay open.
    is_near: bool

    def begin(self, what: str) -> Draft:
        """A file to write. ``what``: for the message when the disk is full."""

    def settle(self, drafts: Sequence[tuple[Draft, str]]) -> None:
        """Give drafts their keys: all are there and survive a crash on return.

        Raises Unavailable("disk-full").
        """

    def has(self, key: str, size_bytes: int) -> bool:
        """Whether the object is there in this size."""

    def read(self, key: str, start: int, end: int) -> bytes:
        """These bytes of it, fewer at its end. Raises NotFound("object-not-found")."""

    def read_parts(self, key: str, *parts: range) -> list[bytes]:
        """Several parts of it, at once. Raises as `read`."""

    def hold(self, key: str) -> Held:
        """The object, opened for many reads; only where it `is_near`. Raises as `read`."""

    def stamp(self, key: str) -> Stamp | None:
        """What tells whether the object was touched since; None where nothing does."""

    def read_at_once(self, key: str, start: int, view: memoryview, stamp: Stamp) -> bool:
        """Fill the view with the bytes from ``start`` on; False where that would wait for a disk or a
        network, or the object is not as it was when it had that stamp: the view then holds anything.
        """

    def map(self, key: str) -> Mapped:
        """All of it, to be looked into at will. Raises NotFound("object-not-found")."""

    def map_draft(self, draft: Draft) -> Mapped:
        """All of a closed draft, likewise."""

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """The objects whose keys begin so."""

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""


class LocalShelf:
    """Files below a folder: read in place."""

    is_near = True

    def __init__(self, objects: LocalObjects) -> None:
        self._objects = objects
        self._root = f"{objects.root}/"
        self.list: Callable[[str], Iterator[StoredObject]] = objects.list
        self.delete: Callable[[str], None] = objects.delete

    def begin(self, what: str) -> Draft:
        with telling_a_full_disk(what):
            return Draft(*self._objects.begin(), what)

    def settle(self, drafts: Sequence[tuple[Draft, str]]) -> None:
        for draft, _key in drafts:
            draft.close()
        with telling_a_full_disk("a content of a repo"):
            self._objects.settle([(draft.path, key) for draft, key in drafts])

    def has(self, key: str, size_bytes: int) -> bool:
        try:
            return os.stat(self._root + key).st_size == size_bytes
        except FileNotFoundError:
            return False

    def read(self, key: str, start: int, end: int) -> bytes:
        return self.read_parts(key, range(start, end))[0]

    def read_parts(self, key: str, *parts: range) -> list[bytes]:
        descriptor = self._open(key)
        try:
            return [os.pread(descriptor, len(part), part.start) for part in parts]
        finally:
            os.close(descriptor)

    def hold(self, key: str) -> Held:
        return Held(self._open(key))

    def stamp(self, key: str) -> Stamp | None:
        try:
            return _stamp_of(os.stat(self._root + key))
        except FileNotFoundError:
            return None

    def read_at_once(self, key: str, start: int, view: memoryview, stamp: Stamp) -> bool:
        if _NO_WAIT is None:
            return False
        try:
            descriptor = os.open(self._root + key, os.O_RDONLY)
        except OSError:
            return False
        try:
            if _stamp_of(os.fstat(descriptor)) != stamp:
                return False
            return os.preadv(descriptor, [view], start, _NO_WAIT) == len(view)
        except OSError:  # it is not in memory, or the file system cannot tell
            return False
        finally:
            os.close(descriptor)

    def map(self, key: str) -> Mapped:
        return _mapped(self._open(key))

    def map_draft(self, draft: Draft) -> Mapped:
        return _mapped(os.open(draft.path, os.O_RDONLY))

    def _open(self, key: str) -> int:
        try:
            return os.open(self._root + key, os.O_RDONLY)
        except FileNotFoundError as error:
            raise NotFound("object-not-found", f"There is no object {key!r}.") from error


class RemoteShelf:
    """Objects behind a store's face: written from temporary files, mapped from copies."""

    is_near = False

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self.list: Callable[[str], Iterator[StoredObject]] = objects.list
        self.delete: Callable[[str], None] = objects.delete

    def begin(self, what: str) -> Draft:
        with telling_a_full_disk(what):
            return Draft(*tempfile.mkstemp(prefix="treadle-draft-"), what)

    def settle(self, drafts: Sequence[tuple[Draft, str]]) -> None:
        for draft, key in drafts:
            draft.close()
            self._objects.put(key, _chunks(draft.path))
            draft.discard()

    def has(self, key: str, size_bytes: int) -> bool:
        try:
            return self._objects.stat(key).size_bytes == size_bytes
        except NotFound:
            return False

    def read(self, key: str, start: int, end: int) -> bytes:
        return b"".join(self._objects.read(key, start, end))

    def read_parts(self, key: str, *parts: range) -> list[bytes]:
        if any(part.stop != following.start for part, following in pairwise(parts)):
            return [self.read(key, part.start, part.stop) for part in parts]
        start = parts[0].start
        whole = self.read(key, start, parts[-1].stop)  # one request for neighbours
        return [whole[part.start - start : part.stop - start] for part in parts]

    def hold(self, key: str) -> Held:
        raise Defect("store-far", f"{key} lies in a store that keeps no file open.")

    def stamp(self, key: str) -> Stamp | None:
        return None

    def read_at_once(self, key: str, start: int, view: memoryview, stamp: Stamp) -> bool:
        return False

    def map(self, key: str) -> Mapped:
        chunks = self._objects.read(key)
        with telling_a_full_disk(f"the copy of {key}"), tempfile.TemporaryFile() as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            return _mapped(os.dup(file.fileno()))

    def map_draft(self, draft: Draft) -> Mapped:
        return _mapped(os.open(draft.path, os.O_RDONLY))


def shelf_of(objects: ObjectStore) -> Shelf:
    """How to work with a store."""
    return LocalShelf(objects) if isinstance(objects, LocalObjects) else RemoteShelf(objects)


def _mapped(descriptor: int) -> Mapped:
    """The file's bytes; a small one is read, since a map keeps a descriptor. Closes the descriptor."""
    try:
        size_bytes = os.fstat(descriptor).st_size
        if size_bytes <= _SMALL_BYTES:
            return os.pread(descriptor, size_bytes, 0)
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    finally:
        os.close(descriptor)


def _stamp_of(found: os.stat_result) -> Stamp:
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _chunks(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while chunk := file.read(_GATHERED_BYTES):
            yield chunk
