"""What readers of files work with: where bytes and rows go, and what could not be taken in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from treadle.db import Database, Tx
from treadle.labeling import uploads
from treadle.labeling.imports.checking import Staged
from treadle.labeling.pictures import Picture, read_picture
from treadle.objects import ObjectStore

LabelsAs = Literal["annotations", "predictions"]

#: So many of those left out are told one by one; all are counted.
MOST_TOLD = 1_000


@dataclass(frozen=True)
class KeptPicture:
    """A picture that is an upload of the project."""

    upload_id: int
    url: str
    width_px: int
    height_px: int


@dataclass(frozen=True)
class Materials:
    """Of one import."""

    database: Database
    objects: ObjectStore
    #: For what is needed only while reading.
    folder: Path
    project_id: int
    import_id: int
    user_id: int
    #: What the labels in files of other formats become.
    labels_as: LabelsAs
    #: Pictures in archives become uploads; otherwise they are counted only.
    unpacks: bool
    #: The rows of a table are tasks; otherwise the file itself is one.
    rows_are_tasks: bool
    most_unpacked_bytes: int
    summary: Staged
    #: Raises when the import was cancelled.
    check_cancelled: Callable[[], None]

    def leave_out(self, file: str, reason: str, **place: int | str) -> None:
        """Note what could not be taken in: its file, where in it, and why."""
        self.summary.left_out_count += 1
        if len(self.summary.left_out) < MOST_TOLD:
            self.summary.left_out.append({"file": file, **place, "reason": reason})

    def keep_file(self, name: str, chunks: Iterable[bytes]) -> tuple[int, str]:
        """Make an upload of a file that lay in an archive; its id and address."""
        if not self.unpacks:
            return 0, f"/{name}"
        file = uploads.store_made(self.objects, self.project_id, name, chunks, import_id=self.import_id)
        with self.database.write() as tx:
            upload_id = uploads.add_made(tx, self.project_id, self.user_id, file)
        return upload_id, uploads.url_of(self.project_id, file.file_name)

    def keep_picture(self, name: str, file: BinaryIO) -> KeptPicture:
        """Make an upload of a picture that lay in an archive, measured and made small.

        Raises Invalid("picture-broken", "picture-too-large", "picture-format").
        """
        picture = read_picture(file, name)
        if not self.unpacks:
            return KeptPicture(0, f"/{name}", picture.width_px, picture.height_px)
        file.seek(0)
        chunks = iter(lambda: file.read(1024**2), b"")
        kept = uploads.store_made(self.objects, self.project_id, name, chunks, import_id=self.import_id)
        self._keep_thumbnail(kept.file_name, picture)
        with self.database.write() as tx:
            upload_id = uploads.add_made(tx, self.project_id, self.user_id, kept)
            _note(tx, upload_id, picture)
        url = uploads.url_of(self.project_id, kept.file_name)
        return KeptPicture(upload_id, url, picture.width_px, picture.height_px)

    def measure(self, upload_id: int, file_name: str, name: str, file: BinaryIO) -> KeptPicture:
        """Read a picture that is an upload already to its end, measure it and make it small."""
        picture = read_picture(file, name)
        self._keep_thumbnail(file_name, picture)
        with self.database.write() as tx:
            _note(tx, upload_id, picture)
        url = uploads.url_of(self.project_id, file_name)
        return KeptPicture(upload_id, url, picture.width_px, picture.height_px)

    def _keep_thumbnail(self, file_name: str, picture: Picture) -> None:
        self.objects.put(uploads.thumbnail_key(self.project_id, file_name), [picture.thumbnail])


def _note(tx: Tx, upload_id: int, picture: Picture) -> None:
    uploads.note_picture(
        tx,
        upload_id,
        width_px=picture.width_px,
        height_px=picture.height_px,
        content_type=picture.content_type,
    )
