"""A server in this process with a repo, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving import ADMIN_TOKEN, RunningServer, serve
from treadle.client import Client, RemoteRepo, connect
from treadle.client.filesystem import TreadleFileSystem
from treadle.ids import new_uuid


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server on SQLite: what stands behind HTTP is tried on both databases elsewhere."""
    with serve("", tmp_path_factory.mktemp("studio")) as running:
        yield running


@pytest.fixture(scope="module")
def client(studio: RunningServer) -> Iterator[Client]:
    with connect(studio.url, ADMIN_TOKEN) as connected:
        yield connected


@pytest.fixture
def repo(client: Client) -> RemoteRepo:
    """An empty repo of the test's own."""
    return client.create_repo(f"repo-{new_uuid()}")


@pytest.fixture
def fs(studio: RunningServer) -> TreadleFileSystem:
    return TreadleFileSystem(studio.url, ADMIN_TOKEN, skip_instance_cache=True)


@pytest.fixture
def root(repo: RemoteRepo) -> str:
    """Its branch, as the file system names it."""
    return f"{repo.about.name}@master"
