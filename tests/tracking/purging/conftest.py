"""One house for all tests of a kind of database: each works in a workspace of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import DATABASES
from tests.postgresql import PostgresqlServer
from tests.tracking.purging.house import House, Place, open_house
from treadle.db import connect_url


@pytest.fixture(scope="session", params=DATABASES)
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path
) -> Iterator[House]:
    """MLflow's tables and Treadle's, of each kind."""
    folder = tmp_path_factory.mktemp("purging")
    if request.param == "sqlite":
        shutil.copyfile(migrated_sqlite, folder / "treadle.sqlite3")
        with open_house(connect_url(folder / "treadle.sqlite3"), folder / "data") as opened:
            yield opened
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    with server.fresh_database() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA mlflow")
        with open_house(url, folder / "data") as opened:
            yield opened


@pytest.fixture
def place(house: House) -> Place:
    """A workspace of its own."""
    return house.place()
