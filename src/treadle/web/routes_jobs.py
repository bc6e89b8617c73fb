"""How far a job is."""

from __future__ import annotations

from datetime import datetime

import msgspec

from treadle.jobs import Job, get_own
from treadle.web.call import Call
from treadle.web.routing import SIGNED_IN, Reply, Route, json_reply


class ProgressBody(msgspec.Struct):
    """``total`` is 0 while nobody knows it."""

    done: int
    total: int


class JobBody(msgspec.Struct):
    """A job; ``state`` is queued, running, done, failed or cancelled, the last three for good."""

    id: str
    kind: str
    state: str
    progress: ProgressBody
    message: str
    #: Once it is done.
    result: msgspec.Raw | None
    #: Once it failed: ``{"category", "code", "message", "fields"}``.
    error: msgspec.Raw | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def get_job(call: Call) -> Reply:
    with call.read() as tx:
        job = get_own(tx, call.actor, call.path_params["id"])
    return json_reply(_to_body(job))


def _to_body(job: Job) -> JobBody:
    return JobBody(
        id=job.id,
        kind=job.kind,
        state=job.state.value,
        progress=ProgressBody(job.progress_done, job.progress_total),
        message=job.message,
        result=_raw(job.result),
        # It stands in the row from the moment of the failure, while what was done is being undone.
        error=_raw(job.error) if job.is_final else None,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


def _raw(text: str | None) -> msgspec.Raw | None:
    return None if text is None else msgspec.Raw(text.encode())


ROUTES: tuple[Route, ...] = (
    # One's own jobs only: what a job says of its work is its submitter's.
    Route("GET", "/api/jobs/{id}/", get_job, SIGNED_IN, "Get a job", None, JobBody),
)
