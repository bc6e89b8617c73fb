"""Many runs at once: rows as MLflow's store would have written them, through no server."""

from __future__ import annotations

import math
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

#: Metrics and params of each run.
KEYS = 8
_BATCH = 5_000
_START_MS = 1_790_000_000_000


def seed_runs(file: Path, experiment_id: str, count: int) -> None:
    """Add ``count`` runs of 8 metrics and 8 params to an experiment in ``file``, whose server is stopped."""
    with _opened(file) as insert:
        for start in range(0, count, _BATCH):
            numbers = range(start, min(start + _BATCH, count))
            ids = {number: uuid.uuid4().hex for number in numbers}
            insert("runs", [_run(experiment_id, ids[number], number) for number in numbers])
            points = [row for number in numbers for row in _metrics(ids[number], number)]
            insert("latest_metrics", points)
            insert("metrics", points)
            insert("params", [row for number in numbers for row in _params(ids[number], number)])
            insert(
                "tags", [{"run_uuid": ids[number], "key": "mlflow.user", "value": "b"} for number in numbers]
            )


def seed_points(file: Path, run_id: str, key: str, count: int) -> None:
    """Add ``count`` points of one metric to a run in ``file``, whose server is stopped; one is a spike."""
    with _opened(file) as insert:
        for start in range(0, count, _BATCH * 10):
            insert(
                "metrics",
                [_point(run_id, key, n, count) for n in range(start, min(start + _BATCH * 10, count))],
            )
        last = _point(run_id, key, count - 1, count)
        insert("latest_metrics", [last])


@contextmanager
def _opened(file: Path) -> Iterator[Callable[[str, list[dict[str, Any]]], None]]:
    with closing(sqlite3.connect(file)) as connection:

        def insert(table: str, rows: list[dict[str, Any]]) -> None:
            names = list(rows[0])
            marks = ", ".join(f":{name}" for name in names)
            connection.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)

        yield insert
        connection.commit()


def _run(experiment_id: str, run_id: str, number: int) -> dict[str, Any]:
    return {
        "run_uuid": run_id,
        "name": f"run-{number}",
        "source_type": "UNKNOWN",
        "source_name": "",
        "entry_point_name": "",
        "user_id": "b",
        "status": "FINISHED",
        "start_time": _START_MS + number * 1000,
        "end_time": _START_MS + number * 1000 + 500,
        "source_version": "",
        "lifecycle_stage": "active",
        "artifact_uri": f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts",
        "experiment_id": int(experiment_id),
    }


def _metrics(run_id: str, number: int) -> Iterator[dict[str, Any]]:
    for key in range(KEYS):
        value = (number * 37 % 1000) / 1000 + key
        point = {"key": f"m{key}", "value": value, "timestamp": _START_MS, "step": 0, "is_nan": False}
        yield {"run_uuid": run_id, **point}


def _params(run_id: str, number: int) -> Iterator[dict[str, Any]]:
    for key in range(KEYS):
        yield {"run_uuid": run_id, "key": f"p{key}", "value": str(number % (key + 2))}


def _point(run_id: str, key: str, number: int, count: int) -> dict[str, Any]:
    value = 1e6 if number == count // 3 else math.sin(number / 1000)
    return {
        "run_uuid": run_id,
        "key": key,
        "value": value,
        "timestamp": _START_MS + number,
        "step": number,
        "is_nan": False,
    }
