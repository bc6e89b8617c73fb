"""What a backup says of itself: written last, and checked before anything is restored."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from treadle.errors import Conflict, Invalid

NAME = "manifest.json"
#: The lines that say which object has which content: see `Line`.
OBJECTS = "objects.jsonl"
KEY = "secret.key"
_FORMAT = 1


class File(msgspec.Struct, frozen=True):
    """A file of the backup beside the contents of objects."""

    name: str
    size_bytes: int
    sha256: str


class Line(msgspec.Struct, frozen=True, array_like=True):
    """One object; its content is the file `content_name` of the backup, where contents were copied."""

    key: str
    size_bytes: int
    #: "": it was listed and not copied.
    sha256: str


class ObjectSums(msgspec.Struct, frozen=True):
    """How many objects there are, and how many contents: several may have the same."""

    count: int
    size_bytes: int
    content_count: int
    content_bytes: int
    are_copied: bool


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a backup."""

    format: int = _FORMAT
    treadle: str
    database: Literal["sqlite", "postgresql"]
    #: The number of the newest migration that the database has.
    schema: int
    #: The moment of the database that is in it.
    taken_at: datetime
    #: Rows by table.
    counts: dict[str, int]
    files: list[File]
    objects: ObjectSums
    #: Objects that the database names and the store does not have: lost before, or deleted just then.
    missing: list[str]

    def encode(self) -> bytes:
        """As it stands in the file."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1)


def decode_manifest(content: bytes) -> Manifest:
    """Raises Invalid("backup-damaged"), Conflict("backup-newer")."""
    try:
        number = msgspec.json.decode(content, type=_Format).format
    except msgspec.DecodeError as error:
        raise damaged(f"{NAME} is none of Treadle's ({error})") from error
    if number > _FORMAT:
        text = f"The backup has format {number}, this Treadle knows {_FORMAT}. Restore with a newer one."
        raise Conflict("backup-newer", text)
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as error:
        raise damaged(f"{NAME} is none of Treadle's ({error})") from error
    for file in manifest.files:
        if file.name.startswith("/") or ".." in file.name.split("/"):
            raise damaged(f"{NAME} names {file.name!r}, which does not lie in it")
    return manifest


def content_name(sha256: str) -> str:
    """Where the content with this checksum lies in a backup."""
    return f"contents/{sha256[:2]}/{sha256}"


def damaged(what: str) -> Invalid:
    """The error for a backup that is not as it was written."""
    return Invalid(
        "backup-damaged", f"The backup is damaged: {what}. Nothing was restored from it; take another one."
    )


class _Format(msgspec.Struct, frozen=True):
    format: int
