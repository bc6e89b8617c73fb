"""A version of a model as one tar: handed over to who keeps it, and taken back where it was lost.

Promises: what is taken back is the version that it was, file by file as its hashes say, or nothing; no name
in the tar leads out of the version's folder; a version that is there and whole stays as it is.
"""

from __future__ import annotations

import secrets
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from treadle.errors import Conflict, Invalid, NotFound, telling_a_full_disk
from treadle.ml.versions import AboutVersion, FileOfVersion, Versions
from treadle.version_tars import ABOUT_VERSION, take_files

_PIECE_BYTES = 1024 * 1024
_BLOCK_BYTES = 512
_END = bytes(2 * _BLOCK_BYTES)


@dataclass(frozen=True)
class Archive:
    """A tar that is made as it is read."""

    size_bytes: int
    pieces: Iterator[bytes]


def archive_of(versions: Versions, name: str) -> Archive:
    """All files of a version, what is known of it first.

    Raises NotFound("version-not-found"), Conflict("version-broken"); pieces raise the latter, too.
    """
    versions.read(name)
    folder = versions.place(name)
    about = (folder / ABOUT_VERSION).read_bytes()
    files = [(_head(file.path, file.size_bytes), file) for file in versions.about(name).files]
    first = _head(ABOUT_VERSION, len(about)) + _padded(about)
    sizes = [len(head) + file.size_bytes + _padding(file.size_bytes) for head, file in files]
    return Archive(len(first) + sum(sizes) + len(_END), _pieces(folder, first, files))


def _pieces(folder: Path, first: bytes, files: list[tuple[bytes, FileOfVersion]]) -> Iterator[bytes]:
    yield first
    for head, told in files:
        yield head
        left = told.size_bytes
        with (folder / told.path).open("rb") as file:
            while left:
                piece = file.read(min(left, _PIECE_BYTES))
                if not piece:
                    raise Conflict("version-broken", f"{told.path} of version {folder.name} was cut.")
                left -= len(piece)
                yield piece
        if padding := _padding(told.size_bytes):
            yield bytes(padding)
    yield _END


def take_archive(versions: Versions, name: str, tar: Path) -> None:
    """Let the version be one of these again, as its tar has it; it does not serve yet.

    Raises Invalid("archive-malformed", "archive-differs"), Unavailable("disk-full").
    """
    if _is_whole(versions, name):
        return
    folder = versions.partial(name)
    with telling_a_full_disk(f"version {name} of the model"):
        try:
            folder.mkdir(parents=True)
            _unpack(tar, folder, name)
            versions.take_in(name, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _is_whole(versions: Versions, name: str) -> bool:
    with suppress(NotFound, Conflict):
        versions.read(name)
        return True
    return False


def _unpack(tar: Path, folder: Path, name: str) -> None:
    with tar.open("rb") as file:
        content = take_files(iter(partial(file.read, _PIECE_BYTES), b""), name, folder)
    try:
        msgspec.json.decode(content, type=AboutVersion)
    except msgspec.ValidationError as error:
        text = f"{ABOUT_VERSION} of version {name} is not ours ({error})."
        raise Invalid("archive-malformed", text) from error
    (folder / ABOUT_VERSION).write_bytes(content)


def spool_name(name: str) -> str:
    """A name for the tar while it arrives, which is no version's."""
    return f".{name}.{secrets.token_hex(4)}.tar"


def _head(path: str, size_bytes: int) -> bytes:
    told = tarfile.TarInfo(path)
    told.size, told.mode = size_bytes, 0o600
    return told.tobuf(tarfile.PAX_FORMAT)


def _padding(size_bytes: int) -> int:
    return -size_bytes % _BLOCK_BYTES


def _padded(content: bytes) -> bytes:
    return content + bytes(_padding(len(content)))
