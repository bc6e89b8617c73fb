"""A real server with a worker, on each kind of database, shared by the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import DATABASES
from tests.postgresql import PostgresqlServer
from tests.serving import RunningServer
from tests.working import serve_with_worker


@pytest.fixture(scope="module", params=DATABASES)
def studio(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server whose imports and exports are done, with the administrator of `tests.serving`."""
    folder = tmp_path_factory.mktemp("studio")
    if request.param == "sqlite":
        with serve_with_worker("", folder) as server:
            yield server
        return
    postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
    with postgresql.fresh_database() as url, serve_with_worker(url, folder) as server:
        yield server
