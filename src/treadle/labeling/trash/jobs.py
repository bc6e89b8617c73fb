"""Deleting and restoring much, as jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from treadle import jobs
from treadle.access import Grant
from treadle.db import Database, Tx
from treadle.jobs import Job, JobKind, JobRun
from treadle.labeling import selections
from treadle.labeling.filters import TaskQuery
from treadle.labeling.selections import Selection
from treadle.labeling.trash import deletions, moving
from treadle.labeling.trash.deletions import Deletion, Kind
from treadle.labeling.trash.restoring import restore_batch, task_is_deleted
from treadle.permissions import Permission

DELETE, RESTORE = "delete", "restore"
_BATCH = 40


class DeleteOrder(msgspec.Struct, frozen=True):
    """Delete the tasks of a selection, or what was done on them."""

    deletion_id: int
    selection: Selection
    #: Of annotations, only this person's.
    done_by: int | None = None
    #: Of predictions, only those of this version of a model.
    model_version: str | None = None


class RestoreOrder(msgspec.Struct, frozen=True):
    """Restore a deletion."""

    deletion_id: int


class Outcome(msgspec.Struct, frozen=True):
    """What a job did: ``count`` items; None where nothing was to be deleted."""

    count: int
    deletion: int | None


def start_deleting(
    tx: Tx, grant: Grant, kind: Kind, query: TaskQuery, *, done_by: int | None = None
) -> tuple[Job, int]:
    """Order the deletion of the query's tasks, or of all annotations or predictions on them.

    done_by: of annotations, only this person's.
    Returns the job and the deletion. Raises Invalid naming a filter that is wrong.
    """
    return _order(tx, grant, kind, DeleteOrder(0, selections.select_now(tx, grant, query), done_by))


def start_deleting_version(tx: Tx, grant: Grant, model_version: str) -> tuple[Job, int]:
    """Order the deletion of the project's predictions by one version of a model; the job and the deletion."""
    holding = {"filter": "filter:tasks:predictions_model_versions", "operator": "contains"}
    filters = {"conjunction": "and", "items": [{**holding, "type": "String", "value": model_version}]}
    selection = selections.select_now(tx, grant, TaskQuery(filters))
    return _order(tx, grant, "predictions", DeleteOrder(0, selection, model_version=model_version))


def start_restoring(tx: Tx, grant: Grant, deletion_id: int) -> Job:
    """Order a deletion to be restored; the job. Raises as `deletions.begin_restoring`."""
    deletions.begin_restoring(tx, deletion_id)
    return jobs.submit(tx, grant, RESTORE, RestoreOrder(deletion_id))


def settle_left(tx: Tx, deletion: Deletion, *, by: int | None) -> Deletion:
    """The deletion, settled if the job that was at it ended, and could not settle it itself."""
    if deletion.state == "running":
        is_left = deletion.job_id is None or jobs.get(tx, deletion.job_id).is_final
    elif deletion.state == "restoring":
        restoring = jobs.list_unfinished(tx, RESTORE, deletion.project_id)
        order = msgspec.json.encode(RestoreOrder(deletion.id)).decode()
        is_left = all(job.payload != order for job in restoring)
    else:
        is_left = False
    if not is_left:
        return deletion
    deletions.settle(tx, deletion.id, by=by)
    return deletions.get(tx, deletion.id)


def delete_again(tx: Tx, grant: Grant, job: Job) -> Job:
    """Order what an ended job did not delete, as a deletion of its own; the job."""
    order = msgspec.json.decode(job.payload, type=DeleteOrder)
    kind = deletions.get(tx, order.deletion_id).kind
    return _order(tx, grant, kind, order)[0]


def restore_again(tx: Tx, grant: Grant, job: Job) -> Job:
    """Order what an ended job did not restore; the job. Raises as `deletions.begin_restoring`."""
    order = msgspec.json.decode(job.payload, type=RestoreOrder)
    deletions.begin_restoring(tx, order.deletion_id)
    return jobs.submit(tx, grant, RESTORE, order)


def run_delete(run: JobRun) -> dict[str, Any]:
    """Choose, delete batch by batch, and say so."""
    order = run.decode(DeleteOrder)
    total = run.step("choose", selections.choose, run, order.selection)
    run.step("delete", _delete, run, order, total)
    return msgspec.to_builtins(run.step("end", _end, run, order))  # type: ignore[no-any-return]


def undo_delete(run: JobRun) -> None:
    """Restore what a deletion that failed or was cancelled had deleted."""
    order = run.decode(DeleteOrder)
    selections.forget(run)
    with run.database.read() as tx:
        deletion = deletions.get(tx, order.deletion_id)
    if deletion.state == "running":
        _restore_all(run.database, deletion, by=run.job.actor_id)
        with run.database.write() as tx:
            deletions.settle(tx, deletion.id, by=run.job.actor_id)


def run_restore(run: JobRun) -> dict[str, Any]:
    """Restore batch by batch, and say so."""
    order = run.decode(RestoreOrder)
    left = run.step("restore", _restore, run, order)
    return msgspec.to_builtins(run.step("end", _end_restoring, run, order, left))  # type: ignore[no-any-return]


def undo_restore(run: JobRun) -> None:
    """What is back stays; the rest can be restored another time."""
    with run.database.write() as tx:
        deletions.settle(tx, run.decode(RestoreOrder).deletion_id, by=run.job.actor_id)


DELETE_JOB = JobKind(DELETE, run_delete, Permission.TASK_WRITE, undo_delete)
RESTORE_JOB = JobKind(RESTORE, run_restore, Permission.TASK_WRITE, undo_restore)


def _order(tx: Tx, grant: Grant, kind: Kind, order: DeleteOrder) -> tuple[Job, int]:
    deletion_id = deletions.begin(tx, grant, kind)
    job = jobs.submit(tx, grant, DELETE, msgspec.structs.replace(order, deletion_id=deletion_id))
    deletions.name_job(tx, deletion_id, job.id)
    return job, deletion_id


def _delete(run: JobRun, order: DeleteOrder, total: int) -> int:
    with run.database.read() as tx:
        deletion = deletions.get(tx, order.deletion_id)

    def move(tx: Tx, task_ids: Sequence[int]) -> int:
        if deletion.kind == "tasks":
            return moving.move_tasks(tx, deletion, task_ids)
        if order.model_version is not None:
            return moving.move_version(tx, deletion, task_ids, order.model_version)
        if deletion.kind == "predictions":
            return moving.move_predictions_of(tx, deletion, task_ids)
        return moving.move_work(tx, deletion, task_ids, by=order.done_by)

    return selections.work_through(run, total, move, verb="Deleted")


def _end(run: JobRun, order: DeleteOrder) -> Outcome:
    selections.forget(run)
    with run.database.write() as tx:
        if deletions.forget_empty(tx, order.deletion_id):
            return Outcome(0, None)
        deletion = deletions.get(tx, order.deletion_id)
        if deletion.state == "running":
            deletion = deletions.end(tx, order.deletion_id)
    return Outcome(deletion.item_count, deletion.id)


def _restore(run: JobRun, order: RestoreOrder) -> int:
    with run.database.read() as tx:
        deletion = deletions.get(tx, order.deletion_id)

    def report(done: int) -> None:
        run.check_cancelled()
        run.report(min(done, deletion.item_count), deletion.item_count, f"Restored {done}")

    return _restore_all(run.database, deletion, by=run.job.actor_id, report=report)


def _restore_all(
    database: Database, deletion: Deletion, *, by: int | None, report: Callable[[int], None] | None = None
) -> int:
    """Restore every batch that is in the trash; how many items were left there."""
    done, left, after = 0, 0, 0
    while True:
        began_s = time.monotonic()
        with database.write() as tx:
            batch = restore_batch(tx, deletion, by=by, after=after, most=_BATCH)
        if batch.last_id is None:
            return left
        selections.leave_turn(began_s)
        done, left, after = done + batch.restored, left + batch.left, batch.last_id
        if report is not None:
            report(done)


def _end_restoring(run: JobRun, order: RestoreOrder, left: int) -> Outcome:
    with run.database.write() as tx:
        deletion = deletions.get(tx, order.deletion_id)
        if left and left == deletion.item_count:
            raise task_is_deleted(tx, deletion)
        if deletion.state == "restoring":
            deletions.end_restoring(tx, deletion.id, by=run.job.actor_id, left=left)
    return Outcome(deletion.item_count - left, deletion.id)
