"""Durable background work.

Promises: a job is submitted in the transaction of its cause, and is there exactly when that is; a step
that ended is never run again, over a crash, a restart or an upgrade; a job that fails or is cancelled
has undone what it did before anybody reads that it ended. Refuses: a step that returns something that
is not JSON; to run for a person who may no longer do it.

A step that was interrupted runs again, so each must be idempotent. What stands between the steps runs
again as well, and has to come to the same steps in the same order.
"""

from __future__ import annotations

from treadle.jobs.kinds import JobKind
from treadle.jobs.listing import get_seen
from treadle.jobs.rows import (
    Job,
    JobState,
    cancel_of_project,
    ended_before,
    get,
    list_unfinished,
    note_retry,
    request_cancel,
    submit,
)
from treadle.jobs.run import JobCancelled, JobParts, JobRun
from treadle.jobs.runner import run_in_place
from treadle.jobs.waiting import wait_for

__all__ = [
    "Job",
    "JobCancelled",
    "JobKind",
    "JobParts",
    "JobRun",
    "JobState",
    "cancel_of_project",
    "ended_before",
    "get",
    "get_seen",
    "list_unfinished",
    "note_retry",
    "request_cancel",
    "run_in_place",
    "submit",
    "wait_for",
]
