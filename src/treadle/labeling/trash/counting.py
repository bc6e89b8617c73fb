"""What is counted of rows that go into the trash (``sign`` -1) or come back (1), as the rows say it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select, update

from treadle.db import Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import tasks
from treadle.labeling import assignments, retired
from treadle.labeling.tally import TaskState, add_to_counters, count_task
from treadle.labeling.trash.content import StoredRow, by_id

_ADD_PREDICTIONS = Prepared(
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"))
    .values(total_predictions=tasks.c.total_predictions + bindparam("more"))
)
_ASSIGNED = Prepared(select(tasks.c.id).where(one_of(tasks.c.id, "ids"), tasks.c.assignees > 0))


def count_tasks(tx: Tx, project_id: int, rows: Sequence[StoredRow], *, sign: int) -> None:
    """Count tasks in the project's counters, with what they add up to."""
    add_to_counters(
        tx,
        project_id,
        tasks=sign * len(rows),
        finished=sign * sum(row["is_labeled"] for row in rows),
        with_annotations=sign
        * sum(row["total_annotations"] > row["ground_truth_annotations"] for row in rows),
        completed=sign * sum(row["total_annotations"] for row in rows),
        cancelled=sign * sum(row["cancelled_annotations"] for row in rows),
        ground_truth=sign * sum(row["ground_truth_annotations"] for row in rows),
        predictions=sign * sum(row["total_predictions"] for row in rows),
        retired=sign * retired.count_retired(tx, [row["id"] for row in rows if not row["is_labeled"]]),
    )


def count_predictions(tx: Tx, project_id: int, rows: Sequence[StoredRow], *, sign: int) -> None:
    """Count predictions in their tasks and in the project."""
    for task_id, found in sorted(by_id(rows, "task_id").items()):
        tx.execute(_ADD_PREDICTIONS, {"of_task": task_id, "more": sign * len(found)})
    add_to_counters(tx, project_id, predictions=sign * len(rows))


def retally(tx: Tx, before: Sequence[TaskState], *, by: int | None) -> None:
    """Let tasks add up to the annotations that are there now; ``before``: as they were found."""
    for task in before:
        count_task(tx, task, by=by)
    recount_assigned(tx, [task.id for task in before])


def recount_assigned(tx: Tx, task_ids: Sequence[int]) -> None:
    """See who is waited for, on those of the tasks that are assigned to somebody."""
    assigned = [row["id"] for row in tx.execute(_ASSIGNED, {"ids": id_list(task_ids)}).all()]
    if assigned:
        assignments.recount(tx, assigned)
