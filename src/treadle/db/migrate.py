"""Bring a database to the newest schema, one numbered SQL file after another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

from sqlalchemy import text

from treadle.db.engine import Database, DialectName, Tx
from treadle.errors import Conflict

# An arbitrary number that two starting servers agree upon (PostgreSQL advisory lock).
MIGRATION_LOCK = 7_234_071


@dataclass(frozen=True)
class Migration:
    """One step of the schema: ``number`` from 1, and its statements for one dialect."""

    number: int
    title: str
    statements: tuple[str, ...]


def migrate(database: Database) -> list[int]:
    """Apply what is missing; the numbers that were applied.

    Safe when several processes start at once. Raises Conflict("schema-newer") when the database
    was written by a newer Treadle.
    """
    steps = load_migrations(database.dialect)
    with database.write() as tx:
        _take_lock(tx)
        done = _applied(tx)
        newest = steps[-1].number
        if done and max(done) > newest:
            raise Conflict(
                "schema-newer",
                f"The database has schema {max(done)} and this Treadle knows up to {newest}. "
                "Start the newer Treadle that wrote it.",
            )
        missing = [step for step in steps if step.number not in done]
        for step in missing:
            _apply(tx, step)
    return [step.number for step in missing]


def load_migrations(dialect: DialectName) -> list[Migration]:
    """All steps for ``dialect``, in order."""
    folder = resources.files("treadle.db") / "migrations"
    found = []
    for entry in folder.iterdir():
        match = re.fullmatch(rf"(\d{{4}})_(\w+)\.{dialect}\.sql", entry.name)
        if match:
            statements = _split(entry.read_text("utf-8"))
            found.append(Migration(int(match.group(1)), match.group(2), statements))
    return sorted(found, key=lambda step: step.number)


def _split(sql: str) -> tuple[str, ...]:
    lines = [line for line in sql.splitlines() if not line.lstrip().startswith("--")]
    return tuple(part.strip() for part in "\n".join(lines).split(";\n") if part.strip(" \n;"))


def _take_lock(tx: Tx) -> None:
    if tx.dialect == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})


def _applied(tx: Tx) -> set[int]:
    tx.execute(text("CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER NOT NULL PRIMARY KEY)"))
    return {row[0] for row in tx.execute(text("SELECT number FROM schema_migrations"))}


def _apply(tx: Tx, step: Migration) -> None:
    for statement in step.statements:
        tx.connection.exec_driver_sql(statement)
    tx.execute(text("INSERT INTO schema_migrations (number) VALUES (:number)"), {"number": step.number})
