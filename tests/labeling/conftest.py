"""The studio that tests of the labelling verbs work in."""

from __future__ import annotations

import pytest

from tests.labeling.studio import Studio, open_studio
from treadle.db import Database


@pytest.fixture
def studio(database: Database) -> Studio:
    """One workspace, one person of each role, one project; on each kind of database."""
    return open_studio(database)
