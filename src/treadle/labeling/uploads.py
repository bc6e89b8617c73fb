"""Files that people upload, and the small copies of pictures."""

from __future__ import annotations

import hashlib
import mimetypes
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, insert, select, true, update

from treadle.access import Grant
from treadle.db import Tx
from treadle.db.lists import id_list, one_of
from treadle.db.schema import file_uploads, tasks
from treadle.errors import NotFound
from treadle.labeling.visibility import handed_to
from treadle.objects import ObjectStore

_LONGEST_NAME = 120
_MARK_CHARACTERS = 9  # what makes a name unique, with the hyphen behind it
_UNSAFE = re.compile(r"[^\w.\-]+", re.UNICODE)
_f = file_uploads.c
_INSERT = insert(file_uploads).returning(_f.id)
_BY_NAME = select(file_uploads).where(
    _f.project_id == bindparam("project_id"), _f.file_name == bindparam("file_name")
)
_BY_ID = select(file_uploads).where(one_of(_f.id, "ids")).order_by(_f.id)
_REMOVE = delete(file_uploads).where(one_of(_f.id, "ids"))
_OF_PROJECT = select(file_uploads).where(_f.project_id == bindparam("project_id")).order_by(_f.id)


@dataclass(frozen=True)
class StoredFile:
    """A file whose bytes are kept, before its row is written."""

    file_name: str
    object_key: str
    size_bytes: int
    content_type: str


def store(objects: ObjectStore, project_id: int, name: str, chunks: Iterable[bytes]) -> StoredFile:
    """Keep the bytes of an upload under a name of its own."""
    file_name = safe_name(name)
    key = object_key(project_id, file_name)
    kept = objects.put(key, chunks)
    return StoredFile(file_name, key, kept.size_bytes, guess_type(name))


def store_made(
    objects: ObjectStore, project_id: int, name: str, chunks: Iterable[bytes], *, import_id: int
) -> StoredFile:
    """Keep the bytes of a file that an import itself fetched or unpacked.

    The same ``name`` in the same import lies at the same place, so that a step may run again.
    """
    mark = hashlib.sha256(f"{import_id}/{name}".encode()).hexdigest()[: _MARK_CHARACTERS - 1]
    file_name = f"{mark}-{plain_name(name)}"
    kept = objects.put(f"{_folder_of(project_id, import_id)}{file_name}", chunks)
    return StoredFile(file_name, kept.key, kept.size_bytes, guess_type(name))


def add_made(tx: Tx, project_id: int, user_id: int | None, file: StoredFile) -> int:
    """Write the row of such a file, unless it is there; its id."""
    found = of_project_by_name(tx, project_id, file.file_name)
    return int(found["id"]) if found else add(tx, project_id, user_id, file)


def list_made(tx: Tx, project_id: int, import_id: int) -> list[Mapping[str, Any]]:
    """The rows of what an import itself fetched or unpacked."""
    folder = _folder_of(project_id, import_id)
    made = _OF_PROJECT.where(func.substr(_f.object_key, 1, len(folder)) == folder)
    return [dict(row) for row in tx.execute(made, {"project_id": project_id}).mappings()]


def add(
    tx: Tx, project_id: int, user_id: int | None, file: StoredFile, *, upload_id: int | None = None
) -> int:
    """Write the row of a kept file; its id.

    upload_id: the id that it shall have, which nobody has; None: a new one.
    """
    return int(
        tx.execute(
            _INSERT,
            {
                **({} if upload_id is None else {"id": upload_id}),
                "project_id": project_id,
                "user_id": user_id,
                "file_name": file.file_name,
                "object_key": file.object_key,
                "size_bytes": file.size_bytes,
                "content_type": file.content_type,
                "created_at": tx.now,
            },
        ).scalar_one()
    )


def note_picture(tx: Tx, upload_id: int, *, width_px: int, height_px: int, content_type: str) -> None:
    """Write down what an uploaded picture measures, after EXIF orientation."""
    tx.execute(
        update(file_uploads)
        .where(_f.id == upload_id)
        .values(width_px=width_px, height_px=height_px, content_type=content_type)
    )


def find(tx: Tx, grant: Grant, file_name: str) -> Mapping[str, Any]:
    """The row of an upload that the actor may see. Raises NotFound("file-not-found")."""
    wanted = {"project_id": grant.project_id, "file_name": file_name}
    row = tx.execute(_BY_NAME.where(_is_shown_to(grant)), wanted).mappings().first()
    if row is None:
        raise NotFound("file-not-found", f"Project {grant.project_id} has no file {file_name!r}.")
    return dict(row)


def of_project_by_name(tx: Tx, project_id: int, file_name: str) -> Mapping[str, Any] | None:
    """The row of an upload by its whole name, whoever asks."""
    wanted = {"project_id": project_id, "file_name": file_name}
    row = tx.execute(_BY_NAME, wanted).mappings().first()
    return None if row is None else dict(row)


def list_by_id(tx: Tx, ids: Iterable[int]) -> list[Mapping[str, Any]]:
    """The rows of these uploads, in the order of ids."""
    return [dict(row) for row in tx.execute(_BY_ID, {"ids": id_list(list(ids))}).mappings()]


def list_of_project(tx: Tx, grant: Grant) -> list[Mapping[str, Any]]:
    """The rows of those uploads of the grant's project that the actor may see, in the order of ids."""
    shown = _OF_PROJECT.where(_is_shown_to(grant))
    return [dict(row) for row in tx.execute(shown, {"project_id": grant.project_id}).mappings()]


def check_are_of(tx: Tx, grant: Grant, ids: Sequence[int]) -> None:
    """Nothing, when all of these uploads are of the grant's project. Raises NotFound("file-not-found")."""
    found = {row["id"] for row in list_by_id(tx, ids) if row["project_id"] == grant.project_id}
    for upload_id in ids:
        if upload_id not in found:
            raise NotFound(
                "file-not-found", f"Project {grant.project_id} has no file with the id {upload_id}."
            )


def get(tx: Tx, upload_id: int) -> Mapping[str, Any]:
    """The row of an upload, whoever asks. Raises NotFound("file-not-found")."""
    found = list_by_id(tx, [upload_id])
    if not found:
        raise no_file(upload_id)
    return found[0]


def no_file(upload_id: int) -> NotFound:
    """The error for a file that is not there or not the actor's to see."""
    return NotFound("file-not-found", f"There is no file with the id {upload_id}.")


def list_used(tx: Tx, project_id: int, ids: Sequence[int]) -> set[int]:
    """Which of these uploads a task of the project came of: its picture, or the table it was a row of."""
    used = select(tasks.c.file_upload_id).where(
        tasks.c.project_id == project_id, one_of(tasks.c.file_upload_id, "ids")
    )
    return set(tx.execute(used.distinct(), {"ids": id_list(ids)}).scalars())


def remove(tx: Tx, ids: Iterable[int]) -> None:
    """Delete the rows of these uploads; their bytes are the caller's to delete."""
    tx.execute(_REMOVE, {"ids": id_list(list(ids))})


def url_of(project_id: int, file_name: str) -> str:
    """What stands for the file in a task's data."""
    return f"/data/upload/{project_id}/{quote(file_name)}"


def object_key(project_id: int, file_name: str) -> str:
    """Where the bytes of an upload lie."""
    return f"uploads/{project_id}/{file_name}"


def thumbnail_key(project_id: int, file_name: str) -> str:
    """Where the small copy of an uploaded picture lies."""
    return f"thumbnails/{project_id}/{file_name}.jpg"


def safe_name(name: str) -> str:
    """``name`` without anything that could leave a folder, made unique by eight characters in front."""
    return f"{uuid.uuid4().hex[: _MARK_CHARACTERS - 1]}-{plain_name(name)}"


def plain_name(name: str) -> str:
    """``name`` without anything that could leave a folder."""
    plain = PurePosixPath(name.replace("\\", "/")).name
    return _UNSAFE.sub("_", plain).lstrip(".")[-_LONGEST_NAME:] or "file"


def _folder_of(project_id: int, import_id: int) -> str:
    return f"uploads/{project_id}/import-{import_id}/"


def guess_type(name: str) -> str:
    """The content type that the name promises."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _is_shown_to(grant: Grant) -> ColumnElement[bool]:
    """All of a project, or what a task in the actor's hands shows: not the table that it came by."""
    if not grant.is_narrow:
        return true()
    unique = func.substr(_f.file_name, 1, _MARK_CHARACTERS)
    shows = tasks.c.data.contains(unique)
    return exists().where(tasks.c.project_id == _f.project_id, handed_to(grant), shows)
