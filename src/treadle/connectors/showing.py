"""Files of a source as a task shows them: who may see a task sees them, and nobody else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from treadle.access import Grant
from treadle.connectors import sources, storages
from treadle.connectors.opening import StorageParts, open_place
from treadle.connectors.places import Place
from treadle.connectors.storages import Storage
from treadle.db import Tx
from treadle.db.schema import tasks
from treadle.db.storage_tables import storage_items
from treadle.errors import NotFound
from treadle.labeling import source_changes
from treadle.labeling.visibility import handed_to, visible_tasks
from treadle.objects import ObjectStore
from treadle.settings import Secret

_i, _t = storage_items.c, tasks.c


@dataclass(frozen=True)
class ShownFile:
    """A file of a source that a task shows: where it stands, and of which content."""

    storage: Storage
    key: str
    etag: str
    size_bytes: int | None
    commit_id: str | None

    def open(self, parts: StorageParts, key: Secret) -> Place:
        """The place that it is read from."""
        return open_place(parts, key, self.storage, self.commit_id)

    def read(
        self, parts: StorageParts, key: Secret, start: int = 0, end: int | None = None
    ) -> Iterator[bytes]:
        """Its bytes. Raises NotFound("storage-item") where it is gone."""
        return self.open(parts, key).read(self.key, start, end)

    @property
    def thumbnail_key(self) -> str:
        """Where the small copy of it lies; of other content elsewhere."""
        mark = hashlib.sha256(f"{self.key}\0{self.etag}\0{self.commit_id}".encode()).hexdigest()[:40]
        return f"{_folder(self.storage.id)}{mark}.jpg"


def find_shown(tx: Tx, grant: Grant, storage: Storage, key: str, *, at: datetime | None = None) -> ShownFile:
    """The file, if a task shows it that the actor may see; of a repo as syncs found it ``at`` a time.

    Raises NotFound("file-not-found").
    """
    rows = tx.execute(
        select(_i.task_id, _i.etag, _i.size_bytes, _i.commit_id, _i.state).where(
            _i.storage_id == storage.id, _i.key == key, _i.state != "written"
        )
    ).all()
    if not rows or (
        grant.is_narrow and not _is_handed(tx, grant, storage, key, [row.task_id for row in rows])
    ):
        raise NotFound("file-not-found", f"Project {grant.project_id} has no file {key!r}.")
    row = rows[0]
    ids = [each.task_id for each in rows if each.task_id is not None and each.state != "shown"]
    commit_id = source_changes.commit_at(tx, ids, at) if at is not None and ids else None
    if commit_id is None or commit_id == row.commit_id:
        return ShownFile(storage, key, row.etag, row.size_bytes, row.commit_id)
    return ShownFile(storage, key, commit_id, None, commit_id)


def _is_handed(tx: Tx, grant: Grant, storage: Storage, key: str, task_ids: list[int]) -> bool:
    """Whether a task in the actor's hands is the file, or shows it."""
    # A whole value: the address of scan1 begins that of scan10, too.
    value = f'"{sources.address_of(storage.id, key)}"'
    shows = _t.id.in_(task_ids) | _t.data.contains(value, autoescape=True)
    here = _t.project_id == grant.project_id
    condition = exists().where(here, visible_tasks(storage.project_id), handed_to(grant), shows)
    return bool(tx.execute(select(condition)).scalar())


def forget_thumbnails(objects: ObjectStore, storage_id: int) -> None:
    """Delete the small copies of a source's pictures."""
    for found in list(objects.list(_folder(storage_id))):
        objects.delete(found.key)


def _folder(storage_id: int) -> str:
    return f"thumbnails/storage-{storage_id}/"


def find_source(tx: Tx, storage_id: int) -> Storage:
    """The source. Raises NotFound("storage-not-found")."""
    found = storages.get(tx, storage_id)
    if found.direction != "source":
        raise storages.no_storage(storage_id)
    return found
