"""MLflow's database, straight by its driver: a statement costs what the database takes for it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from treadle.tracking.paths import SCHEMA

#: The revision of MLflow's tables that these reads know.
REVISION = "dc11669786a5"

_POOL_SIZE = 20
_BUSY_TIMEOUT_S = 20.0
_MAPPED_BYTES = 1024**3
#: SQLite takes 32,766 values in one statement.
MOST_VALUES = 10_000

#: SQLITE_ERROR, SQLITE_TOOBIG, SQLITE_RANGE: a statement that cannot be carried out whenever it is sent.
#: Python tells the code since 3.11, and before that what SQLite says.
_SQLITE_REFUSES = frozenset({1, 18, 25})
_SQLITE_SAYS = ("Expression tree is too large", "too many SQL variables", "parser stack overflow", "no such")
#: PostgreSQL's classes of errors: of a value, of a statement, of too much in one. Not its question: that the
#: tables are gone, or that somebody took the right to read them away.
_POSTGRESQL_REFUSES = ("22", "42", "54")
_POSTGRESQL_NOT_THERE = frozenset({"42P01", "42501", "3F000"})
#: No such table, no such schema: MLflow has not made them yet. Whatever else is said tells nothing of that.
_POSTGRESQL_NOT_BEGUN = frozenset({"42P01", "3F000"})
_SQLITE_NOT_BEGUN = "no such table"

Values = Sequence[Any]


class Reader:
    """A connection to the tables; statements have ``?`` for their values on both databases."""

    def __init__(self, connection: Any, *, is_sqlite: bool) -> None:
        self._cursor = connection.cursor()
        self.is_sqlite = is_sqlite

    def all(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """Every row."""
        self.run(sql, values)
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        return rows

    def each(self, sql: str, values: Values = ()) -> Iterator[tuple[Any, ...]]:
        """Every row as it is read; for many, since the collector walks a list of them again and again."""
        self.run(sql, values)
        rows: Iterator[tuple[Any, ...]] = iter(self._cursor)
        return rows

    def first(self, sql: str, values: Values = ()) -> tuple[Any, ...] | None:
        """The first row, if there is one."""
        self.run(sql, values)
        row: tuple[Any, ...] | None = self._cursor.fetchone()
        return row

    def run(self, sql: str, values: Values = ()) -> None:
        """A statement, whatever it finds."""
        self._cursor.execute(sql if self.is_sqlite else sql.replace("?", "%s"), tuple(values))

    @property
    def changed(self) -> int:
        """How many rows the last statement changed."""
        return int(self._cursor.rowcount)

    def run_many(self, sql: str, rows: Sequence[Values]) -> None:
        """A statement for each of ``rows``."""
        self._cursor.executemany(sql if self.is_sqlite else sql.replace("?", "%s"), rows)


class Tables:
    """MLflow's tables, open; they may not be there yet, and they are MLflow's to make and to change."""

    def __init__(self, url: str, *, may_map: bool = True) -> None:
        """may_map: SQLite's file lies on a disk of this machine, and may be mapped into memory."""
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._file = Path(str(make_url(url).database)) if self.is_sqlite else None
        self._engine = _sqlite_engine(url, may_map=may_map) if self.is_sqlite else _postgresql_engine(url)
        #: Connections to a file that nobody uses; the engine's own pool costs a sixth of a look at a run.
        self._idle: list[Any] = []
        self._turn = threading.Lock()
        self._revision: str | None = None

    def are_there(self) -> bool:
        """Has MLflow made its tables, as these reads know them?

        Raises one of `errors` where that cannot be told.
        """
        return self._look() == REVISION

    def are_begun(self) -> bool:
        """Has MLflow made its tables, maybe as an older version had them?

        Raises one of `errors` where that cannot be told: False is said for sure.
        """
        return self._look() is not None

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the driver raises where the database is away, or its tables are others.

        Errors of Treadle's own database, which come by SQLAlchemy, are none of them.
        """
        return (self._driver.Error,)

    def is_defect(self, error: Exception) -> bool:
        """Is one of `errors` a statement of ours that the database rightly refused?"""
        return isinstance(error, self._driver.IntegrityError)

    @property
    def _driver(self) -> Any:
        return self._engine.dialect.loaded_dbapi

    def is_refused(self, error: Exception) -> bool:
        """Is one of `errors` about what was asked, and not about the database, which is as it should be?"""
        try:
            if not self.are_there():
                return False
        except self.errors:
            return False
        if self.is_sqlite:
            code = getattr(error, "sqlite_errorcode", None)
            return code in _SQLITE_REFUSES if code is not None else str(error).startswith(_SQLITE_SAYS)
        state = getattr(error, "sqlstate", None)
        if state is None:  # the driver itself could not write the value down
            return isinstance(error, self._driver.DataError)
        return state.startswith(_POSTGRESQL_REFUSES) and state not in _POSTGRESQL_NOT_THERE

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """One transaction that sees one state and changes nothing."""
        with self._connected() as connection:
            reader = Reader(connection, is_sqlite=self.is_sqlite)
            reader.run("BEGIN" if self.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield reader
            finally:
                reader.run("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[Reader]:
        """One transaction on tables of ours; one at a time in this process."""
        with self._turn, self._connected() as connection:
            reader = Reader(connection, is_sqlite=self.is_sqlite)
            reader.run("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
            try:
                yield reader
            except BaseException:
                reader.run("ROLLBACK")
                raise
            reader.run("COMMIT")

    def keep_a_log(self) -> bool:
        """Have SQLite keep a write-ahead log, so that who reads and who logs do not wait for each other.

        False: it cannot, as on some file systems.
        """
        with self._connected() as connection:
            return Reader(connection, is_sqlite=True).first("PRAGMA journal_mode = WAL") == ("wal",)

    def close(self) -> None:
        """Give all connections back."""
        while self._idle:
            self._idle.pop().close()
        self._engine.dispose()

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        connection = self._take()
        try:
            yield connection
        except self.errors:
            connection.invalidate()
            connection.close()
            raise
        except BaseException:
            connection.close()
            raise
        if self.is_sqlite and len(self._idle) < _POOL_SIZE:
            self._idle.append(connection)
        else:
            connection.close()

    def _take(self) -> Any:
        """A connection that nobody else uses. Raises one of `errors`."""
        if self._idle:
            try:
                return self._idle.pop()
            except IndexError:  # another thread was quicker
                pass
        return self._open()

    def _open(self) -> Any:
        """A connection of the pool. Raises one of `errors`, whoever says that there is none."""
        try:
            return self._engine.raw_connection()
        except DBAPIError as error:
            raise (error.orig or error) from error

    def _look(self) -> str | None:
        """The revision of MLflow's tables; looked up until it is the one that is known.

        None: there are none, for sure. "": there are, and of no revision.
        """
        if self._revision == REVISION:
            return REVISION
        if self._file is not None and _is_missing(self._file):
            return None
        # With its schema: PostgreSQL says "no such table" to whom the schema itself is shut, otherwise.
        schema = "" if self.is_sqlite else f"{SCHEMA}."
        try:
            with self.read() as reader:
                row = reader.first(f"SELECT version_num FROM {schema}alembic_version")
        except self.errors as error:
            if self._is_not_begun(error):
                return None
            raise
        self._revision = "" if row is None else str(row[0])
        return self._revision

    def _is_not_begun(self, error: Exception) -> bool:
        if self.is_sqlite:
            return str(error).startswith(_SQLITE_NOT_BEGUN)
        return getattr(error, "sqlstate", None) in _POSTGRESQL_NOT_BEGUN


def among(column: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    """That ``column`` is one of ``values``, as SQL and what it takes; at most MOST_VALUES of them."""
    if not values:
        return "1 = 0", []
    return f"{column} IN ({', '.join('?' * len(values))})", list(values)


def _is_missing(file: Path) -> bool:
    try:
        file.stat()
    except FileNotFoundError:
        return True
    except OSError:
        pass  # opening it tells why
    return False


def _sqlite_engine(url: str, *, may_map: bool) -> Engine:
    path = make_url(url).database
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(
            f"{Path(str(path)).absolute().as_uri()}?mode=rw",
            uri=True,
            check_same_thread=False,
            isolation_level=None,
            timeout=_BUSY_TIMEOUT_S,
            cached_statements=256,
        ),
        poolclass=QueuePool,
        pool_size=_POOL_SIZE,
        max_overflow=-1,
        pool_reset_on_return=None,
    )

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA case_sensitive_like = true")  # as MLflow compares
        if may_map:  # a page costs a look then, not a call: filters of many runs take half as long
            connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")

    return engine


def _postgresql_engine(url: str) -> Engine:
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=_POOL_SIZE,
        max_overflow=-1,
        pool_pre_ping=True,
        pool_reset_on_return=None,
        isolation_level="AUTOCOMMIT",
    )
