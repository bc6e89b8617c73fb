"""The database of MLflow's tables, made ready for MLflow: there, reachable, and nobody else's turn."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from treadle.errors import Unavailable
from treadle.settings import Settings
from treadle.tracking.paths import SCHEMA, tracking_file

_PATIENCE_S = 5
#: Any number that nothing else in the database locks.
_TURN = 0x7EAD1E_0020
_IS_THERE = text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
_MAKE = text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
_TAKE_TURN = text("SELECT pg_advisory_lock(:turn)")
_GIVE_TURN = text("SELECT pg_advisory_unlock(:turn)")


@contextmanager
def prepared(settings: Settings) -> Iterator[None]:
    """Inside the block nobody else makes or changes the tables. Raises Unavailable("tracking-database").

    On SQLite there is but this process, since its parent holds the data folder.
    """
    if settings.database_url.startswith("postgresql"):
        with _prepared_schema(settings):
            yield
    else:
        _prepare_file(settings)
        yield


def _prepare_file(settings: Settings) -> None:
    path = tracking_file(settings)
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_S)) as connection:
            connection.execute(f"PRAGMA journal_mode={'WAL' if settings.has_wal else 'DELETE'}")
    except sqlite3.Error as error:
        raise _unavailable(f"{path} cannot be used ({error})") from error


@contextmanager
def _prepared_schema(settings: Settings) -> Iterator[None]:
    url = make_url(settings.database_url).set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": _PATIENCE_S})
    try:
        connection = engine.connect()
    except DBAPIError as error:
        raise _unavailable(_first_line(error)) from error
    with connection:
        connection.execute(_TAKE_TURN, {"turn": _TURN})
        try:
            _make_schema(connection)
            yield
        finally:
            connection.execute(_GIVE_TURN, {"turn": _TURN})


def _make_schema(connection: Connection) -> None:
    if connection.execute(_IS_THERE, {"name": SCHEMA}).first() is None:
        try:
            connection.execute(_MAKE)
        except DBAPIError as error:
            told = f"the schema {SCHEMA} cannot be made ({_first_line(error)}); its owner can make it for us"
            raise _unavailable(told) from error
    connection.commit()


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]


def _unavailable(why: str) -> Unavailable:
    return Unavailable("tracking-database", f"The database of experiments and models: {why}.")
