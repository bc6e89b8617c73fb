"""A desk on each kind of database, and somebody who listens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.labeling.studio import open_studio
from tests.webhooks.desk import Desk, open_desk
from tests.webhooks.listening import Listener, listen
from treadle.db import Database


@pytest.fixture
def desk(database: Database) -> Desk:
    """A project of which nobody is told yet."""
    return open_desk(open_studio(database))


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A server that takes everything."""
    with listen() as listening:
        yield listening
