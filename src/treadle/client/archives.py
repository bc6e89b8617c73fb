"""Folders as tar streams, made and unpacked a piece at a time."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO, NamedTuple, cast

from treadle.errors import Invalid

_CHUNK_BYTES = 256 * 1024
_BLOCK = 512

Progress = Callable[[int, int], None]


class LocalFile(NamedTuple):
    """A file of a folder: its path below it, and where it lies."""

    path: str
    place: str
    size_bytes: int
    modified_s: int


def list_folder(folder: Path) -> list[LocalFile]:
    """Every file below ``folder`` by its path, links to files included. Raises Invalid("folder")."""
    if not folder.is_dir():
        raise Invalid("folder", f"{folder} is no folder. Give -f for a single file.")
    found = []
    skip = len(os.path.join(folder, ""))
    for parent, _folders, names in os.walk(folder):
        for name in names:
            place = os.path.join(parent, name)
            with suppress(OSError):  # a link that leads nowhere
                status = os.stat(place)
                if S_ISREG(status.st_mode):
                    found.append(LocalFile(place[skip:], place, status.st_size, int(status.st_mtime)))
    return sorted(found, key=lambda each: each.path.encode(errors="surrogateescape"))


def in_batches(files: Sequence[LocalFile], most_bytes: int | None) -> Sequence[Sequence[LocalFile]]:
    """The files in lists of so many bytes at most, in their order; one list at least, a larger file alone.

    most_bytes: None for any number.
    """
    if most_bytes is None:
        return [files]
    batches: list[list[LocalFile]] = [[]]
    size_bytes = 0
    for file in files:
        if batches[-1] and size_bytes + file.size_bytes > most_bytes:
            batches.append([])
            size_bytes = 0
        batches[-1].append(file)
        size_bytes += file.size_bytes + _BLOCK
    return batches


def unwatched(_files: int, _size_bytes: int) -> None:
    """Progress that nobody follows."""


@dataclass(frozen=True)
class FilesAsTar:
    """A body: a tar that is made as it is sent. Who is in this process may take the files as they lie."""

    files: Sequence[LocalFile]
    progress: Progress = unwatched

    def __iter__(self) -> Iterator[bytes]:
        return pack(self.files, self.progress)


def pack(files: Iterable[LocalFile], progress: Progress = unwatched) -> Iterator[bytes]:
    """The files as a tar. Raises Invalid("file-changed") where one is shorter than it was."""
    waiting: list[bytes] = []
    waiting_bytes = 0
    for chunk in _pieces(files, progress):
        waiting.append(chunk)
        waiting_bytes += len(chunk)
        if waiting_bytes >= _CHUNK_BYTES:
            yield b"".join(waiting)
            waiting, waiting_bytes = [], 0
    yield b"".join(waiting) + bytes(2 * _BLOCK)


def _pieces(files: Iterable[LocalFile], progress: Progress) -> Iterator[bytes]:
    for each in files:
        with open(each.place, "rb") as file:
            status = os.fstat(file.fileno())
            yield _header(each.path, status.st_size, int(status.st_mtime))
            left = status.st_size
            while left:
                chunk = file.read(min(left, _CHUNK_BYTES))
                if not chunk:
                    raise Invalid("file-changed", f"{each.place} became shorter while it was sent.")
                left -= len(chunk)
                progress(0, len(chunk))
                yield chunk
        yield bytes(-status.st_size % _BLOCK)
        progress(1, 0)


def _header(path: str, size_bytes: int, modified_s: int) -> bytes:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mtime = size_bytes, modified_s
    try:
        return entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")
    except UnicodeError as error:
        raise no_text(path) from error


def no_text(path: str) -> Invalid:
    """The error for a name that is no text."""
    return Invalid("path", f"{path!r} is no valid text. Rename the file.")


class _Stream:
    """What tarfile reads of: an iterator of chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._rest += chunk
        told, self._rest = self._rest[:size], self._rest[size:]
        return told


def unpack(
    chunks: Iterator[bytes],
    folder: Path,
    *,
    below: str = "",
    progress: Progress = unwatched,
) -> int:
    """Write the files of a tar into ``folder``, without the prefix ``below``; how many they were.

    Only plain files are written, and only inside the folder. Raises Invalid("archive").
    """
    count = 0
    try:
        with tarfile.open(fileobj=cast(BinaryIO, _Stream(chunks)), mode="r|") as archive:
            for entry in archive:
                cast(Any, archive).members.clear()  # it would remember every one
                if entry.isfile():
                    _write(archive, entry, _place(folder, entry.name.removeprefix(below)), progress)
                    count += 1
    except tarfile.TarError as error:
        raise Invalid("archive", f"What the server sent is no whole archive ({error}). Try again.") from error
    return count


def write_file(place: Path, chunks: Iterable[bytes], progress: Progress = unwatched) -> int:
    """Write a local file, whole or not at all; how many bytes. Raises Invalid("file")."""
    partial = place.with_name(f"{place.name}.partial")
    with _told_of(place):
        try:
            with partial.open("wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                    progress(0, len(chunk))
                size_bytes = file.tell()
            partial.replace(place)
        except BaseException:
            with suppress(OSError):
                partial.unlink()
            raise
    return size_bytes


def _write(archive: tarfile.TarFile, entry: tarfile.TarInfo, place: Path, progress: Progress) -> None:
    source = archive.extractfile(entry)
    assert source is not None
    with _told_of(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as file:
            while chunk := source.read(_CHUNK_BYTES):
                file.write(chunk)
                progress(0, len(chunk))
        os.utime(place, (entry.mtime, entry.mtime))
    progress(1, 0)


@contextmanager
def _told_of(place: Path) -> Iterator[None]:
    """Raises Invalid("file") for what the machine says of a file that is written."""
    try:
        yield
    except OSError as error:
        raise Invalid("file", f"{place} cannot be written ({error.strerror or error}).") from error


def _place(folder: Path, path: str) -> Path:
    parts = path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts) or os.path.isabs(path):
        raise Invalid("archive", f"{path[:80]!r} leads out of the folder; nothing more was written.")
    return folder.joinpath(*parts)
