"""Where the bytes of a new content come from: any chunks, or a file of this machine at full speed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from treadle.repos.known_files import Mark, mark_of

_FIRST_READ_BYTES = 16 * 1024  # asking for much costs a map and unmap each time
_READ_BYTES = 256 * 1024


class FileBytes:
    """The bytes of a file on this machine: chunks for everybody, and quick for the store."""

    def __init__(self, path: str | Path, progress: Callable[[int], None] | None = None) -> None:
        """progress: is told how many bytes were read, by and by."""
        self.path = os.fspath(path)
        self.progress = progress

    def __iter__(self) -> Iterator[bytes]:
        with open(self.path, "rb", buffering=0) as file:
            while chunk := file.read(_READ_BYTES):
                if self.progress is not None:
                    self.progress(len(chunk))
                yield chunk

    def try_to_read(self) -> None:
        """Read its first byte. Raises OSError with its name."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.read(descriptor, 1)
        except OSError as error:
            error.filename = self.path
            raise
        finally:
            os.close(descriptor)


class Source(Protocol):
    """Many bytes, to be read once."""

    def fill(self, view: memoryview) -> int:
        """Read the next ones into ``view``: how many, fewer than fit only at their end."""

    def mark(self) -> Mark | None:
        """What stands for the file that they are of; None where they are of none, or nothing can."""

    def pass_over(self, size_bytes: int) -> None:
        """So many bytes are known, and not read: whoever follows the progress is told."""

    def close(self) -> None:
        """Nothing more is read."""


def take(chunks: Iterable[bytes], limit_bytes: int) -> bytes | Source:
    """All bytes, when they are fewer than ``limit_bytes``; else what reads them, from the first on.

    Raises OSError with its name when they are of a file that cannot be read, and what the chunks raise.
    """
    if isinstance(chunks, FileBytes):
        return _take_file(chunks, limit_bytes)
    rest = iter(chunks)
    taken = list(_take_up_to(rest, limit_bytes))
    whole = taken[0] if len(taken) == 1 else b"".join(taken)
    return whole if len(whole) < limit_bytes else _ChunkSource(whole, rest)


class _ChunkSource:
    def __init__(self, first: bytes, rest: Iterator[bytes]) -> None:
        self._ready = memoryview(first)
        self._rest = rest

    def fill(self, view: memoryview) -> int:
        filled = 0
        while filled < len(view):
            if not self._ready:
                following = next(self._rest, None)
                if following is None:
                    break
                self._ready = memoryview(following)
            part = self._ready[: len(view) - filled]
            view[filled : filled + len(part)] = part
            self._ready = self._ready[len(part) :]
            filled += len(part)
        return filled

    def mark(self) -> Mark | None:
        return None

    def pass_over(self, size_bytes: int) -> None:
        pass

    def close(self) -> None:
        self._ready = memoryview(b"")


class _FileSource:
    def __init__(self, descriptor: int, file: FileBytes) -> None:
        self._descriptor = descriptor
        self._file = file

    def fill(self, view: memoryview) -> int:
        filled = 0
        try:
            while filled < len(view) and (count := os.readv(self._descriptor, [view[filled:]])):
                filled += count
        except OSError as error:
            error.filename = self._file.path
            raise
        if self._file.progress is not None:
            self._file.progress(filled)
        return filled

    def mark(self) -> Mark | None:
        return mark_of(self._file.path, self._descriptor)

    def pass_over(self, size_bytes: int) -> None:
        if self._file.progress is not None:
            self._file.progress(size_bytes)

    def close(self) -> None:
        os.close(self._descriptor)


def _take_up_to(chunks: Iterator[bytes], limit_bytes: int) -> Iterator[bytes]:
    size_bytes = 0
    for chunk in chunks:
        yield chunk
        size_bytes += len(chunk)
        if size_bytes >= limit_bytes:
            return


def _take_file(file: FileBytes, limit_bytes: int) -> bytes | Source:
    descriptor = os.open(file.path, os.O_RDONLY)
    try:
        whole = _read_if_below(descriptor, limit_bytes)
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, OSError):
            error.filename = file.path
        raise
    if whole is None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        return _FileSource(descriptor, file)
    os.close(descriptor)
    if file.progress is not None:
        file.progress(len(whole))
    return whole


def _read_if_below(descriptor: int, limit_bytes: int) -> bytes | None:
    whole = os.read(descriptor, _FIRST_READ_BYTES)
    if len(whole) < min(_FIRST_READ_BYTES, limit_bytes):
        return whole
    if os.fstat(descriptor).st_size >= limit_bytes:
        return None
    parts = [whole]
    size_bytes = len(whole)
    while size_bytes < limit_bytes and (part := os.read(descriptor, limit_bytes)):
        parts.append(part)
        size_bytes += len(part)
    return b"".join(parts) if size_bytes < limit_bytes else None
