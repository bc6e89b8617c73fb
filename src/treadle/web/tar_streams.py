"""Tar archives as streams: read with a bound on everything that is held, written as they are asked for."""

from __future__ import annotations

import math
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import BinaryIO

from treadle.errors import Invalid

BLOCK = 512
_CHUNK_BYTES = 256 * 1024
_MOST_HEADER_BYTES = 64 * 1024
_BROKEN_OFF = "it breaks off before its end."
_PLAIN = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE})
_SKIPPED = frozenset({tarfile.DIRTYPE, tarfile.XGLTYPE})
_MOST_DIGITS = 18
_OF_USE = frozenset({b"path", b"size", b"mtime"})
_SPARSE = "GNU.sparse"
_UNSUITABLE = {
    tarfile.SYMTYPE: "a link",
    tarfile.LNKTYPE: "a link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


@dataclass(frozen=True)
class Member:
    """A file of an archive; its bytes are read before the next member is asked for."""

    path: str
    size_bytes: int
    modified_at: datetime
    chunks: Iterator[bytes]


class TarReader:
    """Reads a tar from its beginning to its end, once.

    Raises Invalid("file-malformed") for what is no whole tar, for links and devices, and for headers that
    are larger than any name.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def members(self) -> Iterator[Member]:
        """Its files in their order; folders are left out."""
        told: dict[str, str] = {}
        while (entry := self._header()) is not None:
            size_bytes = _number(told, "size", entry.size)
            if entry.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
                told |= _records(self._whole(entry.size))
            elif entry.type == tarfile.GNUTYPE_LONGNAME:
                told["path"] = _text(self._whole(entry.size).rstrip(b"\0"))
            elif entry.type == tarfile.GNUTYPE_LONGLINK or entry.type in _SKIPPED:
                self._skip(size_bytes)
                told = told if entry.type == tarfile.GNUTYPE_LONGLINK else {}
            else:
                yield from self._member(entry, told, size_bytes)
                told = {}

    def _member(self, entry: tarfile.TarInfo, told: dict[str, str], size_bytes: int) -> Iterator[Member]:
        path = told.get("path", entry.name)
        if entry.type not in _PLAIN or _SPARSE in told:
            what = _UNSUITABLE.get(entry.type, "of an unknown kind")
            raise malformed(f"{path[:80]!r} in it is {what}. Send the file itself.")
        modified_s = min(max(_seconds(told, entry.mtime), 0.0), _LAST_S)
        chunks = self._chunks(size_bytes)
        yield Member(path, size_bytes, datetime.fromtimestamp(modified_s, timezone.utc), chunks)
        for _left in chunks:
            pass
        self._skip_padding(size_bytes)

    def _header(self) -> tarfile.TarInfo | None:
        block = self._file.read(BLOCK)
        if len(block) < BLOCK:
            raise malformed(_BROKEN_OFF)
        if not block.strip(b"\0"):
            return None
        try:
            entry = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.TarError as error:
            raise malformed(f"it is no tar, tar.gz or zip that can be read ({error}).") from error
        if entry.size < 0:
            raise malformed(f"its size {entry.size} is no number.")
        return entry

    def _whole(self, size_bytes: int) -> bytes:
        if size_bytes > _MOST_HEADER_BYTES:
            raise malformed(f"a header in it has {size_bytes} bytes; at most {_MOST_HEADER_BYTES}.")
        content = b"".join(self._chunks(size_bytes))
        self._skip_padding(size_bytes)
        return content

    def _chunks(self, size_bytes: int) -> Iterator[bytes]:
        while size_bytes:
            chunk = self._file.read(min(size_bytes, _CHUNK_BYTES))
            if not chunk:
                raise malformed(_BROKEN_OFF)
            size_bytes -= len(chunk)
            yield chunk

    def _skip(self, size_bytes: int) -> None:
        for _chunk in self._chunks(size_bytes):
            pass
        self._skip_padding(size_bytes)

    def _skip_padding(self, size_bytes: int) -> None:
        self._file.read(-size_bytes % BLOCK)


#: The last second of the year 9998.
_LAST_S = 253_370_764_799.0


def malformed(what: str) -> Invalid:
    """The error for an archive that is not taken."""
    return Invalid("file-malformed", f"The archive was not taken: {what}", fields={"archive": [what]})


def write_tar(members: Iterable[Member]) -> Iterator[bytes]:
    """The members as a tar, in pieces of some size."""
    waiting: list[bytes] = []
    waiting_bytes = 0
    for piece in _pieces(members):
        waiting.append(piece)
        waiting_bytes += len(piece)
        if waiting_bytes >= _CHUNK_BYTES:
            yield b"".join(waiting)
            waiting, waiting_bytes = [], 0
    yield b"".join(waiting) + bytes(2 * BLOCK)


def _pieces(members: Iterable[Member]) -> Iterator[bytes]:
    for member in members:
        entry = tarfile.TarInfo(member.path)
        entry.size, entry.mtime = member.size_bytes, int(member.modified_at.timestamp())
        yield entry.tobuf(tarfile.PAX_FORMAT)
        yield from member.chunks
        yield bytes(-member.size_bytes % BLOCK)


def _records(content: bytes) -> dict[str, str]:
    """The records ``"%d key=value\\n"`` of an extended header that are of use, so that many hold no more."""
    found: dict[str, str] = {}
    while content.strip(b"\0"):
        length, _, rest = content.partition(b" ")
        if not _is_number(length) or not len(length) + 1 < int(length) <= len(content):
            raise malformed("an extended header in it is broken.")
        key, _, value = rest[: int(length) - len(length) - 2].partition(b"=")
        if key in _OF_USE:
            found[_text(key)] = _text(value)
        elif key.startswith(_SPARSE.encode()):
            found[_SPARSE] = ""
        content = content[int(length) :]
    return found


def _number(told: dict[str, str], name: str, otherwise: int) -> int:
    text = told.get(name, str(otherwise))
    if not _is_number(text):
        raise malformed(f"its {name} {text[:20]!r} is no number.")
    return int(text)


def _seconds(told: dict[str, str], otherwise: float) -> float:
    text = told.get("mtime", str(otherwise))
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise malformed(f"its mtime {text[:20]!r} is no number.")
    return seconds


def _is_number(text: str | bytes) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
