"""Annotations: submit, change, delete, read.

One save is one short transaction: the row, the task's tally, the counters, the lease, one event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, delete, insert, select, update

from treadle import events
from treadle.access import Grant
from treadle.db import Tx, schema
from treadle.db.prepared import Prepared
from treadle.db.schema import drafts, predictions, users
from treadle.errors import Forbidden, Invalid, NotFound
from treadle.ids import new_uuid
from treadle.labeling import assignments, progress, queue, rendering, saving, trash, usage, versions
from treadle.labeling.config import parse_config, validate_result
from treadle.labeling.json_text import one_line
from treadle.labeling.tally import TaskState, count_new, count_task, lock_task, lock_task_for

_table = schema.annotations
_a = _table.c

_COLUMNS: Select[Any] = select(_table, users.c.email, users.c.first_name, users.c.last_name).select_from(
    _table.outerjoin(users, users.c.id == _a.completed_by)
)
_ONE = Prepared(_COLUMNS.where(_a.id == bindparam("annotation_id")))
_OF_TASK = _COLUMNS.where(_a.task_id == bindparam("task_id")).order_by(_a.id)
_PLACE = Prepared(select(_a.task_id, _a.project_id).where(_a.id == bindparam("annotation_id")))
#: What one may change of an annotation, by the name of its column.
CHANGEABLE = frozenset({"result", "was_cancelled", "ground_truth", "lead_time", "last_action"})

_WRITTEN = (*sorted(CHANGEABLE), "result_count")
_SUBMITTED = (
    "task_id",
    "project_id",
    "completed_by",
    "updated_by",
    "result",
    "result_count",
    "was_cancelled",
    "ground_truth",
    "lead_time",
    "unique_id",
    "parent_prediction_id",
    "parent_annotation_id",
    "prediction",
    "import_id",
    "draft_created_at",
    "created_at",
    "updated_at",
)
#: What the database gives the other columns.
_FRESH = {"last_action": None, "last_created_by": None, "bulk_created": False, "version": 1}
_INSERT = Prepared(insert(_table).returning(_a.id), keys=_SUBMITTED)
_CHANGE = Prepared(
    update(_table)
    .where(_a.id == bindparam("of_annotation"))
    .values(
        {name: bindparam(f"new_{name}") for name in _WRITTEN}
        | {"updated_at": bindparam("at"), "updated_by": bindparam("by"), "version": _a.version + 1}
    )
)
_DROP_DRAFT = delete(drafts).where(
    drafts.c.id == bindparam("draft_id"),
    drafts.c.user_id == bindparam("of_user"),
    drafts.c.task_id == bindparam("of_task"),
)
_DROP_DRAFTS_OF = delete(drafts).where(
    drafts.c.annotation_id == bindparam("of_annotation"), drafts.c.user_id == bindparam("of_user")
)
_DRAFT_BEGUN = select(drafts.c.created_at).where(
    drafts.c.id == bindparam("draft_id"), drafts.c.user_id == bindparam("of_user")
)
_PREDICTION = select(predictions).where(
    predictions.c.id == bindparam("prediction_id"), predictions.c.task_id == bindparam("of_task")
)


@dataclass(frozen=True)
class NewAnnotation:
    """What a person made of a task."""

    result: bytes  # JSON list of results
    was_cancelled: bool = False
    ground_truth: bool = False
    lead_time: float | None = None  # seconds
    draft_id: int | None = None
    parent_prediction: int | None = None
    parent_annotation: int | None = None
    unique_id: str | None = None


def submit(tx: Tx, grant: Grant, task_id: int, new: NewAnnotation) -> Mapping[str, Any]:
    """Add an annotation by the actor to the task, and end their lease on it.

    Returns the row with the names of its person. Raises NotFound("task-not-found"),
    Invalid("result-malformed"), Forbidden where ground truth is not the actor's to set.
    """
    user_id = grant.actor.user_id
    task, person = lock_task_for(tx, task_id, user_id)
    count = _check_result(task, new.result)
    if new.ground_truth:
        _check_reviewer(grant, "set ground truth")
    values = {**_new_values(tx, grant, task, new), "result_count": count}
    annotation_id = tx.execute(_INSERT, values).scalar()
    if new.draft_id is not None:
        tx.execute(_DROP_DRAFT, {"draft_id": new.draft_id, "of_user": user_id, "of_task": task_id})
    marks = {"was_cancelled": new.was_cancelled, "ground_truth": new.ground_truth}
    is_labeled = count_new(tx, task, by=user_id, **marks)
    usage.add_uses(tx, task.project_id, usage.uses_of(values["result"]))
    progress.add_work(tx, task.project_id, (values,))
    _end_turn(tx, grant, task, new, is_labeled=is_labeled)
    _record(
        tx, grant, "annotation.skipped" if new.was_cancelled else "annotation.created", task, annotation_id
    )
    return {**_FRESH, **values, **person, "id": annotation_id}


def change(
    tx: Tx, grant: Grant, annotation_id: int, changes: Mapping[str, Any], *, if_match: str | None = None
) -> Mapping[str, Any]:
    """Change what is named in ``changes`` (see `CHANGEABLE`; ``result`` as JSON bytes).

    What it was is kept (see `history`). Raises Conflict("stale") when ``if_match`` is not its ETag, with
    the current object; Forbidden where it is another person's and the actor does not review.
    """
    task = lock_task(tx, place_of(tx, annotation_id)["task_id"])
    row = get(tx, annotation_id)
    _check_owner(grant, row)
    saving.check_version(if_match, row["version"], lambda: rendering.annotation(row, tx.now))
    values = _changed_values(grant, task, row, changes)
    versions.keep(tx, row)
    tx.execute(_CHANGE, {**values, "of_annotation": annotation_id, "at": tx.now, "by": grant.actor.user_id})
    tx.execute(_DROP_DRAFTS_OF, {"of_annotation": annotation_id, "of_user": grant.actor.user_id})
    queue.release(tx, task.id, grant.actor.user_id)
    count_task(tx, task, by=grant.actor.user_id)
    changed = get(tx, annotation_id)
    _count_change(tx, task.project_id, row, changed)
    _record(tx, grant, "annotation.updated", task, annotation_id)
    return changed


def remove(tx: Tx, grant: Grant, annotation_id: int) -> int:
    """Delete an annotation with its drafts; its task may then need another.

    Returns the deletion, by which it can be restored.
    """
    lock_task(tx, place_of(tx, annotation_id)["task_id"])
    _check_owner(grant, get(tx, annotation_id))
    return trash.delete_now(tx, grant, "annotations", [annotation_id]).id


def get(tx: Tx, annotation_id: int) -> Mapping[str, Any]:
    """The row with the names of its person. Raises NotFound("annotation-not-found")."""
    row = tx.execute(_ONE, {"annotation_id": annotation_id}).first()
    if row is None:
        raise no_annotation(annotation_id)
    return dict(row)


def get_visible(tx: Tx, grant: Grant, annotation_id: int) -> Mapping[str, Any]:
    """As `get`, of an annotation that the actor may see."""
    row = get(tx, annotation_id)
    if grant.is_narrow and row["completed_by"] != grant.actor.user_id:
        raise no_annotation(annotation_id)
    return row


def of_task(tx: Tx, grant: Grant, task_id: int) -> list[Mapping[str, Any]]:
    """The annotations of a task that the actor may see, oldest first."""
    rows = tx.execute(_OF_TASK, {"task_id": task_id}).mappings().all()
    return [dict(row) for row in rows if not grant.is_narrow or row["completed_by"] == grant.actor.user_id]


def place_of(tx: Tx, annotation_id: int) -> Mapping[str, int]:
    """Task and project of an annotation. Raises NotFound("annotation-not-found")."""
    row = tx.execute(_PLACE, {"annotation_id": annotation_id}).first()
    if row is None:
        raise no_annotation(annotation_id)
    return dict(row)


def no_annotation(annotation_id: int) -> NotFound:
    """The error for an annotation that is not there or not one's own."""
    return NotFound(
        "annotation-not-found",
        f"No Annotation matches the given query. There is no annotation {annotation_id}.",
    )


def _end_turn(tx: Tx, grant: Grant, task: TaskState, new: NewAnnotation, *, is_labeled: bool) -> None:
    user_id = grant.actor.user_id
    comes_back = new.was_cancelled and task.skip_queue == queue.REQUEUE_FOR_ME
    queue.finish(tx, task.id, user_id, is_labeled=is_labeled, comes_back=comes_back)
    if new.was_cancelled and task.skip_queue == queue.REQUEUE_FOR_OTHERS:
        assignments.give_up(tx, task.id, user_id)


def _check_result(task: TaskState, result: bytes) -> int:
    return validate_result(parse_config(task.label_config), result).result_count


def _check_reviewer(grant: Grant, act: str) -> None:
    if not grant.may_review:
        raise Forbidden("review-only", f"Only a reviewer may {act}. Ask a manager of the workspace.")


def _check_owner(grant: Grant, row: Mapping[str, Any]) -> None:
    if row["completed_by"] == grant.actor.user_id or grant.may_review:
        return
    if grant.is_narrow:
        raise no_annotation(row["id"])
    raise Forbidden(
        "not-your-annotation", f"Annotation {row['id']} is another person's; a reviewer may change it."
    )


def _new_values(tx: Tx, grant: Grant, task: TaskState, new: NewAnnotation) -> dict[str, Any]:
    user_id = grant.actor.user_id
    return {
        "task_id": task.id,
        "project_id": task.project_id,
        "completed_by": user_id,
        "updated_by": user_id,
        "result": one_line(new.result),
        "was_cancelled": new.was_cancelled,
        "ground_truth": new.ground_truth,
        "lead_time": new.lead_time,
        "unique_id": new.unique_id or new_uuid(),
        "parent_prediction_id": new.parent_prediction,
        "parent_annotation_id": _checked_parent(tx, task, new.parent_annotation),
        "prediction": _prediction_text(tx, task, new.parent_prediction),
        "draft_created_at": _draft_begun(tx, user_id, new.draft_id),
        "import_id": None,
        "created_at": tx.now,
        "updated_at": tx.now,
    }


def _changed_values(
    grant: Grant, task: TaskState, row: Mapping[str, Any], changes: Mapping[str, Any]
) -> dict[str, Any]:
    """The parameters of `_CHANGE` for the row as ``changes`` leave it."""
    was_restored = row["last_action"] == versions.RESTORED
    after = {**row, **({"last_action": None} if was_restored else {}), **changes}
    if after["ground_truth"] != row["ground_truth"]:
        _check_reviewer(grant, "set ground truth")
    if "result" in changes:
        after["result_count"] = _check_result(task, changes["result"])
        after["result"] = one_line(changes["result"])
    return {f"new_{name}": after[name] for name in _WRITTEN}


def _checked_parent(tx: Tx, task: TaskState, parent_id: int | None) -> int | None:
    if parent_id is None:
        return None
    if place_of(tx, parent_id)["task_id"] != task.id:
        raise Invalid(
            "parent-elsewhere",
            f"Annotation {parent_id} belongs to another task.",
            fields={"parent_annotation": [f"Annotation {parent_id} belongs to another task."]},
        )
    return parent_id


def _prediction_text(tx: Tx, task: TaskState, prediction_id: int | None) -> str | None:
    if prediction_id is None:
        return None
    row = tx.execute(_PREDICTION, {"prediction_id": prediction_id, "of_task": task.id}).mappings().first()
    if row is None:
        raise Invalid(
            "parent-elsewhere",
            f"Task {task.id} has no prediction {prediction_id}.",
            fields={"parent_prediction": [f'Invalid pk "{prediction_id}" - object does not exist.']},
        )
    return msgspec.json.encode(rendering.prediction(dict(row), tx.now)).decode()


def _draft_begun(tx: Tx, user_id: int, draft_id: int | None) -> datetime | None:
    if draft_id is None:
        return None
    return tx.execute(_DRAFT_BEGUN, {"draft_id": draft_id, "of_user": user_id}).scalar()


def _count_change(tx: Tx, project_id: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    if after["result"] != before["result"]:
        uses = usage.uses_of(after["result"])
        uses.subtract(usage.uses_of(before["result"]))
        usage.add_uses(tx, project_id, uses)
    if any(after[name] != before[name] for name in ("was_cancelled", "lead_time")):
        progress.add_work(tx, project_id, (before,), sign=-1)
        progress.add_work(tx, project_id, (after,))


def _record(tx: Tx, grant: Grant, kind: str, task: TaskState, annotation_id: int) -> None:
    events.record(
        tx,
        kind,
        actor_id=grant.actor.user_id,
        project_id=task.project_id,
        subject_id=annotation_id,
        payload={"task": task.id},
    )
