"""A PostgreSQL database, written down as of one moment while others write to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg import Connection, IsolationLevel

from treadle.backups.named import NAMED
from treadle.backups.postgresql_schema import OWN, Structure, Table, read_structure
from treadle.backups.snapshot import Snapshot
from treadle.backups.writing import keep
from treadle.db.engine import driver_url
from treadle.errors import NotFound, Unavailable
from treadle.settings import Settings

STRUCTURE = "structure.json"
SEQUENCES = "sequences.json"
_SEQUENCES = """
    SELECT format('%%I.%%I', schemaname, sequencename), last_value FROM pg_sequences
    WHERE schemaname = ANY(%(schemas)s) AND last_value IS NOT NULL
"""


def connect(settings: Settings) -> Connection[Any]:
    """A connection of its own. Raises Unavailable("database-unusable")."""
    address = driver_url(settings.database_url).set(drivername="postgresql")
    try:
        return psycopg.connect(address.render_as_string(hide_password=False))
    except psycopg.Error as error:
        raise unusable(error) from error


def unusable(error: psycopg.Error) -> Unavailable:
    """What to say when the database does not do as it is asked."""
    reason = str(error).strip().partition("\n")[0]
    return Unavailable("database-unusable", f"The database does not answer, or refuses ({reason}).")


def dump(settings: Settings, folder: Path) -> Snapshot:
    """Write the tables of Treadle, of MLflow and of the jobs' memory to ``folder``, all as of one moment.

    Raises NotFound("database-not-found"), Unavailable("database-unusable").
    """
    with connect(settings) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        try:
            return _dump(connection, folder)
        except psycopg.Error as error:
            raise unusable(error) from error


def _dump(connection: Connection[Any], folder: Path) -> Snapshot:
    # The first statement fixes the moment.
    taken_at: datetime = _one(connection, "SELECT clock_timestamp()")
    connection.execute("SET LOCAL search_path = ''")
    structure = read_structure(connection)
    if not any(table.name == f'"{OWN}"."schema_migrations"' for table in structure.tables):
        raise NotFound("database-not-found", "There is no Treadle in that database.")
    paths = [folder / STRUCTURE, folder / SEQUENCES]
    paths[0].write_bytes(msgspec.json.encode(structure))
    paths[1].write_bytes(msgspec.json.encode(_sequences(connection, structure)))
    for table in structure.tables:
        paths.append(folder / table.file_name)
        keep(paths[-1], _rows(connection, table))
    counts = count_rows(connection, structure)
    schema: int = _one(connection, f'SELECT max(number) FROM "{OWN}".schema_migrations')
    connection.execute(f"SET LOCAL search_path = '{OWN}'")
    named = [each.key(row) for each in NAMED for row in connection.execute(each.statement.encode())]
    return Snapshot(paths, taken_at, schema, counts, named)


def count_rows(connection: Connection[Any], structure: Structure) -> dict[str, int]:
    """How many rows each table of our own has."""
    ours = [table.name for table in structure.tables if table.name.startswith(f'"{OWN}".')]
    counts = {name: _one(connection, f"SELECT count(*) FROM {name}") for name in ours}
    return {name.split('"')[3]: count for name, count in counts.items()}


def _sequences(connection: Connection[Any], structure: Structure) -> dict[str, int]:
    # Sequences stand outside of transactions: one may be ahead of the rows, and none is behind them.
    schemas = sorted({table.name.split('"')[1] for table in structure.tables})
    made = {text.split()[2] for text in structure.before if text.startswith("CREATE SEQUENCE")}
    rows = connection.execute(_SEQUENCES, {"schemas": schemas}).fetchall()
    return {name: last for name, last in rows if name in made}


def _rows(connection: Connection[Any], table: Table) -> Iterator[bytes]:
    asked = f"COPY {table.name} ({', '.join(table.columns)}) TO STDOUT"
    with connection.cursor() as cursor, cursor.copy(asked.encode()) as copy:
        for chunk in copy:
            yield bytes(chunk)


def _one(connection: Connection[Any], statement: str) -> Any:
    row = connection.execute(statement.encode()).fetchone()
    return row[0] if row is not None else None
