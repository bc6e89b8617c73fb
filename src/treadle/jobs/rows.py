"""The row of a job, which is the truth about it, and what may be done to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec
from sqlalchemy import bindparam, insert, select, text, update

from treadle import events
from treadle.access import Actor, Grant
from treadle.db import Tx
from treadle.db.schema import jobs
from treadle.errors import Conflict, NotFound
from treadle.ids import new_uuid

#: PostgreSQL's channel on which a worker hears that a job may be waiting.
CHANNEL = "treadle_jobs"

_LOG_LIMIT_CHARACTERS = 64 * 1024


class JobState(str, Enum):
    """Where a job stands; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL_STATES = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


@dataclass(frozen=True)
class Job:
    """A job as its row says. ``payload``, ``result`` and ``error`` are JSON as it is stored."""

    id: str
    kind: str
    state: JobState
    actor_id: int | None
    workspace_id: int | None
    project_id: int | None
    payload: str
    progress_done: int
    progress_total: int
    message: str
    log: str
    result: str | None
    #: ``{"category", "code", "message", "fields"}``. It is decided before what was done is undone, hence
    #: before the state is final.
    error: str | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    retry_of: str | None
    #: JSON: where the job's long step is; see `JobRun.place`.
    place: str | None

    @property
    def is_final(self) -> bool:
        """Done, failed or cancelled: nothing will change any more."""
        return self.state in FINAL_STATES


_INSERT = insert(jobs)
_ONE = select(jobs).where(jobs.c.id == bindparam("job_id"))
_UNFINISHED = select(jobs.c.id).where(jobs.c.state == JobState.RUNNING.value).order_by(jobs.c.created_at)
_QUEUED = (
    select(jobs.c.id)
    .where(jobs.c.state == JobState.QUEUED.value)
    .order_by(jobs.c.created_at, jobs.c.id)
    .limit(bindparam("limit"))
)
_FOLLOWED = jobs.c.kind.in_(bindparam("followed", expanding=True))
_QUEUED_TO_FOLLOW, _QUEUED_TO_WORK = _QUEUED.where(_FOLLOWED), _QUEUED.where(~_FOLLOWED)
_THIS = jobs.c.id == bindparam("job_id")
_THIS_RUNNING = _THIS & (jobs.c.state == JobState.RUNNING.value)
_CLAIM = (
    update(jobs)
    .where(_THIS & (jobs.c.state == JobState.QUEUED.value))
    .values(state=JobState.RUNNING.value, started_at=bindparam("now"))
)
_PROGRESS = (
    update(jobs)
    .where(_THIS_RUNNING)
    .values(
        progress_done=bindparam("done"), progress_total=bindparam("total"), message=bindparam("new_message")
    )
)
_PLACE = update(jobs).where(_THIS).values(place=bindparam("new_place"))
_LOG = update(jobs).where(_THIS_RUNNING).values(log=bindparam("new_log"))
_ERROR = update(jobs).where(_THIS_RUNNING & jobs.c.error.is_(None)).values(error=bindparam("new_error"))
_CANCEL = update(jobs).where(_THIS).values(cancel_requested=True)
_CANCEL_OF_PROJECT = (
    update(jobs)
    .where(
        jobs.c.project_id == bindparam("of_project"),
        jobs.c.state.in_((JobState.QUEUED.value, JobState.RUNNING.value)),
    )
    .values(cancel_requested=True)
)
_END = (
    update(jobs)
    .where(_THIS_RUNNING)
    .values(state=bindparam("new_state"), result=bindparam("new_result"), finished_at=bindparam("now"))
)


def submit(
    tx: Tx,
    grant: Grant,
    kind: str,
    payload: object,
    *,
    workspace_id: int | None = None,
    project_id: int | None = None,
) -> Job:
    """Leave a job of ``kind`` to a worker; it begins once the transaction is committed.

    payload: what JSON can hold, or a Struct. The ids default to those of the grant; the permission of
    the kind is asked for again in that project, else in that workspace, when the job begins or resumes.
    """
    job_id = new_uuid()
    row = {
        "id": job_id,
        "kind": kind,
        "state": JobState.QUEUED.value,
        "actor_id": grant.actor.user_id,
        "workspace_id": grant.workspace_id if workspace_id is None else workspace_id,
        "project_id": grant.project_id if project_id is None else project_id,
        "payload": msgspec.json.encode(payload).decode(),
        "created_at": tx.now,
    }
    tx.execute(_INSERT, row)
    job = get(tx, job_id)
    _record(tx, job, "submitted")
    wake_workers(tx)
    return job


def note_retry(tx: Tx, job: Job, of: Job) -> Job:
    """Write down that ``job`` does again what the job ``of`` did not bring to its end; the job."""
    tx.execute(update(jobs).where(jobs.c.id == job.id).values(retry_of=of.id))
    return get(tx, job.id)


def get(tx: Tx, job_id: str) -> Job:
    """The job. Raises NotFound("job-not-found")."""
    row = tx.execute(_ONE, {"job_id": job_id}).mappings().first()
    if row is None:
        raise _missing(job_id)
    return _job(row)


def request_cancel(tx: Tx, actor: Actor, job: Job) -> Job:
    """Ask a job, which the actor may cancel, to stop at its next step boundary, or before it begins.

    Raises Conflict("job-ended").
    """
    if job.is_final:
        raise Conflict("job-ended", f"Job {job.id} is {job.state.value} already; there is nothing to cancel.")
    if not job.cancel_requested:
        tx.execute(_CANCEL, {"job_id": job.id})
        _record(tx, job, "cancel-requested", actor_id=actor.user_id)
        wake_workers(tx)
    return get(tx, job.id)


def cancel_of_project(tx: Tx, project_id: int) -> None:
    """Ask all jobs of a project to stop, whoever submitted them."""
    tx.execute(_CANCEL_OF_PROJECT, {"of_project": project_id})
    wake_workers(tx)


def wake_workers(tx: Tx) -> None:
    """Let workers know, at the commit, that there may be something to do."""
    # On SQLite the commit itself is what a worker looks out for.
    if tx.dialect == "postgresql":
        tx.execute(text(f"NOTIFY {CHANNEL}"))


def list_queued(tx: Tx, followed: Collection[str], *, limit: int, is_followed: bool) -> list[str]:
    """The ids of the queued jobs that are of the kinds ``followed``, or of all others; oldest first, at most
    ``limit``."""
    statement = _QUEUED_TO_FOLLOW if is_followed else _QUEUED_TO_WORK
    return list(tx.execute(statement, {"limit": limit, "followed": list(followed)}).scalars())


def ended_before(tx: Tx, kind: str, moment: datetime) -> list[str]:
    """The ids of jobs of this kind that ended before ``moment``."""
    old = select(jobs.c.id).where(jobs.c.kind == kind, jobs.c.finished_at < moment)
    return list(tx.execute(old).scalars())


def list_unfinished(tx: Tx, kind: str, project_id: int) -> list[Job]:
    """The jobs of this kind in a project that are queued or running."""
    unfinished = jobs.c.state.in_((JobState.QUEUED.value, JobState.RUNNING.value))
    theirs = select(jobs).where(jobs.c.kind == kind, jobs.c.project_id == project_id, unfinished)
    return [_job(row) for row in tx.execute(theirs).mappings()]


def list_running(tx: Tx) -> list[str]:
    """The ids of the jobs that some worker has begun and none has ended."""
    return list(tx.execute(_UNFINISHED).scalars())


def claim(tx: Tx, job_id: str) -> bool:
    """Whether the caller is the one who begins the queued job."""
    if tx.execute(_CLAIM, {"job_id": job_id, "now": tx.now}).rowcount == 0:
        return False
    _record(tx, get(tx, job_id), "started")
    return True


def write_progress(tx: Tx, job_id: str, done: int, total: int, *, message: str) -> None:
    """Show how far a running job is."""
    tx.execute(_PROGRESS, {"job_id": job_id, "done": done, "total": total, "new_message": _storable(message)})


def write_place(tx: Tx, job_id: str, place: str) -> None:
    """Keep where a job's long step is (JSON)."""
    tx.execute(_PLACE, {"job_id": job_id, "new_place": place})


def append_log(tx: Tx, job_id: str, line: str) -> None:
    """Add a line to the log of a running job, of which the end is kept."""
    log = f"{get(tx, job_id).log}{tx.now.isoformat(timespec='seconds')} {_storable(line)}\n"
    tx.execute(_LOG, {"job_id": job_id, "new_log": log[-_LOG_LIMIT_CHARACTERS:]})


def write_error(tx: Tx, job_id: str, error: Mapping[str, object]) -> None:
    """Decide that a running job has failed; the first such decision stands."""
    told = {name: _storable(each) if isinstance(each, str) else each for name, each in error.items()}
    tx.execute(_ERROR, {"job_id": job_id, "new_error": msgspec.json.encode(told).decode()})


def _storable(text: str) -> str:
    """Text without the character that PostgreSQL keeps in none: others' words are in it."""
    return text.replace("\0", "")


def end(tx: Tx, job_id: str, state: JobState, result: str | None = None) -> None:
    """Bring a running job to its final ``state``; nothing happens when it has one."""
    values = {"job_id": job_id, "new_state": state.value, "new_result": result, "now": tx.now}
    if tx.execute(_END, values).rowcount:
        _record(tx, get(tx, job_id), state.value)
        wake_workers(tx)


def _job(row: Mapping[Any, Any]) -> Job:
    return Job(**{**row, "state": JobState(row["state"])})


def _record(tx: Tx, job: Job, verb: str, *, actor_id: int | None = None) -> None:
    events.record(
        tx,
        f"job.{verb}",
        actor_id=job.actor_id if actor_id is None else actor_id,
        project_id=job.project_id,
        payload={"job": job.id, "kind": job.kind},
    )


def _missing(job_id: str) -> NotFound:
    return NotFound("job-not-found", f"There is no job {job_id!r} that you can see.")
