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
from treadle.labeling.actions import ACCEPT_JOB, ASSIGN_JOB
from treadle.labeling.exports import EXPORT_JOB, SNAPSHOT_JOB


@dataclass(frozen=True)
class Retry:
    """A kind of job that can be done again; ``order`` submits it anew for who holds the grant."""

    kind: JobKind
    order: Callable[[Tx, Grant, Job], Job]


def same_again(tx: Tx, grant: Grant, job: Job) -> Job:
    """Order exactly what was ordered before."""
    payload = msgspec.json.decode(job.payload)
    return jobs.submit(tx, grant, job.kind, payload, retry_of=job.id)


#: Kinds that are not here have lost what they need by the time that they failed, such as an upload.
RETRIES: tuple[Retry, ...] = (
    Retry(EXPORT_JOB, same_again),
    Retry(SNAPSHOT_JOB, same_again),
    Retry(ACCEPT_JOB, same_again),
    Retry(ASSIGN_JOB, same_again),
    Retry(trash.DELETE_JOB, trash.delete_again),
    Retry(trash.RESTORE_JOB, trash.restore_again),
)
_BY_NAME = {each.kind.name: each for each in RETRIES}
_ENDED_BADLY = (JobState.FAILED, JobState.CANCELLED)


def can_be_retried(kind: str, state: JobState, project_id: int | None) -> bool:
    """Whether a job can be done again, by somebody with the permission of its kind."""
    return state in _ENDED_BADLY and kind in _BY_NAME and project_id is not None


def retry(tx: Tx, actor: Actor, job: Job) -> Job:
    """Order again what a job that the actor sees did not bring to its end; the new job, of the actor.

    Raises Forbidden where the actor lacks the permission of the kind, Conflict("job-not-ended"),
    Conflict("job-not-retryable"), or what ordering it anew raises.
    """
    if job.state not in _ENDED_BADLY:
        raise Conflict(
            "job-not-ended",
            f"Job {job.id} is {job.state.value}; only a failed or cancelled one can be retried.",
        )
    if not can_be_retried(job.kind, job.state, job.project_id) or job.project_id is None:
        raise Conflict(
            "job-not-retryable",
            f"What job {job.id} ({job.kind}) worked on is not kept after it ended. Order it anew.",
        )
    known = _BY_NAME[job.kind]
    return known.order(tx, allow(tx, actor, known.kind.permission, ProjectScope(job.project_id)), job)
