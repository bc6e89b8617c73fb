"""SQLite databases, copied while others write to them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

from treadle.backups.named import NAMED
from treadle.backups.snapshot import Snapshot
from treadle.errors import NotFound, Unavailable, disk_full
from treadle.settings import Settings
from treadle.tracking.paths import FILE_NAME as TRACKING

MAIN = "treadle.sqlite3"
_JOBS = "jobs.sqlite3"
#: In this order: a step that is remembered of a job is one whose work is in the database, which came later;
#: a run that the database knows of is in MLflow's, which came last.
FILES = (_JOBS, MAIN, TRACKING)
_FULL = ("database or disk is full", "disk I/O error")
_PATIENCE_S = 60.0
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"


def copy_files(settings: Settings, folder: Path) -> Snapshot:
    """Copy every database of the data folder to ``folder``, each as it is at one moment.

    Raises NotFound("database-not-found"), Unavailable("database-damaged", "disk-full").
    """
    if not (settings.data_dir / MAIN).is_file():
        text = f"There is no Treadle in {settings.data_dir}. Give --data-dir the folder of your server."
        raise NotFound("database-not-found", text)
    taken_at = datetime.now(timezone.utc)
    found = [name for name in FILES if (settings.data_dir / name).is_file()]
    for name in found:
        if name == MAIN:
            taken_at = datetime.now(timezone.utc)
        _copy(settings.data_dir / name, folder / name)
    with closing(sqlite3.connect(folder / MAIN)) as copied:
        return Snapshot(
            [folder / name for name in found],
            taken_at=taken_at,
            schema=_schema(copied),
            counts=count_rows(copied),
            named=[each.key(row) for each in NAMED for row in copied.execute(each.statement)],
        )


def count_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """How many rows each table has."""
    names = [row[0] for row in connection.execute(_TABLES)]
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        with (
            closing(sqlite3.connect(source, timeout=_PATIENCE_S)) as reading,
            closing(sqlite3.connect(target)) as writing,
        ):
            # All pages in one go: those who write meanwhile would make it begin again and again.
            reading.backup(writing)
            # One file by itself, wherever it is put.
            writing.execute("PRAGMA journal_mode=DELETE")
            found = writing.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        if str(error) in _FULL:
            raise disk_full(f"the backup of {source}") from error
        raise Unavailable("database-unusable", f"{source} cannot be read ({error}).") from error
    if found != "ok":
        text = f"{source} is damaged ({found}). No backup was made of it; restore an earlier one."
        raise Unavailable("database-damaged", text)


def _schema(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT max(number) FROM schema_migrations").fetchone()[0])
