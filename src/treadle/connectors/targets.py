"""Targets that are no repo: after a save the annotation is written there, and a sync writes all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import delete, select

from treadle.access import Grant
from treadle.access.signing_key import load_signing_key
from treadle.connectors import storages
from treadle.connectors.committing import read_labels
from treadle.connectors.items import NewItem, put_items
from treadle.connectors.opening import StorageParts, open_place
from treadle.connectors.pending import Pending, find_pending, last_event, marks_of
from treadle.connectors.places import Place, flag_of
from treadle.connectors.storages import Storage
from treadle.db import Tx
from treadle.db.storage_tables import storage_items
from treadle.jobs import Job, JobKind, JobRun
from treadle.labeling.formats import ExportAnnotation, ExportTask
from treadle.labeling.formats.json_tasks import task_text
from treadle.permissions import Permission

JOB_NAME = "target-sync"
_PAGE = 200
_i = storage_items.c


class TargetOrder(msgspec.Struct, frozen=True):
    """Which target to write everything to."""

    storage_id: int


def start_writing(tx: Tx, grant: Grant, storage_id: int) -> Job:
    """Order that all annotations are written to a target. Raises Conflict("storage-busy")."""
    storage = storages.lock(tx, storage_id)
    return storages.start_job(tx, grant, storage, kind=JOB_NAME, order=TargetOrder(storage_id))


def run_writing(run: JobRun) -> dict[str, Any]:
    """Write every annotation, whether it was written before or not."""
    storage_id = run.decode(TargetOrder).storage_id
    return run.step("write", _write_all, run, storage_id)


def undo_writing(run: JobRun) -> None:
    """Say at the target that it failed; what was written stays."""
    error: dict[str, Any] = msgspec.json.decode(run.job.error or "{}")
    with run.database.write() as tx:
        storage_id = run.decode(TargetOrder).storage_id
        storages.note(tx, storage_id, status="failed", problem=error.get("message", ""))


TARGET_JOB = JobKind(JOB_NAME, run_writing, Permission.PROJECT_WRITE, undo_writing)


def _write_all(run: JobRun, storage_id: int) -> dict[str, Any]:
    with run.database.write() as tx:
        storages.note(tx, storage_id, status="in_progress", problem="")
        position = last_event(tx)
        storage = storages.get(tx, storage_id)
        pending = find_pending(tx, storage, everything=True)
    writer = Writer.open(run.parts, run.grant, storage)
    total = pending.count
    for count in writer.write(pending):
        run.check_cancelled()
        run.report(count, total, f"Wrote {count:,} of {total:,} tasks")
    writer.finish(position, total)
    return {"storage": storage_id, "tasks": len(pending.changed), "deleted": len(pending.gone)}


@dataclass(frozen=True)
class Writer:
    """Writes the labels of tasks to a target."""

    parts: StorageParts
    grant: Grant
    storage: Storage
    place: Place

    @staticmethod
    def open(parts: StorageParts, grant: Grant, storage: Storage) -> Writer:
        """For the target, by a grant of its project."""
        place = open_place(parts, load_signing_key(parts.settings.data_dir), storage)
        return Writer(parts, grant, storage, place)

    def write(self, pending: Pending) -> Iterator[int]:
        """Write what is pending, page by page; how many tasks were, so far. May be done again."""
        ids, done = sorted(pending.changed), 0
        for start in range(0, len(ids), _PAGE):
            page = ids[start : start + _PAGE]
            self._write_page(page)
            done += len(page)
            yield done
        self._forget_gone(sorted(pending.gone))
        yield done + len(pending.gone)

    def finish(self, position: int, count: int) -> None:
        """Note that the target holds all up to an event."""
        with self.parts.database.write() as tx:
            done = {"status": "completed", "problem": "", "last_sync_at": tx.now, "last_sync_count": count}
            storages.note(tx, self.storage.id, position=position, **done)

    def _write_page(self, page: Sequence[int]) -> None:
        with self.parts.database.read() as tx:
            marks = marks_of(tx, self.storage.project_id, page)
        items: list[NewItem] = []
        for task in read_labels(self.parts.database, self.grant, page):
            for name, content in self._files(task):
                key = self.place.key(name)
                self.place.write(key, content)
                mark = marks.get(task.task_id, "")
                items.append(NewItem(key, 0, mark, task.task_id, "written", self.storage.round, None))
        with self.parts.database.read() as tx:
            stale = self._keys_of(tx, page) - {item.key for item in items}
        self._delete(stale)
        with self.parts.database.write() as tx:
            self._forget(tx, stale)
            put_items(tx, self.storage.id, items)

    def _files(self, task: ExportTask) -> Iterator[tuple[str, bytes]]:
        """As Label Studio names them: by the annotation, or by the task where that is wanted."""
        if flag_of(self.storage.options, "task_files"):
            yield f"{task.task_id}.json", task_text(task)
            return
        for annotation in task.annotations:
            yield str(annotation.annotation_id), annotation_text(task, annotation)

    def _forget_gone(self, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), _PAGE):
            with self.parts.database.read() as tx:
                keys = self._keys_of(tx, ids[start : start + _PAGE])
            self._delete(keys)
            with self.parts.database.write() as tx:
                self._forget(tx, keys)

    def _delete(self, keys: set[str]) -> None:
        if flag_of(self.storage.options, "can_delete_objects"):
            for key in sorted(keys):
                self.place.delete(key)

    def _keys_of(self, tx: Tx, task_ids: Sequence[int]) -> set[str]:
        theirs = select(_i.key).where(_i.storage_id == self.storage.id, _i.task_id.in_(task_ids))
        return set(tx.execute(theirs).scalars())

    def _forget(self, tx: Tx, keys: set[str]) -> None:
        if keys:
            mine = (_i.storage_id == self.storage.id) & _i.key.in_(sorted(keys))
            tx.execute(delete(storage_items).where(mine))


def annotation_text(task: ExportTask, annotation: ExportAnnotation) -> bytes:
    """An annotation with its task inside, as Label Studio writes it to a target."""
    whole = msgspec.json.decode(annotation.json, type=dict[str, msgspec.Raw])
    of_task = msgspec.json.decode(task.rest_json, type=dict[str, msgspec.Raw])
    inside = {"id": task.task_id, "data": msgspec.Raw(task.data_json), **of_task}
    return msgspec.json.encode({**whole, "task": inside})
