"""The house that tests of sources and targets work in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.house import House, open_house
from treadle.db import Database


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """A project, and room for repos; on each kind of database."""
    return open_house(database, tmp_path / "data")
