"""Where the bytes of a new content come from: any chunks, or a file of this machine at full speed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

_FIRST_READ_BYTES = 16 * 1024  # asking for much costs a map and unmap each time
_READ_BYTES = 256 * 1024


class FileBytes:
    """The bytes of a file on this machine: chunks for everybody, and quick for the store."""

    def __init__(self, path: str | Path) -> None:
        self.path = os.fspath(path)

    def __iter__(self) -> Iterator[bytes]:
        with open(self.path, "rb", buffering=0) as file:
            while chunk := file.read(_READ_BYTES):
                yield chunk


class Source(Protocol):
    """Bytes to be read once."""

    def take_if_below(self, limit_bytes: int) -> bytes | None:
        """All of them, when they are fewer; None when not, and then they are still there. Before `fill`."""

    def fill(self, view: memoryview) -> int:
        """Read the next ones into ``view``: how many, fewer than fit only at their end."""

    def close(self) -> None:
        """Nothing more is read."""


def source_of(chunks: Iterable[bytes]) -> Source:
    """How to read the chunks. Raises OSError when they are of a file that cannot be opened."""
    return _FileSource(chunks.path) if isinstance(chunks, FileBytes) else _ChunkSource(chunks)


class _ChunkSource:
    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def take_if_below(self, limit_bytes: int) -> bytes | None:
        taken = list(self._until(limit_bytes))
        whole = taken[0] if len(taken) == 1 else b"".join(taken)
        if len(whole) < limit_bytes:
            return whole
        self._rest = memoryview(whole)
        return None

    def fill(self, view: memoryview) -> int:
        filled = 0
        while filled < len(view):
            if not self._rest:
                following = next(self._chunks, None)
                if following is None:
                    break
                self._rest = memoryview(following)
            part = self._rest[: len(view) - filled]
            view[filled : filled + len(part)] = part
            self._rest = self._rest[len(part) :]
            filled += len(part)
        return filled

    def close(self) -> None:
        self._rest = memoryview(b"")

    def _until(self, limit_bytes: int) -> Iterator[bytes]:
        size_bytes = 0
        for chunk in self._chunks:
            yield chunk
            size_bytes += len(chunk)
            if size_bytes >= limit_bytes:
                return


class _FileSource:
    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDONLY)

    def take_if_below(self, limit_bytes: int) -> bytes | None:
        whole = os.read(self._descriptor, _FIRST_READ_BYTES)
        if len(whole) < _FIRST_READ_BYTES:
            return whole
        parts = [whole]
        size_bytes = len(whole)
        while size_bytes < limit_bytes and (part := os.read(self._descriptor, limit_bytes)):
            parts.append(part)
            size_bytes += len(part)
        if size_bytes < limit_bytes:
            return b"".join(parts)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return None

    def fill(self, view: memoryview) -> int:
        filled = 0
        while filled < len(view) and (count := os.readv(self._descriptor, [view[filled:]])):
            filled += count
        return filled

    def close(self) -> None:
        os.close(self._descriptor)
