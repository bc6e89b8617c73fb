"""What a process does that is killed at a step: a merge, or collections of garbage."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from treadle.access import Grant
from treadle.db import Database
from treadle.errors import Conflict
from treadle.objects import LocalObjects
from treadle.repos import merging
from treadle.repos.catalogue import repo_id_of
from treadle.repos.collecting import collect
from treadle.repos.engine import RepoEngine
from treadle.repos.failpoints import armed

# Of processes that have everything imported: a second each otherwise.
_FORKS = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Order:
    """What to work on. source: the commit that a merge brings to master; for collections nothing."""

    database_url: str
    folder: Path
    grant: Grant
    source: str = ""


def kill_at(step: str, work: Callable[[RepoEngine, Order], None], order: Order) -> None:
    """Do the work in a process of its own, which dies at the step."""
    _FORKS.set_forkserver_preload([__name__])
    process = _FORKS.Process(target=_work, args=(step, work, order))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL, (step, process.exitcode)


def merge(engine: RepoEngine, order: Order) -> None:
    """Merge, or find that there are conflicts."""
    try:
        merging.merge(engine, order.grant, into="master", source=order.source)
    except Conflict:
        pass


def collect_thrice(engine: RepoEngine, order: Order) -> None:
    """Condemn, then delete, then find nothing to do."""
    for _ in range(3):
        collect(engine, repo_id_of(order.grant), grace=timedelta(0))


def _work(step: str, work: Callable[[RepoEngine, Order], None], order: Order) -> None:
    with armed(step):
        work(RepoEngine(Database.open(order.database_url), LocalObjects(order.folder)), order)
