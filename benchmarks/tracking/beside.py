"""Server CPU of the requests of MLflow's client: through Treadle's door, and to a plain server."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from statistics import median

from benchmarks.rows import Row
from benchmarks.tracking.seeding import Tables, seed_runs
from benchmarks.tracking.servers import Pair, Tracker, now_ms

Act = Callable[[], object]
_NEWEST = ["attributes.start_time DESC"]
_MEBIBYTE = os.urandom(1024**2)


@dataclass(frozen=True)
class Sizes:
    """How much work; the short run is of the same kind."""

    rounds: int
    calls: int
    runs: int


FULL = Sizes(rounds=5, calls=60, runs=1_000)
SHORT = Sizes(rounds=2, calls=10, runs=200)


@dataclass(frozen=True)
class Operation:
    """One request: how it is prepared on a server, and how much of plain MLflow's CPU it may cost.

    part: of the calls of a round, one in so many is made.
    """

    name: str
    prepare: Callable[[Tracker, str], Act]
    budget: float
    part: int = 1


def compare(tell: Callable[[str], None], pair: Pair, sizes: Sizes) -> list[Row]:
    """A row for each operation; both have an experiment of ``sizes.runs`` runs to search."""
    tell(f"{sizes.runs:,} runs on both")
    sides = ((pair.plain, pair.plain_tables), (pair.ours, pair.our_tables))
    filled = [(tracker, _fill(tracker, tables, sizes.runs)) for tracker, tables in sides]
    rows = []
    for operation in OPERATIONS:
        name = operation.name.format(runs=sizes.runs)
        tell(name)
        acts = [(tracker, operation.prepare(tracker, experiment)) for tracker, experiment in filled]
        rows.append(_compare_one(name, operation, acts, sizes))
    return rows


def _compare_one(name: str, operation: Operation, acts: list[tuple[Tracker, Act]], sizes: Sizes) -> Row:
    calls = max(3, sizes.calls // operation.part)
    spent: list[list[float]] = [[] for _ in acts]
    for number in range(sizes.rounds + 1):
        for (tracker, act), seen in zip(acts, spent, strict=True):
            cost = tracker.server.cpu_of(act, calls)
            if number:  # the first round warms up
                seen.append(cost)
    theirs, ours = (median(costs) for costs in spent)
    return Row(name, "ms CPU", ours, theirs, theirs * operation.budget, f"{operation.budget} × theirs")


def _fill(tracker: Tracker, tables: Tables, runs: int) -> str:
    experiment = tracker.create_experiment(f"filled-{now_ms()}")
    seed_runs(tables, experiment, runs)
    return experiment


def _get_run(tracker: Tracker, experiment: str) -> Act:
    run_id = tracker.search_runs(experiment, 1)["runs"][0]["info"]["run_id"]
    return lambda: tracker.get_run(run_id)


def _log_metric(tracker: Tracker, _experiment: str) -> Act:
    run_id = tracker.create_run(tracker.create_experiment(f"metrics-{now_ms()}"))
    return lambda: tracker.log_metric(run_id)


def _log_batch(tracker: Tracker, _experiment: str) -> Act:
    run_id = tracker.create_run(tracker.create_experiment(f"batches-{now_ms()}"))
    return lambda: tracker.log_batch(run_id)


def _create_run(tracker: Tracker, _experiment: str) -> Act:
    experiment = tracker.create_experiment(f"runs-{now_ms()}")
    return lambda: tracker.create_run(experiment)


def _filter(tracker: Tracker, experiment: str) -> Act:
    asked = {"filter": "metrics.m1 > 1.5 and params.p1 = '1'", "order_by": ["metrics.m2 DESC"]}
    return lambda: tracker.search_runs(experiment, 100, **asked)


def _upload(tracker: Tracker, experiment: str) -> Act:
    numbers = count()
    place = _artifacts(tracker, experiment)
    return lambda: tracker.upload(f"{place}/{next(numbers) % 5}.bin", _MEBIBYTE)


def _download(tracker: Tracker, experiment: str) -> Act:
    path = f"{_artifacts(tracker, experiment)}/whole.bin"
    tracker.upload(path, _MEBIBYTE)
    return lambda: tracker.download(path)


def _artifacts(tracker: Tracker, experiment: str) -> str:
    return f"{experiment}/{tracker.create_run(experiment)}/artifacts"


OPERATIONS = (
    Operation("get a run", _get_run, 0.1),
    Operation("log a metric", _log_metric, 0.9),
    Operation("log a batch of 100", _log_batch, 1.0, part=2),
    Operation("create a run", _create_run, 0.9),
    Operation("search experiments", lambda tracker, _: tracker.search_experiments, 0.9),
    Operation(
        "search {runs:,} runs, first 100",
        lambda tracker, experiment: lambda: tracker.search_runs(experiment, 100, order_by=_NEWEST),
        0.06,
        part=6,
    ),
    Operation("the same, filtered and sorted", _filter, 1.1, part=6),
    Operation(
        "search {runs:,} runs, a page of 1,000",
        lambda tracker, experiment: lambda: tracker.search_runs(experiment, 1000),
        0.06,
        part=20,
    ),
    Operation("upload 1 MiB", _upload, 1.1, part=3),
    Operation("download 1 MiB", _download, 1.1, part=3),
)
