"""What tests share: a real, migrated database of either kind, and a real Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from tests.chromium import find_chromium
from tests.postgresql import PostgresqlServer, start_postgresql
from treadle.db import Database, connect_url, migrate

#: TREADLE_TEST_DATABASES=sqlite leaves PostgreSQL out, for a quick round.
DATABASES = os.environ.get("TREADLE_TEST_DATABASES", "sqlite postgresql").split()

# The same examples in every run, so that a red one means a change; `make test-long` looks for new ones.
settings.register_profile("same-examples", derandomize=True)
settings.load_profile("same-examples")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A real PostgreSQL server, shared by every test session on this machine."""
    with start_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy, so that no test pays for the migrations."""
    path = tmp_path_factory.mktemp("migrated") / "treadle.sqlite3"
    database = Database.open(connect_url(path), journal_mode="DELETE")
    migrate(database)
    database.close()
    return path


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The address of a fresh, migrated SQLite database."""
    path = tmp_path / "treadle.sqlite3"
    shutil.copyfile(migrated_sqlite, path)
    return connect_url(path)


@pytest.fixture
def postgresql_url(postgresql: PostgresqlServer) -> Iterator[str]:
    """The address of a fresh, migrated PostgreSQL database."""
    with postgresql.fresh_database() as url:
        yield url


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh, migrated database: every test runs on each kind."""
    url = request.getfixturevalue(f"{request.param}_url")
    assert isinstance(url, str)
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated database, open."""
    opened = Database.open(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The executable of a headless Chromium: TREADLE_CHROMIUM, the PATH's, or the unpacked one."""
    return find_chromium()


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator[Browser]:
    """A running Chromium; a test opens contexts of its own in it."""
    with sync_playwright() as playwright:
        # Without the sandbox, which needs a user other than root or a kernel setting.
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()
