"""Uploads in parts, as rows; the bytes of the parts lie in objects until the upload is completed.

A part counts once its row is there. Objects without a row, and uploads that nobody completed within a
week, are swept away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, select, text, update

from treadle.access import Grant
from treadle.db import Database, Tx
from treadle.db.key_tables import s3_parts, s3_uploads
from treadle.db.prepared import Prepared
from treadle.db.types import to_microseconds
from treadle.gateways.s3.errors import S3Error
from treadle.ids import new_uuid
from treadle.objects import ObjectStore

PREFIX = "s3-uploads/"
#: How long an upload may go on, and how long a completed one is remembered.
KEPT = timedelta(days=7)
REMEMBERED = timedelta(days=1)

_u, _p = s3_uploads.c, s3_parts.c
_BY_ID = Prepared(select(s3_uploads).where(_u.id == bindparam("upload_id")))
_PARTS = select(s3_parts).where(_p.upload_id == bindparam("upload")).order_by(_p.number)
_OPEN = (
    select(s3_uploads)
    .where(_u.repo_id == bindparam("repo"), _u.branch == bindparam("of_branch"), _u.completed_at.is_(None))
    .order_by(_u.path, _u.id)
)
_PART = select(_p.object_key).where(_p.upload_id == bindparam("upload"), _p.number == bindparam("part"))
_PUT_PART = Prepared(
    text(
        "INSERT INTO s3_parts (upload_id, number, object_key, size_bytes, md5, checksum, created_at)"
        " VALUES (:upload_id, :number, :object_key, :size_bytes, :md5, :checksum, :created_us)"
        " ON CONFLICT (upload_id, number) DO UPDATE SET object_key = excluded.object_key,"
        " size_bytes = excluded.size_bytes, md5 = excluded.md5, checksum = excluded.checksum,"
        " created_at = excluded.created_at"
    )
)


@dataclass(frozen=True)
class Upload:
    """An upload; ``etag`` is "" until it is completed."""

    id: str
    repo_id: int
    branch: str
    path: str
    metadata: Mapping[str, str]
    checksum_algorithm: str
    created_at: datetime
    etag: str


@dataclass(frozen=True)
class StoredPart:
    """A part that was received whole; ``checksum`` is "" where its algorithm was not asked for."""

    number: int
    object_key: str
    size_bytes: int
    md5: str
    checksum: str
    created_at: datetime


def create_upload(
    tx: Tx, grant: Grant, branch: str, path: str, *, metadata: Mapping[str, str], algorithm: str
) -> Upload:
    """Begin an upload to ``path``; ``algorithm``: of the checksums of its parts, "" for none."""
    assert grant.repo_id is not None
    upload_id = new_uuid().replace("-", "")
    values = {
        "id": upload_id,
        "repo_id": grant.repo_id,
        "branch": branch,
        "path": path.encode(),
        "user_id": grant.actor.user_id,
        "metadata": msgspec.json.encode(metadata).decode(),
        "checksum_algorithm": algorithm,
        "created_at": tx.now,
    }
    tx.execute(insert(s3_uploads), values)
    return Upload(upload_id, grant.repo_id, branch, path, metadata, algorithm, tx.now, "")


def find_upload(tx: Tx, upload_id: str, *, repo_id: int, branch: str, path: str) -> Upload:
    """The upload to that place, going on or completed of late. Raises S3Error("NoSuchUpload")."""
    row = tx.execute(_BY_ID, {"upload_id": upload_id}).first()
    if row is None or (row["repo_id"], row["branch"], row["path"]) != (repo_id, branch, path.encode()):
        raise _no_such_upload(upload_id)
    return _to_upload(row)


def list_uploads(tx: Tx, repo_id: int, branch: str) -> list[Upload]:
    """The uploads to a branch that go on, by path and id."""
    return [_to_upload(row) for row in tx.rows(_OPEN, {"repo": repo_id, "of_branch": branch})]


def list_parts(tx: Tx, upload: Upload) -> list[StoredPart]:
    """The parts that were received, by number."""
    return [_to_part(row) for row in tx.rows(_PARTS, {"upload": upload.id})]


@dataclass(frozen=True)
class PartStore:
    """Where the parts of uploads lie until they are one file."""

    database: Database
    objects: ObjectStore

    def write(self, upload: Upload, number: int, chunks: Iterator[bytes]) -> str:
        """Keep the bytes of a part that has no row yet; the key of its object."""
        key = f"{PREFIX}{upload.id}/{number}-{new_uuid()}"
        self.objects.put(key, chunks)
        return key

    def add(self, upload: Upload, part: StoredPart) -> StoredPart:
        """Make the part count, in place of one of its number. Raises S3Error("NoSuchUpload")."""
        try:
            with self.database.write() as tx:
                row = tx.execute(_BY_ID, {"upload_id": upload.id}).first()
                if row is None or row["completed_at"] is not None:
                    raise _no_such_upload(upload.id)
                place = {"upload": upload.id, "part": part.number}
                replaced = tx.execute(_PART, place).scalar_one_or_none()
                tx.execute(_PUT_PART, _to_row(upload, part, to_microseconds(tx.now)))
                added = StoredPart(
                    part.number, part.object_key, part.size_bytes, part.md5, part.checksum, tx.now
                )
        except S3Error:
            self.objects.delete(part.object_key)
            raise
        if replaced:
            self.objects.delete(replaced)
        return added

    def read(self, parts: Sequence[StoredPart]) -> Iterator[bytes]:
        """Their bytes, one behind the other."""
        for part in parts:
            yield from self.objects.read(part.object_key)

    def complete(self, upload: Upload, etag: str, metadata: Mapping[str, str]) -> None:
        """The upload is a file now: remember what became of it, and let its parts go."""
        text_of_it = msgspec.json.encode(metadata).decode()
        with self.database.write() as tx:
            tx.execute(
                update(s3_uploads)
                .where(_u.id == upload.id)
                .values(completed_at=tx.now, etag=etag, metadata=text_of_it)
            )
            tx.execute(delete(s3_parts).where(_p.upload_id == upload.id))
        self._free(upload.id)

    def abort(self, upload: Upload) -> None:
        """Forget the upload and what was received of it. Raises S3Error("NoSuchUpload")."""
        with self.database.write() as tx:
            gone = tx.execute(
                delete(s3_uploads).where(_u.id == upload.id, _u.completed_at.is_(None))
            ).rowcount
        if not gone:
            raise _no_such_upload(upload.id)
        self._free(upload.id)

    def _free(self, upload_id: str) -> None:
        for stored in list(self.objects.list(f"{PREFIX}{upload_id}/")):
            self.objects.delete(stored.key)


def sweep_uploads(database: Database, objects: ObjectStore) -> int:
    """Forget uploads that nobody completed, and objects that no upload has; how many were forgotten.

    Rows go before objects: what is interrupted between them is found again by its object.
    """
    with database.write() as tx:
        over = delete(s3_uploads).where(
            ((_u.completed_at.is_(None)) & (_u.created_at < tx.now - KEPT))
            | (_u.completed_at < tx.now - REMEMBERED)
        )
        count = tx.execute(over).rowcount
    lying = {stored.key for stored in objects.list(PREFIX)}
    uploads = {key[len(PREFIX) :].partition("/")[0] for key in lying}
    with database.read() as tx:
        known = {upload_id for upload_id in uploads if tx.execute(_BY_ID, {"upload_id": upload_id}).first()}
    for key in lying:
        if key[len(PREFIX) :].partition("/")[0] not in known:
            objects.delete(key)
    return count


def _to_upload(row: Mapping[str, Any]) -> Upload:
    return Upload(
        row["id"],
        row["repo_id"],
        row["branch"],
        row["path"].decode(),
        msgspec.json.decode(row["metadata"], type=dict[str, str]),
        row["checksum_algorithm"],
        row["created_at"],
        row["etag"],
    )


def _to_part(row: Mapping[str, Any]) -> StoredPart:
    return StoredPart(**{name: row[name] for name in StoredPart.__dataclass_fields__})


def _to_row(upload: Upload, part: StoredPart, created_us: int) -> dict[str, object]:
    return {
        "upload_id": upload.id,
        "number": part.number,
        "object_key": part.object_key,
        "size_bytes": part.size_bytes,
        "md5": part.md5,
        "checksum": part.checksum,
        "created_us": created_us,
    }


def _no_such_upload(upload_id: str) -> S3Error:
    return S3Error(
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
        "aborted or completed.",
        UploadId=upload_id,
    )
