"""Real servers that tests harm, each on a database of either kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import DATABASES
from tests.faults.house import House


@pytest.fixture(params=DATABASES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A place for one server after another, on one data folder and one database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    opened = House(tmp_path, url)
    yield opened
    opened.close()
