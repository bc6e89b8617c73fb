"""A database that does not answer is not one in which nobody has tracked anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.conftest import DATABASES
from tests.postgresql import PostgresqlServer
from treadle.errors import Unavailable
from treadle.objects import LocalObjects
from treadle.settings import Settings
from treadle.tracking.paths import artifact_key, tracking_database_url, tracking_file
from treadle.tracking.reads import ReadRequest, Reads
from treadle.tracking.reads.tables import Tables
from treadle.tracking.sources import Sources
from treadle.tracking.visitor import Visitor

EDITOR = Visitor(1, "edit@example.com", 17, "edit", ())
PLACE = "workspaces/ws-17/3/run/artifacts/model.bin"


@pytest.fixture(params=DATABASES)
def untracked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Nobody has tracked anything."""
    if request.param == "sqlite":
        yield Settings(data_dir=tmp_path)
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    with server.empty_database() as url:
        yield Settings(data_dir=tmp_path, database_url=url)


@pytest.fixture
def away(request: pytest.FixtureRequest, untracked: Settings) -> Iterator[Settings]:
    """Nobody can tell what was tracked."""
    if not untracked.database_url.startswith("postgresql"):
        tracking_file(untracked).mkdir()
        yield untracked
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    with server.unreachable(untracked.database_url):
        yield untracked


def ask(settings: Settings, method: str, path: str) -> tuple[int, bytes] | None:
    with closing(Reads(tracking_database_url(settings), settings)) as reads:
        answer = reads.answer(ReadRequest(method, path, "", b"{}", EDITOR))
        reads.after(ReadRequest("POST", "/api/2.0/mlflow/runs/log-batch", "", b"{}", EDITOR), 200)
        return None if answer is None else (answer.status, answer.body)


def store(settings: Settings) -> None:
    objects = LocalObjects(settings.data_dir / "objects")
    objects.put(artifact_key(PLACE), [b"a model"])
    with closing(Sources(settings)) as sources:
        sources.check_may_store(EDITOR, objects, PLACE)


def test_nothing_tracked_is_said_where_it_is_so(untracked: Settings) -> None:
    answer = ask(untracked, "POST", "/treadle/experiments")
    assert answer is not None
    assert answer[0] == 404
    assert b"tracking-empty" in answer[1]
    store(untracked)


def test_a_database_that_is_away_is_told_and_guards_what_it_knows(away: Settings) -> None:
    answer = ask(away, "POST", "/treadle/experiments")
    assert answer is not None
    assert answer[0] == 503
    assert b"tracking-database" in answer[1]
    assert ask(away, "POST", "/api/2.0/mlflow/runs/search") is None
    with pytest.raises(Unavailable) as told:
        store(away)
    assert told.value.code == "tracking-database"


def test_tables_that_tell_no_revision_are_not_nothing(untracked: Settings) -> None:
    with closing(Tables(tracking_database_url(untracked))) as tables:
        if tables.is_sqlite:
            tracking_file(untracked).touch()
        else:
            _run(untracked, "CREATE SCHEMA mlflow")
        assert not tables.are_begun()
        with tables.write() as writer:
            writer.run("CREATE TABLE alembic_version (version_num TEXT)")
        assert tables.are_begun()
        assert not tables.are_there()


def test_a_schema_that_is_shut_is_not_nothing(postgresql: PostgresqlServer) -> None:
    role = f"shut_out_{os.getpid()}"
    with postgresql.empty_database() as url:
        settings = Settings(database_url=url)
        _run(settings, "CREATE SCHEMA mlflow")
        _run(settings, f"CREATE ROLE {role}")
        try:
            shut = make_url(url).update_query_dict({"options": f"-crole={role}"})
            given = replace(settings, database_url=shut.render_as_string(hide_password=False))
            with closing(Tables(tracking_database_url(given))) as tables, pytest.raises(tables.errors):
                tables.are_begun()
        finally:
            _run(settings, f"DROP ROLE {role}")


def _run(settings: Settings, sql: str) -> None:
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(sql.encode())
