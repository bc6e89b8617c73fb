"""A version of a model as one tar: handed over to who keeps it, and taken back where it was lost.

Promises: what is taken back is the version that it was, file by file as its hashes say, or nothing; no name
in the tar leads out of the version's folder; a version that is there and whole stays as it is.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from treadle.errors import Conflict, Invalid, NotFound, telling_a_full_disk
from treadle.ml.versions import ABOUT_VERSION, AboutVersion, FileOfVersion, Versions

_PIECE_BYTES = 1024 * 1024
_BLOCK_BYTES = 512
_END = bytes(2 * _BLOCK_BYTES)
_MOST_ABOUT_BYTES = 16 * 1024 * 1024


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
    partial = versions.partial(name)
    with telling_a_full_disk(f"version {name} of the model"):
        try:
            partial.mkdir(parents=True)
            _unpack(tar, partial, name)
            versions.take_in(name, partial)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _is_whole(versions: Versions, name: str) -> bool:
    with suppress(NotFound, Conflict):
        versions.read(name)
        return True
    return False


def _unpack(tar: Path, folder: Path, name: str) -> None:
    try:
        with tarfile.open(tar, "r:") as archive:
            content = _read_about(archive, name)
            about = _decode_about(content, name)
            missing = {file.path: file.sha256 for file in about.files}
            while (member := archive.next()) is not None:
                wanted = missing.pop(member.name, None)
                if wanted is None or _write(archive, member, _place_in(folder, member.name)) != wanted:
                    raise _differs(name, member.name)
    except (tarfile.TarError, EOFError, UnicodeDecodeError) as error:
        raise Invalid(
            "archive-malformed", f"The archive of version {name} is no whole tar ({error})."
        ) from error
    if missing:
        raise _differs(name, next(iter(missing)))
    (folder / ABOUT_VERSION).write_bytes(content)


def _read_about(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.next()
    file = archive.extractfile(member) if member is not None and member.isreg() else None
    if member is None or file is None or member.name != ABOUT_VERSION or member.size > _MOST_ABOUT_BYTES:
        raise Invalid(
            "archive-malformed", f"The archive of version {name} does not begin with {ABOUT_VERSION}."
        )
    return file.read()


def _decode_about(content: bytes, name: str) -> AboutVersion:
    try:
        about = msgspec.json.decode(content, type=AboutVersion)
    except msgspec.DecodeError as error:
        raise Invalid(
            "archive-malformed", f"{ABOUT_VERSION} of version {name} is not ours ({error})."
        ) from error
    if about.name != name:
        raise Invalid("archive-differs", f"The archive is of version {about.name!r}, not of {name!r}.")
    return about


def _place_in(folder: Path, path: str) -> Path:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path or path == ABOUT_VERSION:
        raise Invalid("archive-malformed", f"{path[:200]!r} is no place in a version.")
    place = folder.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> str:
    """Write one file; its hash, "" of what is no file."""
    source = archive.extractfile(member) if member.isreg() else None
    if source is None:
        return ""
    digest = hashlib.sha256()
    with place.open("xb") as file:
        while piece := source.read(_PIECE_BYTES):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _differs(name: str, path: str) -> Invalid:
    text = f"{path[:200]!r} in the archive of {name} is not what the version was made of. Nothing was taken."
    return Invalid("archive-differs", text)


def _malformed(name: str, what: str) -> Invalid:
    return Invalid("archive-malformed", f"The archive of version {name} {what}. Nothing was taken.")


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
