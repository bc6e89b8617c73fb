"""The mark on a data folder that a restore is not done with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from treadle.errors import Conflict
from treadle.ids import new_uuid

FILE_NAME = "restore-unfinished"


@dataclass(frozen=True)
class Mark:
    """A restore that began: of which backup, and what it is called by what it writes."""

    source: str
    #: Of the backup's manifest, and of the bucket that it goes to.
    sha256: str
    id: str


def check_is_whole(data_dir: Path) -> None:
    """Raises Conflict("restore-unfinished") where a restore into the folder began and did not end."""
    if is_unfinished(data_dir):
        text = (
            f"A restore into {data_dir} was cut off: what is there is not whole. "
            "Run the same treadle restore again; it begins anew."
        )
        raise Conflict("restore-unfinished", text)


def is_unfinished(data_dir: Path) -> bool:
    """Whether the mark is there."""
    return (data_dir / FILE_NAME).exists()


def read_mark(data_dir: Path) -> Mark | None:
    """The mark that is there; of one that was not written to its end nothing is known."""
    try:
        said = (data_dir / FILE_NAME).read_text("utf-8").split("\n")
    except FileNotFoundError:
        return None
    return Mark(*said[:3]) if len(said) > 3 else Mark("", "", "")


def set_mark(data_dir: Path, source: Path, sha256: str) -> Mark:
    """From now on the folder holds half a restore of ``source``."""
    mark = Mark(str(source).replace("\n", " "), sha256, new_uuid())
    descriptor = os.open(data_dir / FILE_NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{mark.source}\n{mark.sha256}\n{mark.id}\n")
        file.flush()
        os.fsync(file.fileno())
    _sync(data_dir)
    return mark


def take_mark(data_dir: Path) -> None:
    """What is in the folder is whole, and on disk."""
    _sync(data_dir)
    (data_dir / FILE_NAME).unlink()
    _sync(data_dir)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
