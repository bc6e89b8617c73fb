"""Engines and transactions."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, overload

from sqlalchemy import Executable, Table, create_engine, event, text
from sqlalchemy.engine import URL, Connection, CursorResult, Engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool

from treadle.db.patterns import matches
from treadle.db.prepared import Found, Prepared
from treadle.errors import Invalid, disk_full

DialectName = Literal["sqlite", "postgresql"]
JournalMode = Literal["WAL", "DELETE"]

_BUSY_TIMEOUT_MS = 5_000
_LOOK_AGAIN_S = 0.0005
_POOL_SIZE = 40
#: When a PostgreSQL that nobody hears is given up, in seconds, and ms for what was sent and not taken.
_LOST = {"connect_timeout": "10", "keepalives_idle": "30", "tcp_user_timeout": "30000"}
_SQLITE_BUSY = "database is locked"
# The second is what SQLite makes of a file that must not grow, and of a disk that fails.
_SQLITE_DISK_FULL = ("database or disk is full", "disk I/O error")
_POSTGRESQL_DISK_FULL = "53100"

_NOTHING_SAME: Mapping[str, int | None] = MappingProxyType({})
_VERSION = "PRAGMA data_version"
_BEGIN_READ, _BEGIN_WRITE = Prepared(text("BEGIN DEFERRED")), Prepared(text("BEGIN IMMEDIATE"))
_LAST_ID = text("SELECT seq FROM sqlite_sequence WHERE name = :table_name")
_NEW_IDS = text(
    "SELECT nextval(pg_get_serial_sequence(:table_name, 'id')) FROM generate_series(1, :count) ORDER BY 1"
)


@dataclass(frozen=True)
class Tx:
    """One transaction: what runs in it is committed together or not at all."""

    connection: Connection
    dialect: DialectName
    #: The one instant of the transaction, aware, UTC.
    now: datetime

    @overload
    def execute(self, statement: Prepared, parameters: Mapping[str, Any]) -> Found: ...

    @overload
    def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]: ...

    def execute(
        self,
        statement: Executable | Prepared,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[Any] | Found:
        """Run a statement; many rows when ``parameters`` is a sequence of mappings."""
        if isinstance(statement, Prepared):
            assert isinstance(parameters, Mapping)
            return statement.run(self.connection, parameters)
        return self.connection.execute(statement, parameters)

    def rows(
        self, statement: Executable | Prepared, parameters: Mapping[str, Any] | None = None
    ) -> list[Mapping[str, Any]]:
        """Every row that the statement finds, by the names of its columns."""
        if isinstance(statement, Prepared):
            return list(statement.run(self.connection, parameters or {}).all())
        found = self.connection.execute(statement, parameters)
        names = tuple(found.keys())
        return [dict(zip(names, row, strict=True)) for row in found.all()]

    def reserve_ids(self, table: Table, count: int) -> Sequence[int]:
        """As many new ids for rows of ``table``, ascending, that nobody else gets."""
        if self.dialect == "sqlite":  # The transaction holds the write lock.
            last = self.connection.execute(_LAST_ID, {"table_name": table.name}).scalar() or 0
            return range(last + 1, last + count + 1)
        return list(self.connection.execute(_NEW_IDS, {"table_name": table.name, "count": count}).scalars())

    def insert_rows(
        self,
        table: Table,
        columns: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
        same: Mapping[str, int | None] = _NOTHING_SAME,
    ) -> None:
        """Insert many rows the quick way.

        rows: values in the order of ``columns``, as the database stores them: an instant in microseconds.
        same: further columns that hold the same number in every row; it then costs nothing to bind them.
        """
        if not rows:
            return
        if self.dialect == "sqlite":
            names = ", ".join((*columns, *same))
            marks = ", ".join((*("?" * len(columns)), *map(_literal, same.values())))
            self.connection.exec_driver_sql(
                f"INSERT INTO {table.name} ({names}) VALUES ({marks})", list(rows)
            )
            return
        names, values = ", ".join((*columns, *same)), tuple(same.values())
        cursor: Any = self.connection.connection.cursor()
        with cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row((*row, *values))


class Database:
    """An open database with a pool of connections for reading and one for writing."""

    def __init__(self, url: str, *, journal_mode: JournalMode = "WAL") -> None:
        self.url = url
        self.dialect = dialect_of(url)
        if self.dialect == "sqlite":
            self._reader = _sqlite_engine(url, journal_mode)
            self._writer = _sqlite_engine(url, journal_mode, waits=journal_mode != "WAL")
        else:
            self._reader = self._writer = _postgresql_engine(url)
        # SQLite's own lock wakes waiters by sleeping up to 100 ms: threads of one process queue here.
        self._turn = threading.Lock() if self.dialect == "sqlite" else None
        # SQLite counts for each connection what the others changed: one that changes nothing sees it all.
        self._watch: Any = None
        self._watching = threading.Lock()
        self._glancing = threading.Lock()
        self._aside: Connection | None = None

    @classmethod
    def open(cls, url: str, *, journal_mode: JournalMode = "WAL") -> Database:
        """Open the database at ``url`` (``sqlite:///path`` or ``postgresql://…``).

        Raises Invalid("database-url") for another kind of address.
        """
        return cls(url, journal_mode=journal_mode)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that sees one state and changes nothing."""
        with _telling_a_full_disk(), self._reader.connect() as connection:
            if self.dialect == "sqlite":
                _BEGIN_READ.run(connection, {})
            yield Tx(connection, self.dialect, datetime.now(timezone.utc))
            connection.rollback()

    def version(self) -> int | None:
        """A number that is another one after every change, whichever process made it; for what is remembered.

        None where the database tells none: then nothing may be.
        """
        if self.dialect != "sqlite":
            return None
        with self._watching:
            if self._watch is None:
                self._watch = self._reader.raw_connection()
                self._watch.detach()
            try:
                return int(self._watch.execute(_VERSION).fetchone()[0])
            except sqlite3.OperationalError:  # somebody holds the file as a whole
                return None

    def glance(self, statement: Prepared, parameters: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The first row that one statement finds by itself, of what is committed now; it changes nothing.

        Raises DBAPIError as `peek`.
        """
        with self._looking_aside() as connection:
            return statement.run(connection, parameters).first()

    @contextmanager
    def peek(self) -> Iterator[Tx]:
        """A few statements that change nothing, each of what is committed by then, as in PostgreSQL's `read`.

        On a connection of its own, without the four round trips of a transaction in PostgreSQL: for what
        every request asks. Raises DBAPIError where that connection is gone; the next call opens another.
        """
        if self.dialect == "sqlite":
            with self.read() as tx:
                yield tx
            return
        with self._looking_aside() as connection:
            yield Tx(connection, self.dialect, datetime.now(timezone.utc))

    @contextmanager
    def _looking_aside(self) -> Iterator[Connection]:
        with self._glancing:
            if self._aside is None:
                self._aside = self._reader.connect().execution_options(isolation_level="AUTOCOMMIT")
            try:
                yield self._aside
            except DBAPIError:
                aside, self._aside = self._aside, None
                aside.invalidate()
                aside.close()
                raise

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that is committed at the end of the block, or undone by an exception.

        Raises Unavailable("disk-full").
        """
        if self._turn is None:
            with self._begin() as tx:
                yield tx
            return
        with self._turn, self._begin() as tx:
            yield tx

    @contextmanager
    def _begin(self) -> Iterator[Tx]:
        with _telling_a_full_disk(), self._writer.begin() as connection:
            if self.dialect == "sqlite":
                # Here, since one listener to "begin" costs every statement of the engine a tenth.
                _take_write_lock(connection)
            yield Tx(connection, self.dialect, datetime.now(timezone.utc))

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations and inspection only."""
        return self._writer

    def connections_in_use(self) -> int:
        """How many connections of the pools somebody works with now."""
        pools = {id(engine): engine.pool for engine in (self._reader, self._writer)}
        return sum(pool.checkedout() for pool in pools.values() if isinstance(pool, QueuePool))

    def close(self) -> None:
        """Give all connections back."""
        with self._glancing:
            if self._aside is not None:
                self._aside.close()
                self._aside = None
        with self._watching:
            if self._watch is not None:
                self._watch.close()
                self._watch = None
        self._reader.dispose()
        self._writer.dispose()


def _take_write_lock(connection: Connection) -> None:
    """Begin to write, once no other process does: SQLite itself looks again only after up to 25 ms."""
    given_up_at_s = time.monotonic() + _BUSY_TIMEOUT_MS / 1000
    while not _is_begun(connection, is_last=time.monotonic() > given_up_at_s):
        time.sleep(_LOOK_AGAIN_S)


def _is_begun(connection: Connection, *, is_last: bool) -> bool:
    try:
        _BEGIN_WRITE.run(connection, {})
    except OperationalError as error:
        if is_last or not _is_busy(error):
            raise
        return False
    return True


@contextmanager
def _telling_a_full_disk() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if _is_disk_full(error):
            raise disk_full("the change to the database") from error
        raise


def _is_disk_full(error: OperationalError) -> bool:
    if getattr(error.orig, "sqlstate", None) == _POSTGRESQL_DISK_FULL:
        return True
    return isinstance(error.orig, sqlite3.Error) and str(error.orig) in _SQLITE_DISK_FULL


def _is_busy(error: OperationalError) -> bool:
    return isinstance(error.orig, sqlite3.Error) and str(error.orig) == _SQLITE_BUSY


def _literal(value: int | None) -> str:
    return "NULL" if value is None else str(int(value))


def connect_url(path: Path) -> str:
    """The address of the SQLite database in the file ``path``."""
    return f"sqlite:///{path}"


def dialect_of(url: str) -> DialectName:
    """Which kind of database is at ``url``. Raises Invalid("database-url")."""
    name = make_url(url).get_backend_name()
    if name == "sqlite":
        return "sqlite"
    if name == "postgresql":
        return "postgresql"
    raise Invalid(
        "database-url",
        f"Treadle keeps its data in SQLite or PostgreSQL, not in {name!r}. "
        "Give --database-url as sqlite:///file or postgresql://user@host/name.",
    )


def _sqlite_engine(url: str, journal_mode: JournalMode, *, waits: bool = True) -> Engine:
    """waits: for locks of other processes, inside SQLite."""
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=_POOL_SIZE,
        max_overflow=0,
        # Errors go into logs, and parameters are what people wrote, and hashes of their secrets.
        hide_parameters=True,
        connect_args={
            "check_same_thread": False,
            "isolation_level": None,
            "timeout": _BUSY_TIMEOUT_MS / 1000,
        },
    )

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={_BUSY_TIMEOUT_MS}",
            f"journal_mode={journal_mode}",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        if not waits:
            cursor.execute("PRAGMA busy_timeout=0")
        cursor.close()

    @event.listens_for(engine, "connect")
    def add_functions(connection: sqlite3.Connection, _record: object) -> None:
        connection.create_function("REGEXP", 2, matches, deterministic=True)

    return engine


def driver_url(url: str) -> URL:
    """The address of a PostgreSQL for its driver: one not heard any more is given up after a while."""
    driver = make_url(url).set(drivername="postgresql+psycopg")
    return driver.update_query_dict({name: text for name, text in _LOST.items() if name not in driver.query})


def _postgresql_engine(url: str) -> Engine:
    return create_engine(
        driver_url(url), pool_size=_POOL_SIZE, max_overflow=0, pool_pre_ping=True, hide_parameters=True
    )
