"""What the tests of the tracking process share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from tests.conftest import DATABASES
from tests.laws.source import ROOT
from tests.tracking.process.front import Front, open_front
from treadle.settings import Settings
from treadle.tracking.process import Tracking

TELLING = "tests.tracking.process.children.telling"
DYING = "tests.tracking.process.children.dying"
BREAKING = "tests.tracking.process.children.breaking"
FAINTING = "tests.tracking.process.children.fainting"


@pytest.fixture(scope="module", autouse=True)
def findable() -> Iterator[None]:
    """The modules of the tests can be run by a child, and MLflow's client shows no progress."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        yield


@pytest.fixture(scope="module", params=DATABASES)
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Of a server on each kind of database."""
    data_dir = tmp_path_factory.mktemp("data")
    if request.param == "sqlite":
        yield Settings(data_dir=data_dir)
        return
    with request.getfixturevalue("postgresql").empty_database() as url:
        yield Settings(data_dir=data_dir, database_url=url)


@pytest.fixture(scope="module")
def front(settings: Settings) -> Iterator[Front]:
    """A server with its tracking process, shared by the tests of a module."""
    with open_front(Tracking(settings, module=TELLING)) as opened:
        yield opened


@pytest.fixture
def client(front: Front, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """The stock client, as an editor."""
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "editor")
    return MlflowClient(front.address, front.address)


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and not only what is left of it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def environment_of_process(pid: int) -> str:
    """What a process was started with."""
    return os.fsdecode(Path(f"/proc/{pid}/environ").read_bytes())
