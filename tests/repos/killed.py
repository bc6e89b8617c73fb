"""What a process does that is killed at a step: puts into an open commit, then finishes it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from tests.repos.bench import Bench
from treadle.access import Grant
from treadle.db import Database
from treadle.objects import LocalObjects
from treadle.repos.engine import RepoEngine
from treadle.repos.failpoints import armed

# Of processes that have everything imported: a second each otherwise.
_FORKS = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Order:
    """What to do, and where to write down what was answered."""

    database_url: str
    folder: Path
    grant: Grant
    commit_id: str
    answers: Path
    sizes: tuple[int, ...]


def content_of(number: int, size_bytes: int) -> bytes:
    """The bytes of a file, no two alike."""
    return (b"%09d " % number * (size_bytes // 10 + 1))[:size_bytes]


def kill_at(step: str, order: Order) -> None:
    """Do what is ordered in a process of its own, which dies at the step."""
    _FORKS.set_forkserver_preload([__name__])
    process = _FORKS.Process(target=_work, args=(step, order))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL, (step, process.exitcode)


def _work(step: str, order: Order) -> None:
    database = Database.open(order.database_url)
    bench = Bench(RepoEngine(database, LocalObjects(order.folder)), order.grant)
    answers = os.open(order.answers, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with armed(step):
        for number, size_bytes in enumerate(order.sizes):
            bench.put(order.commit_id, f"files/{number}", content_of(number, size_bytes))
            os.write(answers, b"%d\n" % number)
        bench.finish(order.commit_id)
