"""Rows into the trash, one batch in one transaction.

Each verb locks the tasks first, in the order of ids, then moves what is still there, and keeps
tallies and counters true; what is gone already is skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Table, bindparam, delete, select

from treadle import events
from treadle.db import Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import drafts, predictions, tasks, trash
from treadle.labeling.tally import lock_task, sum_up
from treadle.labeling.trash import content, deletions
from treadle.labeling.trash.content import Content, StoredRow, by_id
from treadle.labeling.trash.counting import count_predictions, count_tasks, retally
from treadle.labeling.trash.deletions import Deletion

_IN_PROJECT = tasks.c.project_id == bindparam("project_id")
_LOCK = Prepared(
    select(tasks.c.id)
    .where(_IN_PROJECT, one_of(tasks.c.id, "ids"))
    .order_by(tasks.c.id)
    .with_for_update(of=tasks)
)


def _tasks_of(table: Table) -> Prepared:
    return Prepared(select(table.c.task_id).where(one_of(table.c.id, "ids")).distinct())


def _delete(table: Table) -> Prepared:
    return Prepared(delete(table).where(one_of(table.c.id, "ids")))


_TASKS_OF_ANNOTATIONS, _TASKS_OF_PREDICTIONS = _tasks_of(schema.annotations), _tasks_of(predictions)
_DELETE_TASKS, _DELETE_ANNOTATIONS = _delete(tasks), _delete(schema.annotations)
_DELETE_PREDICTIONS, _DELETE_DRAFTS = _delete(predictions), _delete(drafts)
_TRASH_COLUMNS = ("deletion_id", "kind", "row_id", "content")


def move_tasks(tx: Tx, deletion: Deletion, task_ids: Sequence[int]) -> int:
    """Move these tasks of the deletion's project with all work on them; how many were there."""
    ids = lock_tasks(tx, deletion.project_id, task_ids)
    if not ids:
        return 0
    rows = content.TASKS.read(tx, ids)
    done = by_id(content.ANNOTATIONS_OF_TASKS.read(tx, ids), "task_id")
    predicted = by_id(content.PREDICTIONS_OF_TASKS.read(tx, ids), "task_id")
    begun = by_id(content.DRAFTS_OF_TASKS.read(tx, ids), "task_id")
    handed = by_id(content.HANDOUTS_OF_TASKS.read(tx, ids), "task_id")
    work = (done, predicted, begun, handed)
    kept = [(row["id"], Content(row, *(each.get(row["id"], []) for each in work))) for row in rows]
    _keep(tx, deletion, "task", kept)
    tx.execute(_DELETE_TASKS, {"ids": id_list(ids)})
    count_tasks(tx, deletion.project_id, rows, sign=-1)
    sum_up(tx, deletion.project_id, [row for each in done.values() for row in each], sign=-1)
    _note(tx, deletion, ids)
    return len(ids)


def move_annotations(tx: Tx, deletion: Deletion, annotation_ids: Sequence[int]) -> int:
    """Move these annotations with their drafts; how many were there."""
    held = _lock_tasks_of(tx, deletion, _TASKS_OF_ANNOTATIONS, annotation_ids)
    rows = [row for row in content.ANNOTATIONS.read(tx, annotation_ids) if row["task_id"] in held]
    return _move_annotations(tx, deletion, rows)


def move_work(tx: Tx, deletion: Deletion, task_ids: Sequence[int], *, by: int | None = None) -> int:
    """Move the annotations and drafts of these tasks, everybody's or one person's; how many annotations."""
    ids = lock_tasks(tx, deletion.project_id, task_ids)
    loose = [
        row
        for row in content.DRAFTS_OF_TASKS.read(tx, ids)
        if row["annotation_id"] is None and by in (None, row["user_id"])
    ]
    _keep(tx, deletion, "draft", [(row["id"], Content(drafts=[row])) for row in loose])
    tx.execute(_DELETE_DRAFTS, {"ids": id_list([row["id"] for row in loose])})
    done = content.ANNOTATIONS_OF_TASKS.read(tx, ids)
    return _move_annotations(tx, deletion, [row for row in done if by in (None, row["completed_by"])])


def move_predictions(tx: Tx, deletion: Deletion, prediction_ids: Sequence[int]) -> int:
    """Move these predictions; how many were there."""
    held = _lock_tasks_of(tx, deletion, _TASKS_OF_PREDICTIONS, prediction_ids)
    rows = [row for row in content.PREDICTIONS.read(tx, prediction_ids) if row["task_id"] in held]
    return _move_predictions(tx, deletion, rows)


def move_predictions_of(tx: Tx, deletion: Deletion, task_ids: Sequence[int]) -> int:
    """Move all predictions of these tasks; how many there were."""
    ids = lock_tasks(tx, deletion.project_id, task_ids)
    return _move_predictions(tx, deletion, content.PREDICTIONS_OF_TASKS.read(tx, ids))


def move_version(tx: Tx, deletion: Deletion, task_ids: Sequence[int], model_version: str) -> int:
    """Move those predictions of these tasks that this version of a model made; how many there were."""
    ids = lock_tasks(tx, deletion.project_id, task_ids)
    rows = content.PREDICTIONS_OF_TASKS.read(tx, ids)
    return _move_predictions(tx, deletion, [row for row in rows if row["model_version"] == model_version])


def lock_tasks(tx: Tx, project_id: int, task_ids: Iterable[int]) -> list[int]:
    """Those of the tasks that are in the project, in the order of ids, locked."""
    wanted = {"project_id": project_id, "ids": id_list(list(task_ids))}
    return [row["id"] for row in tx.execute(_LOCK, wanted).all()]


def _lock_tasks_of(tx: Tx, deletion: Deletion, statement: Prepared, ids: Sequence[int]) -> set[int]:
    found = [row["task_id"] for row in tx.execute(statement, {"ids": id_list(ids)}).all()]
    return set(lock_tasks(tx, deletion.project_id, found))


def _move_annotations(tx: Tx, deletion: Deletion, rows: Sequence[StoredRow]) -> int:
    if not rows:
        return 0
    ids = [row["id"] for row in rows]
    begun = by_id(content.DRAFTS_OF_ANNOTATIONS.read(tx, ids), "annotation_id")
    before = [lock_task(tx, task_id) for task_id in sorted({row["task_id"] for row in rows})]
    kept = [(row["id"], Content(annotations=[row], drafts=begun.get(row["id"], []))) for row in rows]
    _keep(tx, deletion, "annotation", kept)
    tx.execute(_DELETE_ANNOTATIONS, {"ids": id_list(ids)})
    retally(tx, before, by=deletion.user_id)
    sum_up(tx, deletion.project_id, rows, sign=-1)
    _note(tx, deletion, ids, of_tasks=[task.id for task in before])
    return len(ids)


def _move_predictions(tx: Tx, deletion: Deletion, rows: Sequence[StoredRow]) -> int:
    if not rows:
        return 0
    ids = [row["id"] for row in rows]
    _keep(tx, deletion, "prediction", [(row["id"], Content(predictions=[row])) for row in rows])
    tx.execute(_DELETE_PREDICTIONS, {"ids": id_list(ids)})
    count_predictions(tx, deletion.project_id, rows, sign=-1)
    _note(tx, deletion, ids)
    return len(ids)


def _keep(tx: Tx, deletion: Deletion, kind: str, items: Sequence[tuple[int, Content]]) -> None:
    rows = [(deletion.id, kind, row_id, content.encode(item)) for row_id, item in items]
    tx.insert_rows(trash, _TRASH_COLUMNS, rows)


def _note(tx: Tx, deletion: Deletion, ids: Sequence[int], *, of_tasks: Sequence[int] = ()) -> None:
    """of_tasks: whose work is gone, which nothing tells afterwards."""
    deletions.add(tx, deletion.id, len(ids))
    theirs = {"tasks": list(of_tasks)} if of_tasks else {}
    events.record(
        tx,
        f"{deletion.kind}.deleted",
        actor_id=deletion.user_id,
        project_id=deletion.project_id,
        subject_id=deletion.id,
        payload={"deletion": deletion.id, deletion.kind: list(ids), **theirs},
    )
