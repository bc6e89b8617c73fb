"""What a worker does that is killed in a purge: it dies behind one of its steps."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from treadle.db import Database
from treadle.jobs import JobParts
from treadle.jobs.runner import run_job
from treadle.objects import LocalObjects
from treadle.settings import Settings
from treadle.tracking.purging import PURGE_JOB, job, ledger, rows, taking

# Of processes that have everything imported: a second each otherwise.
_FORKS = multiprocessing.get_context("forkserver")
#: Verbs of our own behind which, when they were called so often, the process dies. Those of rows and of the
#: ledger stand within a transaction: what they did is undone, and what was committed before stays.
STEPS: dict[str, tuple[Any, str]] = {
    "begun": (ledger, "begin_counting"),
    "runs-in-transaction": (taking, "take_runs"),
    "rows-in-transaction": (rows, "free_chunk"),
    "runs-freed-in-transaction": (rows, "free_runs"),
    "models-taken-in-transaction": (taking, "take_models"),
    "experiment-taken-in-transaction": (taking, "take_experiments"),
    "traces-in-transaction": (rows, "free_traces"),
    "views-gone": (job, "_forget_views"),
    "experiment-in-transaction": (rows, "free_experiment"),
    "sizes-in-transaction": (ledger, "note_size"),
    "byte-gone": (LocalObjects, "delete"),
    "place-in-transaction": (ledger, "note_place_freed"),
    "all-freed": (job, "_kept"),
    "audit-in-transaction": (job, "write_audit"),
    "told": (job, "_tell"),
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


def _work(step: str, order: Order) -> None:
    name, _, nth = step.partition(":")
    module, verb = STEPS[name]
    setattr(module, verb, _dying(getattr(module, verb), int(nth or 1)))
    database = Database.open(order.database_url)
    parts = JobParts(database, LocalObjects(order.settings.data_dir / "objects"), order.settings)
    run_job(parts, {PURGE_JOB.name: PURGE_JOB}, order.job_id, lambda _name, call: call())


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
