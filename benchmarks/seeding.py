"""A large project at once: rows as an import would have written them, through no server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import update

from treadle.db import Database
from treadle.db.engine import Tx, connect_url
from treadle.db.schema import project_counters, tasks
from treadle.db.types import to_microseconds

#: Tasks of a project that the filter of the benchmark finds, however large the project is.
FOUND = 500
_BATCH = 20_000
_COLUMNS = ("project_id", "inner_id", "data", "created_at", "updated_at")


def seed_tasks(folder: Path, project_id: int, count: int) -> None:
    """Add ``count`` tasks to an empty project of the server that is stopped, whose data lie in ``folder``."""
    database = Database.open(connect_url(folder / "treadle.sqlite3"))
    try:
        for start in range(0, count, _BATCH):
            with database.write() as tx:
                end = min(start + _BATCH, count)
                tx.insert_rows(tasks, _COLUMNS, list(_rows(tx, project_id, start, end, count)))
        with database.write() as tx:
            counted = update(project_counters).where(project_counters.c.project_id == project_id)
            tx.execute(counted.values(task_number=count, last_inner_id=count))
    finally:
        database.close()


def _rows(tx: Tx, project_id: int, start: int, end: int, count: int) -> Iterator[tuple[Any, ...]]:
    at = to_microseconds(tx.now)
    for number in range(start, end):
        data = {
            "image": f"/pictures/{number:07d}.jpg",
            "number": number,
            "category": f"c{number % (count // FOUND)}",
            "score": number % 1000 / 1000,
        }
        yield project_id, number + 1, msgspec.json.encode(data).decode(), at, at
