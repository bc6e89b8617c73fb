"""Waiting for a job of the server, with its progress."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from treadle.cli.printing import ProgressBar
from treadle.client.repos import Client
from treadle.errors import Defect

_ASK_AGAIN_S = 0.2


def follow(client: Client, job_id: str, title: str) -> Mapping[str, Any]:
    """What a job found, once it is done. Raises the error that ended it."""
    bar = ProgressBar(title)
    while True:
        job = client.job(job_id)
        if job.state == "done":
            bar.end()
            return job.result or {}
        if job.state in ("failed", "cancelled"):
            bar.end()
            told = job.error or {}
            raise Defect(str(told.get("code", "job-failed")), str(told.get("message", f"Job {job.state}.")))
        bar.show(job.progress.done, job.progress.total, job.message)
        time.sleep(_ASK_AGAIN_S)
