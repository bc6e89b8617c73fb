"""What was dumped, put into an empty PostgreSQL database: all of it or nothing, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import Connection
from psycopg.sql import SQL, Literal

from treadle.backups.manifest import damaged
from treadle.backups.postgresql_dump import SEQUENCES, STRUCTURE, connect, count_rows, unusable
from treadle.backups.postgresql_schema import OWN, Structure, list_tables
from treadle.db.migrate import MIGRATION_LOCK
from treadle.errors import Conflict
from treadle.settings import Settings

T = TypeVar("T")

_REMARK = SQL(f'COMMENT ON TABLE "{OWN}".schema_migrations IS {{}}')
_READ_REMARK = f"SELECT obj_description(to_regclass('\"{OWN}\".schema_migrations'), 'pg_class')"

#: The bytes of a file of the dump.
Read = Callable[[str], Iterable[bytes]]


def check_is_empty(settings: Settings) -> None:
    """Raises Conflict("database-not-empty"), Unavailable("database-unusable")."""
    with connect(settings) as connection:
        _check_is_empty(connection)


def is_filled_by(settings: Settings, restore_id: str) -> bool:
    """Whether that restore filled the database, and committed. Raises Unavailable("database-unusable")."""
    with connect(settings) as connection:
        try:
            return connection.execute(_READ_REMARK.encode()).fetchone() == (_remark(restore_id),)
        except psycopg.Error as error:
            raise unusable(error) from error


def load(settings: Settings, read: Read, check: Callable[[dict[str, int]], None], *, restore_id: str) -> None:
    """Make the tables and fill them; ``check`` is asked about the counts of rows before the commit.

    restore_id: by which `is_filled_by` knows it again. Raises Conflict("database-not-empty"),
    Unavailable("database-unusable"), Invalid("backup-damaged"), and what ``check`` raises.
    """
    with connect(settings) as connection:
        try:
            with connection.transaction():
                # Whoever starts a server on it meanwhile waits here.
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
                _check_is_empty(connection)
                connection.execute("SET LOCAL search_path = ''")
                check(_load(connection, read))
                connection.execute(_REMARK.format(Literal(_remark(restore_id))))
        except psycopg.Error as error:
            raise unusable(error) from error


def _load(connection: Connection[Any], read: Read) -> dict[str, int]:
    structure = _decode(read, STRUCTURE, Structure)
    for statement in structure.before:
        connection.execute(statement.encode())
    for table in structure.tables:
        asked = f"COPY {table.name} ({', '.join(table.columns)}) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(asked.encode()) as copy:
            for chunk in read(table.file_name):
                copy.write(chunk)
    for statement in structure.after:
        connection.execute(statement.encode())
    for name, last in _decode(read, SEQUENCES, dict[str, int]).items():
        connection.execute("SELECT setval(%s::regclass, %s)", (name, last))
    return count_rows(connection, structure)


def _decode(read: Read, name: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(b"".join(read(name)), type=kind)
    except msgspec.DecodeError as error:
        raise damaged(f"{name} is none of Treadle's ({error})") from error


def _remark(restore_id: str) -> str:
    return f"Filled by restore {restore_id}"


def _check_is_empty(connection: Connection[Any]) -> None:
    there = list_tables(connection)
    if there:
        text = (
            f"The database has tables already ({', '.join(there[:3])}, …). "
            "Make a new database, and give its address as --database-url."
        )
        raise Conflict("database-not-empty", text)
