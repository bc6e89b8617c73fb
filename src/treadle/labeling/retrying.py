"""Doing a job again that failed or was cancelled: which kinds can, and how each is ordered anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from treadle import jobs
from treadle.access import Actor, Grant, ProjectScope, allow
from treadle.db import Tx
from treadle.errors import Conflict
from treadle.jobs import Job, JobState
from treadle.labeling import trash
from treadle.labeling.actions import ACCEPT_JOB, ASSIGN_JOB, accept_again
from treadle.labeling.exports import EXPORT_JOB, SNAPSHOT_JOB
from treadle.labeling.field_indexes import DROP_JOB
from treadle.labeling.imports import IMPORT_JOB, ImportOrder, start_import
from treadle.labeling.overlap import OVERLAP_JOB
from treadle.permissions import Permission


@dataclass(frozen=True)
class Retry:
    """A kind of job, by name, that can be done again; ``order`` submits it anew for who holds the grant."""

    kind: str
    permission: Permission
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


#: Of this room; others have their own. What is in none belongs to something that went when it failed, and
#: that is ordered anew itself.
RETRIES: tuple[Retry, ...] = (
    Retry(IMPORT_JOB.name, IMPORT_JOB.permission, import_again, keeps_its_files),
    Retry(EXPORT_JOB.name, EXPORT_JOB.permission, same_again),
    Retry(SNAPSHOT_JOB.name, SNAPSHOT_JOB.permission, same_again),
    Retry(ACCEPT_JOB.name, ACCEPT_JOB.permission, accept_again),
    Retry(ASSIGN_JOB.name, ASSIGN_JOB.permission, same_again),
    Retry(OVERLAP_JOB.name, OVERLAP_JOB.permission, same_again),
    Retry(DROP_JOB.name, DROP_JOB.permission, same_again),
    Retry(trash.DELETE_JOB.name, trash.DELETE_JOB.permission, trash.delete_again),
    Retry(trash.RESTORE_JOB.name, trash.RESTORE_JOB.permission, trash.restore_again),
)
_ENDED_BADLY = (JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True)
class Retrying:
    """What can be done again, and how."""

    every: tuple[Retry, ...]

    def can_be_retried(self, kind: str, state: JobState, payload: str) -> bool:
        """Whether a job of a project can be done again, by somebody with the permission of its kind."""
        known = self._find(kind)
        return state in _ENDED_BADLY and known is not None and known.is_kept(payload)

    def retry(self, tx: Tx, actor: Actor, job: Job) -> Job:
        """Order again what a job that the actor sees did not bring to its end; the new job, of the actor.

        Raises Forbidden where the actor lacks the permission of the kind, Conflict("job-not-ended"),
        Conflict("job-not-retryable"), or what ordering it anew raises.
        """
        if job.state not in _ENDED_BADLY:
            raise Conflict(
                "job-not-ended",
                f"Job {job.id} is {job.state.value}; repeat one that failed or was cancelled.",
            )
        known = self._find(job.kind)
        if job.project_id is None or known is None or not known.is_kept(job.payload):
            raise Conflict(
                "job-not-retryable",
                f"What job {job.id} ({job.kind}) worked on went with its end. Order it anew, with its files.",
            )
        grant = allow(tx, actor, known.permission, ProjectScope(job.project_id))
        return jobs.note_retry(tx, known.order(tx, grant, job), of=job)

    def _find(self, kind: str) -> Retry | None:
        return next((each for each in self.every if each.kind == kind), None)
