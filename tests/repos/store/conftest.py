"""A repo's contents in each sort of store: files of ours, and objects behind a face."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repos.store.repo import Repo
from treadle.objects import LocalObjects, MemoryObjects


@pytest.fixture(params=["local", "remote"])
def repo(request: pytest.FixtureRequest, tmp_path: Path) -> Repo:
    """An empty repo, in files and behind an object store's face."""
    return Repo(LocalObjects(tmp_path) if request.param == "local" else MemoryObjects())


@pytest.fixture
def local(tmp_path: Path) -> Repo:
    """An empty repo in files below ``tmp_path``."""
    return Repo(LocalObjects(tmp_path))
