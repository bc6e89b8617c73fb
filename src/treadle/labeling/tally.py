"""What a task's annotations add up to, and the counters of its project.

Every change of annotations ends in `count_task` and is counted in or out, in its own transaction; a
reader never counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, func, select, update

from treadle.db import Tx, schema
from treadle.db.prepared import Prepared
from treadle.db.schema import project_counters, projects, tasks, users
from treadle.errors import NotFound
from treadle.labeling import progress, retired, usage

_NOBODY = -1
IGNORE_SKIPPED = "IGNORE_SKIPPED"


@dataclass(frozen=True)
class TaskState:
    """A task as a change finds it, locked until the transaction ends."""

    id: int
    project_id: int
    overlap: int
    is_labeled: bool
    completed: int
    cancelled: int
    ground_truth: int
    label_config: str
    skip_queue: str

    @property
    def useful(self) -> int:
        """Annotations that are neither cancelled nor ground truth."""
        return self.completed - self.ground_truth


def _count_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_a = schema.annotations.c
_TALLY = Prepared(
    select(
        _count_where(_a.was_cancelled.is_(False)).label("completed"),
        _count_where(_a.was_cancelled.is_(True)).label("cancelled"),
        _count_where(_a.ground_truth.is_(True) & _a.was_cancelled.is_(False)).label("ground_truth"),
        func.count(
            func.distinct(case((_a.was_cancelled.is_(False), func.coalesce(_a.completed_by, _NOBODY))))
        ).label("annotators"),
        func.count(func.distinct(func.coalesce(_a.completed_by, _NOBODY))).label("seen_by"),
    ).where(_a.task_id == bindparam("task_id"))
)

_LOCKED: Select[Any] = (
    select(
        tasks.c.id,
        tasks.c.project_id,
        tasks.c.overlap,
        tasks.c.is_labeled,
        tasks.c.total_annotations.label("completed"),
        tasks.c.cancelled_annotations.label("cancelled"),
        tasks.c.ground_truth_annotations.label("ground_truth"),
        projects.c.label_config,
        projects.c.skip_queue,
    )
    .join(projects, projects.c.id == tasks.c.project_id)
    .where(tasks.c.id == bindparam("task_id"))
)
# With the names of the person, so that a save need not ask for them.
_LOCK_TASK_FOR = Prepared(
    _LOCKED.add_columns(users.c.email, users.c.first_name, users.c.last_name)
    .join(users, users.c.id == bindparam("user_id"))
    .with_for_update(of=tasks)
)
_LOCK_TASK = Prepared(_LOCKED.with_for_update(of=tasks))

_SET_TASK = Prepared(
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"))
    .values(
        total_annotations=bindparam("completed"),
        cancelled_annotations=bindparam("cancelled"),
        ground_truth_annotations=bindparam("ground_truth"),
        is_labeled=bindparam("labeled"),
        updated_at=bindparam("at"),
        updated_by=bindparam("by"),
    )
)

_SUMMED = select(_a.result, _a.created_at, _a.completed_by, _a.was_cancelled, _a.lead_time, _a.import_id)

_c = project_counters.c
_ADD = Prepared(
    update(project_counters)
    .where(_c.project_id == bindparam("of_project"))
    .values(
        task_number=_c.task_number + bindparam("tasks"),
        finished_task_number=_c.finished_task_number + bindparam("finished"),
        tasks_with_annotations=_c.tasks_with_annotations + bindparam("with_annotations"),
        total_annotations=_c.total_annotations + bindparam("completed"),
        skipped_annotations=_c.skipped_annotations + bindparam("cancelled"),
        ground_truth_annotations=_c.ground_truth_annotations + bindparam("ground_truth"),
        total_predictions=_c.total_predictions + bindparam("predictions"),
        # A retired task that is labelled now is none of those that are not, and the other way round.
        retired_task_number=_c.retired_task_number
        + bindparam("retired")
        - bindparam("finished") * func.coalesce(retired.of_one("of_task"), 0),
    )
)
_NOTHING = {
    "tasks": 0,
    "finished": 0,
    "with_annotations": 0,
    "completed": 0,
    "cancelled": 0,
    "ground_truth": 0,
    "predictions": 0,
    "retired": 0,
    "of_task": 0,
}


def lock_task(tx: Tx, task_id: int) -> TaskState:
    """The task's state; nobody else changes its annotations before this transaction ends.

    Raises NotFound("task-not-found").
    """
    row = tx.execute(_LOCK_TASK, {"task_id": task_id}).first()
    if row is None:
        raise no_task(task_id)
    return TaskState(**row)


def lock_task_for(tx: Tx, task_id: int, user_id: int) -> tuple[TaskState, Mapping[str, Any]]:
    """As `lock_task`, with the e-mail and the names of a person who is there."""
    row = tx.execute(_LOCK_TASK_FOR, {"task_id": task_id, "user_id": user_id}).first()
    if row is None:
        raise no_task(task_id)
    person = {name: row.pop(name) for name in ("email", "first_name", "last_name")}
    return TaskState(**row), person


def lock_tasks(tx: Tx, condition: ColumnElement[bool]) -> list[int]:
    """The ids of the tasks that meet ``condition``, all locked as by `lock_task`, before any counter is.

    In the order of ids: of two that lock many, or of one and a save, none waits for the other in a ring.
    """
    chosen = select(tasks.c.id).where(condition).order_by(tasks.c.id).with_for_update(of=tasks)
    return list(tx.execute(chosen).scalars())


def no_task(task_id: int) -> NotFound:
    """The error for a task that is not there or not one's own."""
    return NotFound("task-not-found", f"No Task matches the given query. There is no task {task_id}.")


def count_task(tx: Tx, before: TaskState, *, by: int | None) -> bool:
    """Write down what the task adds up to after a change that found it at ``before``.

    Returns whether it now has all the annotations it needs.
    """
    return _write(tx, before, tx.execute(_TALLY, {"task_id": before.id}).one(), by=by)


def count_new(tx: Tx, before: TaskState, *, by: int | None, was_cancelled: bool, ground_truth: bool) -> bool:
    """As `count_task` after one annotation was added: of a task that had none, nothing is counted."""
    if before.completed or before.cancelled:
        return count_task(tx, before, by=by)
    is_done = not was_cancelled
    after = {
        "completed": int(is_done),
        "cancelled": int(was_cancelled),
        "ground_truth": int(ground_truth and is_done),
        "annotators": int(is_done),
        "seen_by": 1,
    }
    return _write(tx, before, after, by=by)


def _write(tx: Tx, before: TaskState, after: Mapping[str, Any], *, by: int | None) -> bool:
    done = after["seen_by"] if before.skip_queue == IGNORE_SKIPPED else after["annotators"]
    is_labeled = bool(done >= before.overlap and done > 0)
    numbers: dict[str, Any] = {
        "completed": after["completed"],
        "cancelled": after["cancelled"],
        "ground_truth": after["ground_truth"],
    }
    tx.execute(_SET_TASK, {"of_task": before.id, "labeled": is_labeled, "at": tx.now, "by": by, **numbers})
    add_to_counters(
        tx,
        before.project_id,
        of_task=before.id,
        finished=int(is_labeled) - int(before.is_labeled),
        with_annotations=int(after["completed"] > after["ground_truth"]) - int(before.useful > 0),
        completed=after["completed"] - before.completed,
        cancelled=after["cancelled"] - before.cancelled,
        ground_truth=after["ground_truth"] - before.ground_truth,
    )
    return is_labeled


def add_to_counters(tx: Tx, project_id: int, **changes: int) -> None:
    """Add (or, negative, take away) what changed in a project.

    ``changes``: any of tasks, finished, with_annotations, completed, cancelled, ground_truth, predictions,
    retired (those not labelled); ``of_task``: whose change it is, where it is one's.
    """
    tx.execute(_ADD, {"of_project": project_id, **_NOTHING, **changes})


def count_in(tx: Tx, project_id: int, condition: ColumnElement[bool]) -> None:
    """Count the labels and the work of annotations that are there anew: after they were put in.

    condition: on ``annotations``, of this one project.
    """
    sum_up(tx, project_id, _read_summed(tx, project_id, condition), sign=1)


def count_out(tx: Tx, project_id: int, condition: ColumnElement[bool]) -> None:
    """Take away what `count_in` and a submit counted: before the annotations are deleted."""
    sum_up(tx, project_id, _read_summed(tx, project_id, condition), sign=-1)


def sum_up(tx: Tx, project_id: int, rows: Sequence[Mapping[str, Any]], *, sign: int) -> None:
    """The same for rows of annotations at hand; an instant may be as the database stores it."""
    usage.add(tx, project_id, (row["result"] for row in rows), sign=sign)
    progress.add_work(tx, project_id, rows, sign=sign)


def _read_summed(tx: Tx, project_id: int, condition: ColumnElement[bool]) -> list[Mapping[str, Any]]:
    return tx.rows(_SUMMED.where(_a.project_id == project_id, condition))
