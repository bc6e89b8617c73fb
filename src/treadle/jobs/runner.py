"""One job from its beginning, or from where it was, to its end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

import msgspec
from sqlalchemy.exc import InterfaceError, OperationalError

from treadle.access import (
    ORGANIZATION,
    Actor,
    Grant,
    ProjectScope,
    Scope,
    WorkspaceScope,
    allow,
)
from treadle.access.identities import identify_by_id
from treadle.db import Tx
from treadle.errors import Defect, Forbidden, NotFound, TreadleError, Unavailable, telling_a_full_disk
from treadle.jobs import rows
from treadle.jobs.kinds import JobKind
from treadle.jobs.rows import Job, JobState
from treadle.jobs.run import JobCancelled, JobParts, JobRun, RunStep

logger = logging.getLogger(__name__)

_CANCELLED = "job-cancelled"
_UNDO_PAUSES_S = (0.1, 1.0)
# A deadlock, a lost connection, a full disk: what passes, and takes the undoing with it meanwhile.
_PASSING = (OperationalError, InterfaceError, OSError, Unavailable)
_ENDED = {JobState.DONE: "Done", JobState.FAILED: "Failed", JobState.CANCELLED: "Cancelled"}


def run_job(parts: JobParts, kinds: Mapping[str, JobKind], job_id: str, run_step: RunStep) -> None:
    """Bring a job that is running by its row to its final state; nothing happens when it has one."""
    with parts.database.read() as tx:
        job = rows.get(tx, job_id)
    if job.state is not JobState.RUNNING:
        return
    kind = kinds.get(job.kind)
    if job.error is None:
        result = _try(parts, kind, job, run_step)
        if result is not None:
            _end(parts, job, JobState.DONE, result)
            return
    settle(parts, kinds, job_id)


def settle(parts: JobParts, kinds: Mapping[str, JobKind], job_id: str) -> None:
    """Undo a running job that was decided to have failed or to be cancelled, then say so.

    One that came to its end meanwhile keeps what it made. One that cannot be undone for now stays running,
    and is undone when a worker next looks after what runs.
    """
    with parts.database.read() as tx:
        job = rows.get(tx, job_id)
    if job.state is not JobState.RUNNING:
        return
    kind = kinds.get(job.kind)
    if kind is not None and kind.undo is not None:
        run = JobRun(job, parts, _run_plainly, held_grant=None)
        if not _undo(kind.undo, run):
            return
    code = msgspec.json.decode(job.error or "{}").get("code")
    _end(parts, job, JobState.CANCELLED if code == _CANCELLED else JobState.FAILED, None)


def give_up(parts: JobParts, kinds: Mapping[str, JobKind], job_id: str) -> None:
    """Fail a job that is running by its row, and that nothing will bring to an end any more."""
    text = f"No worker could bring job {job_id} to an end. The server's log says more; submit it anew."
    _decide(parts, job_id, Defect("job-lost", text))
    settle(parts, kinds, job_id)


def run_in_place(parts: JobParts, kind: JobKind, job_id: str) -> Job:
    """Run a queued job here and now, to its end, in the caller's thread; its steps outlive no crash."""
    with parts.database.write() as tx:
        rows.claim(tx, job_id)
    run_job(parts, {kind.name: kind}, job_id, _run_plainly)
    with parts.database.read() as tx:
        return rows.get(tx, job_id)


def _run_plainly(_name: str, call: Callable[[], str]) -> str:
    return call()


def _try(parts: JobParts, kind: JobKind | None, job: Job, run_step: RunStep) -> str | None:
    """The job's result as JSON; None when it failed, which is then decided."""
    try:
        if kind is None:
            raise Defect("job-kind", f"This Treadle knows no job of the kind {job.kind!r}. Start it anew.")
        run = JobRun(job, parts, run_step, _hold(parts, kind, job))
        run.check_cancelled()
        run.log(f"{'Goes on' if job.log else 'Began'}, for {run.actor.email}")
        with telling_a_full_disk("a file of the job"):
            return msgspec.json.encode(kind.run(run)).decode()
    except JobCancelled:
        error = TreadleError(_CANCELLED, "The job was cancelled.")
    except TreadleError as raised:
        error = raised
    except Exception as raised:
        logger.exception("A job failed on a defect", extra={"job": job.id, "kind": job.kind})
        error = _defect(job, raised)
    _decide(parts, job.id, error)
    return None


def _undo(undo: Callable[[JobRun], None], run: JobRun) -> bool:
    """Whether the job can be ended: it is undone, or nothing will ever undo it."""
    for pause_s in _UNDO_PAUSES_S:
        if _try_undo(undo, run) is None:
            return True
        time.sleep(pause_s)
    return not isinstance(_try_undo(undo, run), _PASSING)


def _try_undo(undo: Callable[[JobRun], None], run: JobRun) -> Exception | None:
    try:
        undo(run)
    except Exception as error:
        logger.exception("A job could not be undone", extra={"job": run.job.id, "kind": run.job.kind})
        return error
    return None


def _hold(parts: JobParts, kind: JobKind, job: Job) -> Grant:
    with parts.database.read() as tx:
        actor = _find_actor(tx, job)
        try:
            return allow(tx, actor, kind.permission, _scope(job))
        except NotFound as error:
            raise Forbidden(
                "job-place-gone",
                f"Job {job.id} cannot go on: what it works on was deleted, or {actor.email} lost the role "
                "there. Restore either, then repeat it.",
            ) from error


def _scope(job: Job) -> Scope:
    if job.project_id is not None:
        return ProjectScope(job.project_id)
    if job.workspace_id is not None:
        return WorkspaceScope(job.workspace_id)
    return ORGANIZATION


def _find_actor(tx: Tx, job: Job) -> Actor:
    identity = None if job.actor_id is None else identify_by_id(tx, job.actor_id)
    if identity is None:
        raise Forbidden("job-actor", f"Whoever submitted job {job.id} is no longer here. Submit it yourself.")
    return identity.actor


def _defect(job: Job, raised: Exception) -> Defect:
    text = f"Job {job.id} failed on a defect ({type(raised).__name__}). The server's log says more."
    return Defect("defect", text)


def _decide(parts: JobParts, job_id: str, error: TreadleError) -> None:
    with parts.database.write() as tx:
        told = {"category": type(error).__name__, "code": error.code, "message": error.message}
        rows.write_error(tx, job_id, {**told, "fields": error.fields})
        rows.append_log(tx, job_id, error.message)


def _end(parts: JobParts, job: Job, state: JobState, result: str | None) -> None:
    with parts.database.write() as tx:
        rows.append_log(tx, job.id, _ENDED[state])
        rows.end(tx, job.id, state, result)
    logger.info("A job ended", extra={"job": job.id, "kind": job.kind, "state": state.value})
