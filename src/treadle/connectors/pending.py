"""What a target has not written yet: the tasks whose work changed since, found in the log of events.

Nothing is done for a target when somebody saves. An event that is read twice does no harm: what a task's
labels were when they were written is kept, and compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, literal_column, select

from treadle.connectors.storages import Storage
from treadle.db import Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import events, tasks
from treadle.db.storage_tables import storage_items
from treadle.db.types import to_microseconds
from treadle.labeling.visibility import visible_tasks

#: Events that tell of one annotation, of which the payload names the task.
_OF_ANNOTATION = ("annotation.created", "annotation.updated", "annotation.skipped")
#: Those whose payload lists tasks.
_OF_TASKS = ("tasks.deleted", "tasks.restored", "annotations.deleted", "tasks.source-changed")
_KINDS = (*_OF_ANNOTATION, *_OF_TASKS, "annotations.restored", "task.updated", "tasks.imported")
# On PostgreSQL a transaction that began before may be committed after one with a higher number.
_MARGIN = 1_000
_PAGE = 2_000

_e, _t, _a, _i = events.c, tasks.c, schema.annotations.c, storage_items.c
_LAST = Prepared(select(func.coalesce(func.max(_e.id), 0).label("last")))
_SINCE = Prepared(
    select(_e.kind, _e.subject_id, _e.payload).where(
        _e.id > bindparam("after"),
        _e.project_id == bindparam("project_id"),
        _e.kind.in_([literal_column(f"'{kind}'") for kind in _KINDS]),
    )
)
_IS_DONE = _t.total_annotations + _t.cancelled_annotations > 0
_DONE = select(_t.id).where(_t.project_id == bindparam("project_id"), _IS_DONE)
_OF_RESTORED = Prepared(select(_a.task_id).where(one_of(_a.id, "ids")).distinct())
_OF_IMPORT = Prepared(
    select(_t.id).where(_t.import_id == bindparam("import_id"), _t.import_id > literal_column("0"), _IS_DONE)
)
_STATES = Prepared(
    select(_t.id, _t.updated_at, _a.id.label("annotation_id"), _a.version, _a.updated_at.label("changed_at"))
    .join(schema.annotations, _a.task_id == _t.id)
    .where(
        one_of(_t.id, "ids"), visible_tasks(bindparam("project_id")), _t.project_id == bindparam("project_id")
    )
    .order_by(_t.id, _a.id)
)
_WRITTEN = Prepared(
    select(_i.task_id, _i.key, _i.etag).where(
        _i.storage_id == bindparam("storage_id"), one_of(_i.task_id, "ids"), _i.state == "written"
    )
)


@dataclass(frozen=True)
class Pending:
    """What is to be written: tasks by the mark of their labels, and the files of tasks without any more."""

    changed: Mapping[int, str]
    gone: Mapping[int, str]

    @property
    def count(self) -> int:
        """How many tasks."""
        return len(self.changed) + len(self.gone)


def last_event(tx: Tx) -> int:
    """The number of the newest event."""
    return int(tx.execute(_LAST, {}).scalar() or 0)


def count_pending(tx: Tx, storage: Storage) -> int:
    """How many tasks the target has not written yet."""
    if storage.position:
        return find_pending(tx, storage).count
    # Before the first time it is all of them, which need no looking at.
    of_project = (_t.project_id == storage.project_id) & _IS_DONE & visible_tasks(storage.project_id)
    return int(tx.execute(select(func.count()).select_from(tasks).where(of_project)).scalar_one())


def find_pending(tx: Tx, storage: Storage, *, everything: bool = False) -> Pending:
    """What the target has not written yet, or with ``everything`` all that it is to hold."""
    ids = _all_done(tx, storage) if everything or not storage.position else changed_since(tx, storage)
    changed: dict[int, str] = {}
    gone: dict[int, str] = {}
    for page in _in_pages(sorted(ids)):
        marks = marks_of(tx, storage.project_id, page)
        written = {row["task_id"]: row for row in _written(tx, storage, page)}
        changed |= {
            task_id: mark
            for task_id, mark in marks.items()
            if everything or task_id not in written or written[task_id]["etag"] != mark
        }
        gone |= {task_id: row["key"] for task_id, row in written.items() if task_id not in marks}
    return Pending(changed, gone)


def changed_since(tx: Tx, storage: Storage) -> set[int]:
    """The tasks of which an event behind the target's position tells, whatever became of them."""
    margin = _MARGIN if tx.dialect == "postgresql" else 0
    wanted = {"after": storage.position - margin, "project_id": storage.project_id}
    ids: set[int] = set()
    for row in tx.rows(_SINCE, wanted):
        ids.update(_tasks_of(tx, row))
    return ids


def marks_of(tx: Tx, project_id: int, task_ids: Sequence[int]) -> dict[int, str]:
    """For each of these tasks that has annotations a mark, which is another whenever they are."""
    found: dict[int, Any] = {}
    for row in tx.rows(_STATES, {"ids": id_list(list(task_ids)), "project_id": project_id}):
        mark = found.get(row["id"])
        if mark is None:
            mark = found[row["id"]] = blake2b(
                str(to_microseconds(row["updated_at"])).encode(), digest_size=12
            )
        changed_us = to_microseconds(row["changed_at"])
        mark.update(f";{row['annotation_id']},{row['version']},{changed_us}".encode())
    return {task_id: mark.hexdigest() for task_id, mark in found.items()}


def _all_done(tx: Tx, storage: Storage) -> Iterable[int]:
    done = set(tx.execute(_DONE, {"project_id": storage.project_id}).scalars())
    written = select(_i.task_id).where(_i.storage_id == storage.id, _i.state == "written")
    return done.union(tx.execute(written).scalars())


def _written(tx: Tx, storage: Storage, page: Sequence[int]) -> list[Mapping[str, Any]]:
    return tx.rows(_WRITTEN, {"storage_id": storage.id, "ids": id_list(list(page))})


def _tasks_of(tx: Tx, row: Mapping[str, Any]) -> Iterable[int]:
    if row["kind"] == "task.updated":
        return (row["subject_id"],)
    payload = msgspec.json.decode(row["payload"])
    if row["kind"] in _OF_ANNOTATION:
        return (payload["task"],)
    if row["kind"] == "tasks.imported":
        found = tx.rows(_OF_IMPORT, {"import_id": row["subject_id"]}) if payload["annotation_count"] else []
        return [each["id"] for each in found]
    if row["kind"] == "annotations.restored":
        found = tx.rows(_OF_RESTORED, {"ids": id_list(payload["annotations"])})
        return [each["task_id"] for each in found]
    return payload.get("tasks", ())  # type: ignore[no-any-return]


def _in_pages(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _PAGE):
        yield ids[start : start + _PAGE]
