"""Tars of versions of models, read as they pass: whoever made them, no more comes of them than they hold.

Promises: only plain files, each once, none larger than its bytes in the tar; what is taken is the version as
its first file says it, file by file by hash; what is held in memory is small.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import msgspec

from treadle.errors import Invalid

#: What is known of a version: the first file of its tar.
ABOUT_VERSION = "version.json"
_PIECE_BYTES = 1024 * 1024
_MOST_ABOUT_BYTES = 16 * 1024 * 1024
_MOST_FILES = 10_000
#: Of the heads that tell of long names.
_MOST_HEAD_BYTES = 64 * 1024


class _File(msgspec.Struct, frozen=True):
    path: str
    sha256: str


class _About(msgspec.Struct, frozen=True):
    """As much of what is known of a version as says whether it is whole."""

    name: str
    files: list[_File]


def check_archive(pieces: Iterator[bytes], name: str) -> None:
    """Nothing, where the pieces are the whole tar of the version, as its first file says it.

    Raises Invalid("archive-malformed", "archive-differs").
    """
    take_files(pieces, name, None)


def take_files(pieces: Iterator[bytes], name: str, folder: Path | None) -> bytes:
    """What the tar says of its version, once all files are as it says; they are in the folder then, if any.

    Raises Invalid("archive-malformed", "archive-differs").
    """
    files = files_of(pieces, name)
    about = _read_about(next(files, None), name)
    missing = {file.path: file for file in _decode_about(about, name).files}
    for path, content in files:
        wanted = missing.pop(path, None)
        _check_path(path)
        if wanted is None or _read(content, path, folder) != wanted.sha256:
            raise _differs(name, path)
    if missing:
        raise _differs(name, next(iter(missing)))
    return about


def _read_about(first: tuple[str, Content] | None, name: str) -> bytes:
    path, content = first or ("", None)
    if path != ABOUT_VERSION or content is None or content.size_bytes > _MOST_ABOUT_BYTES:
        raise _malformed(name, f"does not begin with {ABOUT_VERSION}")
    return content.read(content.size_bytes)


def _decode_about(content: bytes, name: str) -> _About:
    try:
        about = msgspec.json.decode(content, type=_About)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _malformed(name, f"says in {ABOUT_VERSION} what is not ours ({error})") from error
    if about.name != name:
        raise Invalid("archive-differs", f"The archive is of version {about.name!r}, not of {name!r}.")
    return about


def _check_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path or path == ABOUT_VERSION:
        raise Invalid("archive-malformed", f"{path[:200]!r} is no place in a version.")


def _read(content: Content, path: str, folder: Path | None) -> str:
    """The hash of a file, which is written where there is a folder for it."""
    digest = hashlib.sha256()
    with _open_in(folder, path) as file:
        while piece := content.read(_PIECE_BYTES):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _open_in(folder: Path | None, path: str) -> IO[bytes]:
    if folder is None:
        return Path(os.devnull).open("wb")
    place = folder.joinpath(*PurePosixPath(path).parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place.open("xb")


class _Reading(io.RawIOBase):
    """Chunks as a file that is read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """As much as fits of what comes next; 0 at the end."""
        if not self._left:
            self._left = memoryview(next(self._chunks, b""))
        size_bytes = min(len(buffer), len(self._left))
        buffer[:size_bytes] = self._left[:size_bytes]
        self._left = self._left[size_bytes:]
        return size_bytes


@dataclass(frozen=True)
class Content:
    """The content of a file within a tar, to be read before the next one."""

    archive: str
    size_bytes: int
    source: IO[bytes]

    def read(self, size_bytes: int) -> bytes:
        """So many bytes at most. Raises Invalid("archive-malformed")."""
        with _telling_malformed(self.archive):
            return self.source.read(size_bytes)


def files_of(pieces: Iterator[bytes], name: str) -> Iterator[tuple[str, Content]]:
    """Each file of a tar, to be read one after the other.

    name: whose it is, for errors. Only plain files, each once, none larger than the bytes of it that the tar
    holds. Raises Invalid("archive-malformed").
    """
    seen: set[str] = set()
    with (
        _telling_malformed(name),
        tarfile.open(fileobj=io.BufferedReader(_Reading(pieces)), mode="r|", tarinfo=_Plain) as archive,
    ):
        while (member := archive.next()) is not None:
            source = archive.extractfile(member) if _is_plain(member) else None
            if source is None or member.name in seen or len(seen) >= _MOST_FILES:
                raise _malformed(name, f"holds {member.name[:200]!r}, which is no file, or there twice")
            seen.add(member.name)
            yield member.name, Content(name, member.size, source)
            archive.members = []  # type: ignore[attr-defined] # it would keep them all


@contextmanager
def _telling_malformed(name: str) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, UnicodeError, ValueError) as error:
        raise _malformed(name, f"is no whole tar ({error})") from error


class _Plain(tarfile.TarInfo):
    """A head of a tar that has nothing to read into memory but names."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Plain:
        """As the library reads it. Raises Invalid("archive-malformed") for what is no file or too large."""
        told = super().frombuf(buf, encoding, errors)
        is_file = told.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and told.size >= 0
        if not is_file and not (told.type == tarfile.XHDTYPE and 0 <= told.size <= _MOST_HEAD_BYTES):
            raise Invalid("archive-malformed", f"The archive holds {told.name[:200]!r}, which is no file.")
        return told


def _is_plain(member: tarfile.TarInfo) -> bool:
    return member.isreg() and not member.issparse() and member.size >= 0


def _differs(name: str, path: str) -> Invalid:
    text = f"{path[:200]!r} in the archive of {name} is not what the version was made of. Nothing was taken."
    return Invalid("archive-differs", text)


def _malformed(name: str, what: str) -> Invalid:
    return Invalid("archive-malformed", f"The archive of version {name} {what}. Nothing was taken.")
