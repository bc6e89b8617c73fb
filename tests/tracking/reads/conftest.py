"""MLflow's own store beside our reads of its tables, on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import DATABASES
from tests.postgresql import PostgresqlServer
from tests.tracking.reads.corpus import Studio, open_studio
from treadle.settings import Settings
from treadle.tracking.paths import tracking_database_url


@pytest.fixture(scope="session", params=DATABASES)
def studio(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Two workspaces with runs in them; a test that changes something makes a run of its own for it."""
    folder: Path = tmp_path_factory.mktemp("tracking")
    if request.param == "sqlite":
        with open_studio(tracking_database_url(Settings(data_dir=folder)), folder / "artifacts") as opened:
            yield opened
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    with server.empty_database() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA mlflow")
        address = tracking_database_url(Settings(data_dir=folder, database_url=url))
        with open_studio(address, folder / "artifacts") as opened:
            yield opened
