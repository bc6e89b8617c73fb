"""Waiting for a job's end without holding a thread."""

from __future__ import annotations

import asyncio
import time

from treadle.db import Database
from treadle.jobs.rows import Job, get

_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.25


async def wait_for(database: Database, job_id: str, timeout_s: float) -> Job:
    """The job once it has ended, or as it is after ``timeout_s`` seconds.

    Raises NotFound("job-not-found").
    """
    deadline_s = time.monotonic() + timeout_s
    pause_s = _FIRST_PAUSE_S
    while True:
        job = await asyncio.to_thread(_read, database, job_id)
        left_s = deadline_s - time.monotonic()
        if job.is_final or left_s <= 0:
            return job
        await asyncio.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)


def _read(database: Database, job_id: str) -> Job:
    with database.read() as tx:
        return get(tx, job_id)
