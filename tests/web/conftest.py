"""A real server on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import RunningServer, serve


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    """A server with the administrator of `tests.serving`."""
    with serve(database_url, tmp_path / "data") as running:
        yield running


@pytest.fixture
def unowned_server(database_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    """A server that nobody owns yet."""
    with serve(database_url, tmp_path / "data", admin_email="") as running:
        yield running
