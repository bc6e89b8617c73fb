"""What tests share: a real, migrated database of either kind, and a real Chromium."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from tests import shortcuts
from tests.chromium import find_chromium
from tests.postgresql import PostgresqlServer, start_postgresql
from tests.serving import migrated_file
from treadle.db import Database, connect_url

#: TREADLE_TEST_DATABASES=sqlite leaves PostgreSQL out, for a quick round.
DATABASES = os.environ.get("TREADLE_TEST_DATABASES", "sqlite postgresql").split()

# The same examples in every run, so that a red one means a change; `make test-long` looks for new ones.
settings.register_profile("same-examples", derandomize=True)
settings.load_profile("same-examples")

shortcuts.take_all()


def pytest_collection_finish() -> None:
    """All that tests need is imported."""
    shortcuts.leave_what_is_imported()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """As `pytest_runtest_call`."""
    with _without_loop(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Hide Playwright's loop from other tests: it runs in this thread while the shared browser is open."""
    with _without_loop(item):
        return (yield)


@contextmanager
def _without_loop(item: pytest.Item) -> Iterator[None]:
    running = asyncio._get_running_loop()
    if running is None or "browser" in getattr(item, "fixturenames", ()):
        yield
        return
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(running)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A real PostgreSQL server, shared by every test session on this machine."""
    with start_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy, so that no test pays for the migrations."""
    path = tmp_path_factory.mktemp("migrated") / "treadle.sqlite3"
    path.write_bytes(migrated_file())
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
