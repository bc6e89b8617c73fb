"""What one does to many tasks at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, select

from treadle import events
from treadle.access import Grant
from treadle.db import Tx, schema
from treadle.db.schema import predictions, tasks
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import tasks as task_verbs
from treadle.labeling.annotations import NewAnnotation
from treadle.labeling.filters import TaskQuery, condition_of
from treadle.labeling.tally import add_to_counters, count_out, count_task, lock_task, lock_tasks

_a = schema.annotations.c
_p = predictions.c


@dataclass(frozen=True)
class Action:
    """One action of the data manager."""

    id: str
    title: str
    order: int
    #: What Label Studio calls the permissions that its page asks for; ours are asked for by the route.
    permission: str | tuple[str, ...]
    text: str
    run: Callable[[Tx, Grant, TaskQuery], tuple[int, str]]


def delete_tasks(tx: Tx, grant: Grant, query: TaskQuery) -> tuple[int, str]:
    """Delete the tasks with all work on them; how many, and a sentence."""
    count = task_verbs.remove(tx, grant, condition_of(tx, grant, query))
    return count, f"Deleted {count} tasks"


def delete_annotations(tx: Tx, grant: Grant, query: TaskQuery) -> tuple[int, str]:
    """Delete everybody's annotations and drafts of the tasks; how many, and a sentence."""
    found = 0
    for task_id in lock_tasks(tx, condition_of(tx, grant, query)):
        found += _clear_task(tx, grant, task_id)
    return found, f"Deleted {found} annotations"


def delete_predictions(tx: Tx, grant: Grant, query: TaskQuery) -> tuple[int, str]:
    """Delete the predictions of the tasks; how many, and a sentence."""
    assert grant.project_id is not None
    condition = condition_of(tx, grant, query)
    lock_tasks(tx, condition)
    chosen = select(tasks.c.id).where(condition)
    count = tx.execute(delete(predictions).where(_p.task_id.in_(chosen))).rowcount
    tx.execute(tasks.update().where(tasks.c.id.in_(chosen)).values(total_predictions=0))
    add_to_counters(tx, grant.project_id, predictions=-count)
    events.record(tx, "predictions.deleted", actor_id=grant.actor.user_id, project_id=grant.project_id)
    return count, f"Deleted {count} predictions"


def accept_predictions(tx: Tx, grant: Grant, query: TaskQuery) -> tuple[int, str]:
    """Make the newest prediction of each task an annotation by the actor; how many, and a sentence."""
    count = 0
    for task_id in lock_tasks(tx, condition_of(tx, grant, query)):
        newest = tx.execute(
            select(_p.id, _p.result).where(_p.task_id == task_id).order_by(_p.id.desc()).limit(1)
        ).first()
        if newest is not None:
            new = NewAnnotation(newest.result.encode(), parent_prediction=newest.id)
            annotation_verbs.submit(tx, grant, task_id, new)
            count += 1
    return count, f"Created {count} annotations"


ACTIONS: tuple[Action, ...] = (
    Action(
        "predictions_to_annotations",
        "Create annotations from predictions",
        91,
        "tasks.change",
        "The newest prediction of each selected task becomes an annotation of yours.",
        accept_predictions,
    ),
    Action(
        "delete_tasks",
        "Delete tasks",
        100,
        "tasks.delete",
        "The selected tasks and all annotations, drafts and predictions on them are deleted.",
        delete_tasks,
    ),
    Action(
        "delete_tasks_annotations",
        "Delete annotations",
        101,
        ("tasks.change", "annotations.delete"),
        "Everybody's annotations and drafts of the selected tasks are deleted.",
        delete_annotations,
    ),
    Action(
        "delete_tasks_predictions",
        "Delete predictions",
        102,
        "predictions.any",
        "All predictions of the selected tasks are deleted.",
        delete_predictions,
    ),
)


def _clear_task(tx: Tx, grant: Grant, task_id: int) -> int:
    task = lock_task(tx, task_id)
    count_out(tx, task.project_id, _a.task_id == task_id)
    count = tx.execute(delete(schema.annotations).where(_a.task_id == task_id)).rowcount
    tx.execute(delete(schema.drafts).where(schema.drafts.c.task_id == task_id))
    if count:
        count_task(tx, task, by=grant.actor.user_id)
        events.record(
            tx,
            "annotations.deleted",
            actor_id=grant.actor.user_id,
            project_id=task.project_id,
            subject_id=task_id,
        )
    return count
