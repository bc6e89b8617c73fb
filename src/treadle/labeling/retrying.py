"""Doing a job again that failed or was cancelled: which kinds can, and how each is ordered anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from treadle import jobs
from treadle.access import Actor, Grant, ProjectScope, allow
from treadle.db import Tx
from treadle.errors import Conflict
from treadle.jobs import Job, JobKind, JobState
from treadle.labeling import trash
from treadle.labeling.actions import ACCEPT_JOB, ASSIGN_JOB, accept_again
from treadle.labeling.exports import EXPORT_JOB, SNAPSHOT_JOB
from treadle.labeling.field_indexes import DROP_JOB
from treadle.labeling.imports import IMPORT_JOB, ImportOrder, start_import
from treadle.labeling.overlap import OVERLAP_JOB


@dataclass(frozen=True)
class Retry:
    """A kind of job that can be done again; ``order`` submits it anew for who holds the grant."""

    kind: JobKind
    order: Callable[[Tx, Grant, Job], Job]
    #: Whether what the job needs is kept, by its payload.
    is_kept: Callable[[str], bool] = lambda _payload: True


def same_again(tx: Tx, grant: Grant, job: Job) -> Job:
    """Order exactly what was ordered before."""
    return jobs.submit(tx, grant, job.kind, msgspec.json.decode(job.payload))


def import_again(tx: Tx, grant: Grant, job: Job) -> Job:
    """Order an import of the same uploads or addresses."""
    order = msgspec.json.decode(job.payload, type=ImportOrder)
    return start_import(tx, grant, order.upload_ids, plan=order.plan)[0]


def keeps_its_files(payload: str) -> bool:
    """Whether what an import reads is still there: what came with its request went when it failed."""
    order = msgspec.json.decode(payload, type=ImportOrder)
    came_along = order.plan.body_key is not None or (order.owns_uploads and order.upload_ids)
    return not came_along and bool(order.upload_ids or order.plan.urls)


#: Other kinds belong to something that went when they failed, and that is ordered anew itself.
RETRIES: tuple[Retry, ...] = (
    Retry(IMPORT_JOB, import_again, keeps_its_files),
    Retry(EXPORT_JOB, same_again),
    Retry(SNAPSHOT_JOB, same_again),
    Retry(ACCEPT_JOB, accept_again),
    Retry(ASSIGN_JOB, same_again),
    Retry(OVERLAP_JOB, same_again),
    Retry(DROP_JOB, same_again),
    Retry(trash.DELETE_JOB, trash.delete_again),
    Retry(trash.RESTORE_JOB, trash.restore_again),
)
_BY_NAME = {each.kind.name: each for each in RETRIES}
_ENDED_BADLY = (JobState.FAILED, JobState.CANCELLED)


def can_be_retried(kind: str, state: JobState, payload: str) -> bool:
    """Whether a job of a project can be done again, by somebody with the permission of its kind."""
    return state in _ENDED_BADLY and kind in _BY_NAME and _BY_NAME[kind].is_kept(payload)


def retry(tx: Tx, actor: Actor, job: Job) -> Job:
    """Order again what a job that the actor sees did not bring to its end; the new job, of the actor.

    Raises Forbidden where the actor lacks the permission of the kind, Conflict("job-not-ended"),
    Conflict("job-not-retryable"), or what ordering it anew raises.
    """
    if job.state not in _ENDED_BADLY:
        raise Conflict(
            "job-not-ended", f"Job {job.id} is {job.state.value}; repeat one that failed or was cancelled."
        )
    if job.project_id is None or not can_be_retried(job.kind, job.state, job.payload):
        raise Conflict(
            "job-not-retryable",
            f"What job {job.id} ({job.kind}) worked on went when it ended. Order it anew, with its files.",
        )
    known = _BY_NAME[job.kind]
    grant = allow(tx, actor, known.kind.permission, ProjectScope(job.project_id))
    return jobs.note_retry(tx, known.order(tx, grant, job), of=job)
