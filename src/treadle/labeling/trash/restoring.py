"""Rows out of the trash, one batch in one transaction: unchanged, with their ids.

What cannot be as it was: a person or an upload that is gone meanwhile is named no more, drafts and
hand-outs of such a person go with them, and a task follows the rules that its project has now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select

from treadle import events
from treadle.db import Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import drafts, file_uploads, handouts, predictions, projects, tasks, trash, users
from treadle.errors import Conflict
from treadle.ids import new_uuid
from treadle.labeling import field_indexes
from treadle.labeling.tally import IGNORE_SKIPPED, lock_task, sum_up
from treadle.labeling.trash import content
from treadle.labeling.trash.content import Content, StoredRow, by_id, write_stored
from treadle.labeling.trash.counting import (
    count_predictions,
    count_tasks,
    recount_assigned,
    retally,
)
from treadle.labeling.trash.deletions import Deletion
from treadle.labeling.trash.moving import lock_tasks

_t = trash.c
_BATCH = Prepared(
    select(_t.id, _t.kind, _t.row_id, _t.content)
    .where(_t.deletion_id == bindparam("deletion_id"), _t.id > bindparam("after"))
    .order_by(_t.id)
    .limit(bindparam("most"))
)
_FORGET = Prepared(delete(trash).where(one_of(_t.id, "ids")))
# Locked, so that nobody changes the project's rules before these rows are there to follow them.
_RULES = (
    select(projects.c.maximum_annotations, projects.c.skip_queue)
    .where(projects.c.id == bindparam("project_id"))
    .with_for_update(read=True, of=projects)
)
_KNOWN_PEOPLE = Prepared(select(users.c.id).where(one_of(users.c.id, "ids")))
_KNOWN_UPLOADS = Prepared(select(file_uploads.c.id).where(one_of(file_uploads.c.id, "ids")))
_a = schema.annotations.c
_TAKEN = select(_a.unique_id).where(_a.unique_id.in_(bindparam("names", expanding=True)))
_TRASHED_TASK = (
    select(_t.deletion_id)
    .where(_t.kind == "task", _t.row_id == bindparam("task_id"))
    .order_by(_t.id.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Batch:
    """What one transaction brought back."""

    restored: int
    #: Items whose task is deleted, and which stay in the trash.
    left: int
    #: The trash behind which the next batch begins; None: there is no more.
    last_id: int | None


def restore_batch(tx: Tx, deletion: Deletion, *, by: int | None, after: int, most: int) -> Batch:
    """Bring up to ``most`` rows of the trash behind the row ``after`` back, as the person ``by``."""
    wanted = {"deletion_id": deletion.id, "after": after, "most": most}
    found = tx.execute(_BATCH, wanted).all()
    if not found:
        return Batch(0, 0, None)
    items = [(row, content.decode(row["content"])) for row in found]
    if deletion.kind == "tasks":
        _restore_tasks(tx, deletion, [item for _row, item in items])
        back = found
    else:
        tasks_there = set(lock_tasks(tx, deletion.project_id, {_task_of(item) for _row, item in items}))
        there = [(row, item) for row, item in items if _task_of(item) in tasks_there]
        _restore_work(tx, deletion, [item for _row, item in there], by=by)
        back = [row for row, _item in there]
    tx.execute(_FORGET, {"ids": id_list([row["id"] for row in back])})
    ids = [row["row_id"] for row in back if row["kind"] != "draft"]
    _note(tx, deletion, ids, by=by)
    total = sum(row["kind"] != "draft" for row in found)
    return Batch(len(ids), total - len(ids), found[-1]["id"])


def task_is_deleted(tx: Tx, deletion: Deletion) -> Conflict:
    """The error for work that cannot come back because its task is deleted, and what to do about it."""
    first = tx.execute(_BATCH, {"deletion_id": deletion.id, "after": 0, "most": 1}).one()
    task_id = _task_of(content.decode(first["content"]))
    by = tx.execute(_TRASHED_TASK, {"task_id": task_id}).scalar_one_or_none()
    advice = (
        "It can no longer be restored." if by is None else f"Restore deletion {by} first, which holds it."
    )
    return Conflict(
        "task-deleted",
        f"Deletion {deletion.id} holds {deletion.kind} of task {task_id}, which is deleted. {advice}",
        details={"task": task_id, "deletion": by},
    )


def _restore_tasks(tx: Tx, deletion: Deletion, items: Sequence[Content]) -> None:
    rules = tx.execute(_RULES, {"project_id": deletion.project_id}).one()
    gone = _find_gone(tx, items)
    whole = [_as_of_now(item, gone) for item in items]
    rows = [_counted(item, rules) for item in whole]
    write_stored(tx, tasks, rows)
    done = [row for item in whole for row in item.annotations]
    write_stored(tx, schema.annotations, done)
    write_stored(tx, predictions, [row for item in whole for row in item.predictions])
    write_stored(tx, drafts, [row for item in whole for row in item.drafts])
    write_stored(tx, handouts, [row for item in whole for row in item.handouts])
    count_tasks(tx, deletion.project_id, rows, sign=1)
    recount_assigned(tx, [row["id"] for row in rows])
    field_indexes.keep(tx, deletion.project_id, [row["id"] for row in rows])
    sum_up(tx, deletion.project_id, done, sign=1)


def _restore_work(tx: Tx, deletion: Deletion, items: Sequence[Content], *, by: int | None) -> None:
    gone = _find_gone(tx, items)
    whole = [_as_of_now(item, gone) for item in items]
    done = [row for item in whole for row in item.annotations]
    before = [lock_task(tx, task_id) for task_id in sorted(by_id(done, "task_id"))]
    write_stored(tx, schema.annotations, done)
    write_stored(tx, drafts, [row for item in whole for row in item.drafts])
    retally(tx, before, by=by)
    sum_up(tx, deletion.project_id, done, sign=1)
    predicted = [row for item in whole for row in item.predictions]
    if predicted:
        write_stored(tx, predictions, predicted)
        count_predictions(tx, deletion.project_id, predicted, sign=1)


@dataclass(frozen=True)
class _Gone:
    """What the rows name and is there no more, or is somebody else's by now."""

    people: frozenset[int]
    uploads: frozenset[int]
    unique_ids: frozenset[str]


def _find_gone(tx: Tx, items: Sequence[Content]) -> _Gone:
    people = {row["completed_by"] for item in items for row in item.annotations}
    people |= {row["user_id"] for item in items for row in (*item.drafts, *item.handouts)}
    uploads = {item.task["file_upload_id"] for item in items if item.task}
    names = [row["unique_id"] for item in items for row in item.annotations]
    taken = tx.execute(_TAKEN, {"names": names}).scalars() if names else ()
    return _Gone(_missing(tx, _KNOWN_PEOPLE, people), _missing(tx, _KNOWN_UPLOADS, uploads), frozenset(taken))


def _missing(tx: Tx, statement: Prepared, ids: Iterable[int | None]) -> frozenset[int]:
    named = {each for each in ids if each is not None}
    if not named:
        return frozenset()
    return frozenset(
        named - {row["id"] for row in tx.execute(statement, {"ids": id_list(sorted(named))}).all()}
    )


def _as_of_now(item: Content, gone: _Gone) -> Content:
    for row in item.annotations:
        if row["completed_by"] in gone.people:
            row["completed_by"] = None
        if row["unique_id"] in gone.unique_ids:
            row["unique_id"] = new_uuid()
    if item.task is not None and item.task["file_upload_id"] in gone.uploads:
        item.task["file_upload_id"] = None
    item.drafts = [row for row in item.drafts if row["user_id"] not in gone.people]
    item.handouts = [row for row in item.handouts if row["user_id"] not in gone.people]
    return item


def _counted(item: Content, rules: Any) -> StoredRow:
    """The task's row, adding up to what is on it, by the rules of its project."""
    assert item.task is not None
    useful = [row for row in item.annotations if not row["was_cancelled"]]
    deciding = item.annotations if rules.skip_queue == IGNORE_SKIPPED else useful
    people = {row["completed_by"] for row in deciding}
    return {
        **item.task,
        "overlap": rules.maximum_annotations,
        "is_labeled": len(people) >= rules.maximum_annotations,
        "total_annotations": len(useful),
        "cancelled_annotations": len(item.annotations) - len(useful),
        "ground_truth_annotations": sum(bool(row["ground_truth"]) for row in useful),
        "total_predictions": len(item.predictions),
        "assignees": sum(row.get("assigned_at") is not None for row in item.handouts),
    }


def _task_of(item: Content) -> int:
    rows = (*item.annotations, *item.predictions, *item.drafts)
    return int(rows[0]["task_id"])


def _note(tx: Tx, deletion: Deletion, ids: Sequence[int], *, by: int | None) -> None:
    events.record(
        tx,
        f"{deletion.kind}.restored",
        actor_id=by,
        project_id=deletion.project_id,
        subject_id=deletion.id,
        payload={"deletion": deletion.id, deletion.kind: list(ids)},
    )
