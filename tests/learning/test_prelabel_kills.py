"""A worker is killed while it pre-labels, and the next one ends the job as if it had not been."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from tests.faults.recounting import check_counts
from tests.learning.prelabelling import connected, open_desk
from tests.learning.spoken import Spoken
from treadle.db import Database
from treadle.db.schema import jobs
from treadle.jobs import JobParts, JobState
from treadle.jobs.runner import run_job
from treadle.learning.predictions import attempts, prelabel
from treadle.objects import LocalObjects
from treadle.settings import Settings

_FORKS = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Order:
    """Which job to run, on what, and in which batch to die: before its commit, or behind it."""

    settings: Settings
    job_id: str
    batch: int
    is_committed: bool


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_killed_job_goes_on_and_predicts_each_task_once(
    database: Database, tmp_path: Path, is_committed: bool
) -> None:
    desk = open_desk(database, tmp_path / "data")
    ids = desk.studio.add_tasks(120)
    with connected(desk, Spoken()) as backend:
        job = desk.order(backend)
        with database.write() as tx:
            tx.execute(update(jobs).where(jobs.c.id == job.id).values(state=JobState.RUNNING.value))
        _kill(Order(desk.parts.settings, job.id, 2, is_committed))
        kept = len(desk.predictions())
        assert kept == (32 if is_committed else 16)
        with database.read() as tx:
            check_counts(tx, desk.studio.project_id)
        _run(desk.parts, job.id)
    ended = desk.job(job.id)
    assert ended.state is JobState.DONE, ended.error
    assert [row["task_id"] for row in desk.predictions()] == ids
    assert '"done":120' in (ended.result or "")
    with database.read() as tx:
        check_counts(tx, desk.studio.project_id)


def _kill(order: Order) -> None:
    _FORKS.set_forkserver_preload([__name__])
    process = _FORKS.Process(target=_work, args=(order,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL, process.exitcode


def _work(order: Order) -> None:
    database = Database.open(order.settings.url)
    parts = JobParts(database, LocalObjects(order.settings.data_dir / "objects"), order.settings)
    write, count = attempts.write, 0

    def dying(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        if order.is_committed and count > order.batch:
            os.kill(os.getpid(), signal.SIGKILL)
        written = write(*arguments)
        if count == order.batch and not order.is_committed:
            os.kill(os.getpid(), signal.SIGKILL)
        return written

    setattr(attempts, "write", dying)  # noqa: B010 - as a module's function it has no other type
    _run(parts, order.job_id)


def _run(parts: JobParts, job_id: str) -> None:
    """As a worker that remembers none of its steps."""
    run_job(parts, {prelabel.PRELABEL: prelabel.PRELABEL_JOB}, job_id, lambda _name, call: call())
