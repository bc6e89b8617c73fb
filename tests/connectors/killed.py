"""What a worker does that is killed: a sync or a commit of labels, up to a step."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.connectors.house import KINDS
from treadle.connectors import committing, syncing
from treadle.db import Database
from treadle.jobs import JobParts
from treadle.jobs.runner import run_job
from treadle.objects import LocalObjects
from treadle.repos.failpoints import FAILPOINTS, armed
from treadle.settings import Settings

# Of processes that have everything imported: a second each otherwise.
_FORKS = multiprocessing.get_context("forkserver")
#: Verbs of our own behind which, when they were called so often, the process dies.
_VERBS = {
    "sync.in-transaction": (syncing, "put_items"),
    "commit.in-transaction": (committing, "put_items"),
    "commit.recorded": (committing, "add_edges"),
}


@dataclass(frozen=True)
class Order:
    """Which job to run, and on what."""

    database_url: str
    settings: Settings
    job_id: str


def kill_at(step: str, order: Order) -> None:
    """Run the job in a process of its own, which dies at the step: ``name`` or ``name:nth``."""
    _FORKS.set_forkserver_preload([__name__])
    process = _FORKS.Process(target=_work, args=(step, order))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL, (step, process.exitcode)


def resume(parts: JobParts, job_id: str) -> None:
    """Run the job anew, as a worker that remembers none of its steps."""
    run_job(parts, {kind.name: kind for kind in KINDS}, job_id, lambda _name, call: call())


def _work(step: str, order: Order) -> None:
    database = Database.open(order.database_url)
    parts = JobParts(database, LocalObjects(order.settings.data_dir / "objects"), order.settings)
    name, _, nth = step.partition(":")
    if name in FAILPOINTS:
        with armed(f"{step}=kill"):
            resume(parts, order.job_id)
        return
    module, verb = _VERBS[name]
    setattr(module, verb, _dying(getattr(module, verb), int(nth or 1)))
    resume(parts, order.job_id)


def _dying(verb: Callable[..., Any], times: int) -> Callable[..., Any]:
    left = times

    def call(*arguments: Any, **more: Any) -> Any:
        nonlocal left
        done = verb(*arguments, **more)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    return call
