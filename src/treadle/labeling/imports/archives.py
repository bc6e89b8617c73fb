"""ZIP archives that anybody may have made: looked at before a byte is unpacked, and bounded while one is."""

from __future__ import annotations

import io
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from treadle.errors import Invalid
from treadle.labeling.imports.materials import KeptPicture, Materials
from treadle.labeling.imports.reading import malformed

_MOST_MEMBERS = 200_000
_MOST_DIRECTORY_BYTES = 64 * 1024**2
#: An archive that unpacks to more than this is looked at for how much larger it gets.
_SUSPICIOUS_BYTES = 256 * 1024**2
_MOST_RATIO = 200
_CHUNK_BYTES = 256 * 1024
_MEMBER = b"PK\x01\x02"
_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_POINTER_64 = b"PK\x06\x07"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
_DRIVE = re.compile(r"[A-Za-z]:")
#: What systems leave in archives.
_LITTER = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


class Archive:
    """An open ZIP: its members by name, each read in pieces.

    Raises Invalid("file-malformed") for a name that leads out of its folder, for what unpacks to more than
    ``most_bytes`` or grows suspiciously, for a broken, encrypted or linked member.
    """

    def __init__(self, file: BinaryIO, name: str, most_bytes: int) -> None:
        self.name = name
        self._left_bytes = most_bytes
        _check_directory(file, name)
        try:
            self._zip = zipfile.ZipFile(file)
        except (*_BROKEN, ValueError) as error:
            raise malformed(name, f"is no archive that can be read ({error}).") from error
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            _check_member(info, name)
            if not info.is_dir() and not _is_litter(info.filename):
                self._members[info.filename.replace("\\", "/").removeprefix("./")] = info
        self._check_size(file, most_bytes)

    @cached_property
    def names(self) -> list[str]:
        """The members by their paths, in order."""
        return sorted(self._members)

    def size(self, name: str) -> int:
        """How long a member says it is, in bytes; it is never read beyond that."""
        return self._members[name].file_size

    def chunks(self, name: str) -> Iterator[bytes]:
        """A member's bytes."""
        try:
            with self._zip.open(self._members[name]) as file:
                while chunk := file.read(_CHUNK_BYTES):
                    self._left_bytes -= len(chunk)
                    if self._left_bytes < 0:
                        raise malformed(self.name, "unpacks to more than the server takes.")
                    yield chunk
        except _BROKEN as error:
            raise malformed(self.name, f"{name} in it is broken ({error}).") from error

    def read(self, name: str, most_bytes: int) -> bytes:
        """A small member. Raises Invalid("file-malformed") for one that is larger."""
        if self.size(name) > most_bytes:
            raise malformed(self.name, f"{name} in it has more than {most_bytes // 1024} KiB.")
        return b"".join(self.chunks(name))

    @contextmanager
    def open(self, name: str, folder: str) -> Iterator[BinaryIO]:
        """A member as a file that can be sought in; ``folder``: where it lies meanwhile if it is large."""
        if self.size(name) <= 8 * 1024**2:
            yield io.BytesIO(b"".join(self.chunks(name)))
            return
        with tempfile.TemporaryFile(dir=folder) as opened:
            file = cast(BinaryIO, opened)
            for chunk in self.chunks(name):
                file.write(chunk)
            file.seek(0)
            yield file

    def keep(self, name: str, materials: Materials) -> KeptPicture:
        """The picture at a path, as a new upload of the project. Raises Invalid for a broken one."""
        with self.open(name, str(materials.folder)) as file:
            return materials.keep_picture(name, file)

    def path_of(self, said: str) -> str:
        """The same: an archive keeps its paths."""
        return said

    def _check_size(self, file: BinaryIO, most_bytes: int) -> None:
        whole = sum(info.file_size for info in self._members.values())
        packed = file.seek(0, io.SEEK_END)
        if whole > most_bytes:
            raise malformed(
                self.name,
                f"unpacks to {whole} bytes; the server takes {most_bytes} (TREADLE_MAX_UNPACKED_BYTES).",
            )
        if whole > _SUSPICIOUS_BYTES and whole > _MOST_RATIO * packed:
            raise malformed(
                self.name, f"unpacks to {whole // max(1, packed)} times its size; nothing real does."
            )


def stem_of(path: str) -> str:
    """``cat`` of ``images/cat.jpg``."""
    return PurePosixPath(path).stem


def _check_member(info: zipfile.ZipInfo, archive: str) -> None:
    path = info.filename.replace("\\", "/")
    if path.startswith("/") or _DRIVE.match(path) or ".." in path.split("/") or "\0" in path:
        raise malformed(archive, f"{info.filename[:80]!r} in it leads out of its folder.")
    if info.flag_bits & 1:
        raise malformed(archive, f"{path[:80]!r} in it is encrypted. Send it without a password.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise malformed(archive, f"{path[:80]!r} in it is a link. Send the file itself.")


def _is_litter(path: str) -> bool:
    return any(part in _LITTER or part.startswith("._") for part in path.split("/"))


def _check_directory(file: BinaryIO, name: str) -> None:
    """Look at how long the list of members is, and count them, before it is read into memory."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 65_557))  # the longest comment and the record itself
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise _endless(name)
    listed = int.from_bytes(tail[at + 12 : at + 16], "little")
    large = at - 76  # where the record of large archives lies, behind it the pointer to it
    if tail[max(0, at - 20) : at].startswith(_POINTER_64):
        if large < 0 or tail[large : large + 4] != _END_64:
            raise _endless(name)
        listed = int.from_bytes(tail[large + 40 : large + 48], "little")
    if listed > _MOST_DIRECTORY_BYTES:
        raise malformed(name, f"has a list of files of {listed} bytes; at most {_MOST_DIRECTORY_BYTES}.")
    end = size - len(tail) + at
    file.seek(max(0, end - 76 - listed))
    members = file.read(listed + 76).count(_MEMBER)  # whatever the end says of their number
    file.seek(0)
    if members > _MOST_MEMBERS:
        raise malformed(name, f"lists {members} files; at most {_MOST_MEMBERS} at once.")


def _endless(name: str) -> Invalid:
    return malformed(name, "is no archive that can be read (its end is missing).")
