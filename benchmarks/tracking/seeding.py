"""Many runs at once: rows as MLflow's store would have written them, through no server."""

from __future__ import annotations

import math
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

#: Metrics and params of each run.
KEYS = 8
_BATCH = 5_000
_START_MS = 1_790_000_000_000
_PATIENCE_S = 60.0

Rows = list[dict[str, Any]]
Insert = Callable[[str, Rows], None]
#: MLflow's tables, open to be written into; what is written is kept at the end of the block.
Tables = Callable[[], AbstractContextManager[Insert]]


def seed_runs(tables: Tables, experiment_id: str, count: int) -> list[str]:
    """Add ``count`` runs of 8 metrics and 8 params to an experiment; their ids, the oldest first."""
    made: list[str] = []
    for start in range(0, count, _BATCH):
        numbers = range(start, min(start + _BATCH, count))
        ids = {number: uuid.uuid4().hex for number in numbers}
        with tables() as insert:
            insert("runs", [_run(experiment_id, ids[number], number) for number in numbers])
            points = [row for number in numbers for row in _metrics(ids[number], number)]
            insert("latest_metrics", points)
            insert("metrics", points)
            insert("params", [row for number in numbers for row in _params(ids[number], number)])
            insert("tags", [row for number in numbers for row in _tags(ids[number], number)])
        made += ids.values()
    return made


def seed_points(tables: Tables, run_id: str, key: str, count: int) -> None:
    """Add ``count`` points of one metric to a run; one is a spike."""
    with tables() as insert:
        for start in range(0, count, _BATCH * 10):
            insert(
                "metrics",
                [_point(run_id, key, n, count) for n in range(start, min(start + _BATCH * 10, count))],
            )
        last = _point(run_id, key, count - 1, count)
        insert("latest_metrics", [last])


def in_file(file: Path) -> Tables:
    """The tables of a server on SQLite, which may be running."""

    @contextmanager
    def opened() -> Iterator[Insert]:
        with closing(sqlite3.connect(file, timeout=_PATIENCE_S)) as connection:

            def insert(table: str, rows: Rows) -> None:
                names = list(rows[0])
                marks = ", ".join(f":{name}" for name in names)
                connection.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)

            yield insert
            connection.commit()

    return opened


def in_postgresql(url: str, schema: str) -> Tables:
    """The tables in a schema of PostgreSQL, whose triggers have nothing to do with these rows."""

    @contextmanager
    def opened() -> Iterator[Insert]:
        with psycopg.connect(url) as connection:
            connection.execute("SET session_replication_role = replica")

            def insert(table: str, rows: Rows) -> None:
                columns = SQL(", ").join(map(Identifier, rows[0]))
                into = SQL("COPY {} ({}) FROM STDIN").format(Identifier(schema, table), columns)
                with connection.cursor().copy(into) as copy:
                    for row in rows:
                        copy.write_row(tuple(row.values()))

            yield insert

    return opened


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


def _tags(run_id: str, number: int) -> Iterator[dict[str, Any]]:
    yield {"run_uuid": run_id, "key": "mlflow.user", "value": "b"}
    yield {"run_uuid": run_id, "key": "mlflow.runName", "value": f"run-{number}"}


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
