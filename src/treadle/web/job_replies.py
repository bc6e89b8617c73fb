"""What a request that started a job answers."""

from __future__ import annotations

from typing import Any

import msgspec

from treadle.errors import (
    Conflict,
    Defect,
    Forbidden,
    Invalid,
    NotFound,
    TreadleError,
    Unavailable,
    Unsupported,
)
from treadle.jobs import Job, JobState, wait_for
from treadle.web.call import Call

#: How long a client is kept waiting for the worker; then it is told which job to follow.
WAIT_S = 600.0

_CLASSES: dict[str, type[TreadleError]] = {
    each.__name__: each for each in (Conflict, Forbidden, Invalid, NotFound, Unavailable, Unsupported)
}


def wants_no_wait(call: Call) -> bool:
    """Did the client ask for the job at once (``Prefer: respond-async``)?"""
    return "respond-async" in call.headers.get("prefer", "")


async def wait_to_end(call: Call, job: Job) -> Job:
    """The job once it is done; as it is where that takes longer than anybody waits.

    Raises the error that ended it, as if it had happened here.
    """
    ended = await wait_for(call.parts.database, job.id, WAIT_S)
    if ended.is_final:
        raise_failure(ended)
    return ended


def raise_failure(job: Job) -> None:
    """Nothing for a job that is done; otherwise the error that ended it, as if it had happened here.

    Raises Unavailable("job-unfinished") for one that has not ended.
    """
    if job.state is JobState.DONE:
        return
    if not job.is_final:
        text = f"Job {job.id} has not ended yet. Ask again, or follow it at /api/jobs/{job.id}."
        raise Unavailable("job-unfinished", text, details={"retry_after_s": 1})
    if job.state is JobState.CANCELLED:
        raise Conflict("job-cancelled", f"Job {job.id} was cancelled.")
    error: dict[str, Any] = msgspec.json.decode(job.error or "{}")
    kind = _CLASSES.get(str(error.get("category")), Defect)
    raise kind(
        str(error.get("code", "job-failed")),
        str(error.get("message", f"Job {job.id} failed.")),
        fields=error.get("fields") or {},
    )
