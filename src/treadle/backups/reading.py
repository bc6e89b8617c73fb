"""A backup as it lies there, whichever way it was written; what is read is held against its checksum."""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import msgspec

from treadle.backups.manifest import (
    NAME,
    OBJECTS,
    File,
    Line,
    Manifest,
    content_name,
    damaged,
    decode_manifest,
)
from treadle.errors import Invalid, NotFound

_READ_BYTES = 1024**2
_SHA256 = re.compile("([0-9a-f]{64})?")


class Reader(Protocol):
    """The files of a backup."""

    def size_of(self, name: str) -> int | None:
        """None: there is no such file."""

    def open(self, name: str) -> BinaryIO:
        """A file that is there."""


class Backup:
    """A whole backup: it has a manifest, and all files that this names, in the sizes that it says.

    ``sha256`` is the manifest's, by which it is known again.
    """

    def __init__(self, reader: Reader) -> None:
        """Raises Invalid("backup-half", "backup-damaged"), Conflict("backup-newer")."""
        self._reader = reader
        if reader.size_of(NAME) is None:
            text = f"There is no {NAME}: this is no backup, or half of one. Restore another one."
            raise Invalid("backup-half", text)
        with reader.open(NAME) as file:
            written = file.read()
        self.manifest: Manifest = decode_manifest(written)
        self.sha256 = hashlib.sha256(written).hexdigest()
        for each in self.manifest.files:
            self._check_is_there(each)

    def chunks(self, file: File) -> Iterator[bytes]:
        """The bytes of a file. Raises Invalid("backup-damaged"), at the end where the checksum is another."""
        digest = hashlib.sha256()
        with self._reader.open(file.name) as opened:
            while chunk := opened.read(_READ_BYTES):
                digest.update(chunk)
                yield chunk
        if digest.hexdigest() != file.sha256:
            raise damaged(f"{file.name} has another checksum than it had when it was written")

    def file(self, name: str) -> File | None:
        """One of those that the manifest names."""
        return next((each for each in self.manifest.files if each.name == name), None)

    def objects(self) -> Iterator[Line]:
        """Every object. Raises Invalid("backup-damaged")."""
        listed = self.file(OBJECTS)
        if listed is None:
            raise damaged(f"{NAME} names no {OBJECTS}")
        rest = b""
        for chunk in self.chunks(listed):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (_line(line) for line in lines)
        if rest:
            raise damaged(f"the last line of {OBJECTS} has no end")

    def content(self, line: Line) -> File:
        """The content of an object, which is there. Raises Invalid("backup-damaged")."""
        file = File(content_name(line.sha256), line.size_bytes, line.sha256)
        self._check_is_there(file)
        return file

    def check_contents(self) -> None:
        """Every content is there in its size; they are not read. Raises Invalid("backup-damaged")."""
        for line in self.objects():
            if line.sha256:
                self.content(line)

    def _check_is_there(self, file: File) -> None:
        size_bytes = self._reader.size_of(file.name)
        if size_bytes is None:
            raise damaged(f"{file.name} is not in it")
        if size_bytes != file.size_bytes:
            raise damaged(f"{file.name} has {size_bytes} bytes and had {file.size_bytes}")


def _line(text: bytes) -> Line:
    try:
        line = msgspec.json.decode(text, type=Line)
    except msgspec.DecodeError as error:
        raise damaged(f"a line of {OBJECTS} is none of Treadle's ({error})") from error
    if _SHA256.fullmatch(line.sha256) is None:
        raise damaged(f"{OBJECTS} says that {line.sha256[:80]!r} is a checksum")
    return line


@contextmanager
def open_backup(source: Path) -> Iterator[Backup]:
    """The backup at ``source``. Raises NotFound("backup-not-found"), Invalid, Conflict."""
    if source.is_dir():
        yield Backup(_Folder(source))
        return
    if not source.is_file():
        raise NotFound("backup-not-found", f"There is no backup at {source}.")
    try:
        with tarfile.open(source, mode="r:") as tar:
            yield Backup(_Tar(tar))
    except tarfile.ReadError as error:
        raise damaged(f"{source} is no tar file, or only the beginning of one ({error})") from error


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def size_of(self, name: str) -> int | None:
        path = self._place(name)
        return path.stat().st_size if path.is_file() else None

    def open(self, name: str) -> BinaryIO:
        return self._place(name).open("rb")

    def _place(self, name: str) -> Path:
        """Where it lies. Raises Invalid("backup-damaged") for a link: none is written into a backup."""
        path = self._folder
        for part in name.split("/"):
            path /= part
            if path.is_symlink():
                raise damaged(f"{path} is a link, which may lead out of it")
        return path


class _Tar:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._members = {member.name: member for member in tar.getmembers() if member.isfile()}

    def size_of(self, name: str) -> int | None:
        member = self._members.get(name)
        return None if member is None else member.size

    def open(self, name: str) -> BinaryIO:
        return cast(BinaryIO, self._tar.extractfile(self._members[name]))
