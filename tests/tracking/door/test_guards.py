"""Each guard, taken out of a running server: then the walk over every route, or an attack, finds something.

The same walk and the same attacks find nothing in `test_matrix.py`, where the guards stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from tests.conftest import DATABASES
from tests.laws.source import ROOT
from tests.serving import serve
from tests.tracking.door.attacks import by_names_past_the_door, by_paths, by_trace_tag, by_version_source
from tests.tracking.door.attempts import attempt, leaks, routes, stolen
from tests.tracking.door.world import V2, World, make_people, open_world
from treadle.access import Actor
from treadle.db import Tx
from treadle.tracking.process import Tracking

#: A route of each thing that MLflow's stores hold.
STORED = (
    "/mlflow/experiments/get",
    "/mlflow/runs/get",
    "/mlflow/traces/{trace_id}",
    "/mlflow/logged-models/{model_id}",
    "/mlflow/datasets/{dataset_id}",
    "/mlflow/mcp-servers",
    "/mlflow/registered-models/get",
    "/mlflow/registered-models/alias",
    "/mlflow/model-versions/get",
)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database."""
    return str(request.param)


def take_out(guard: str, patch: pytest.MonkeyPatch) -> None:
    """Let tracking processes that are started from now on lack a guard."""
    module = f"tests.tracking.door.without_{guard}"
    patch.setenv("PYTHONPATH", str(ROOT))  # where the process finds it
    patch.setitem(cast("dict[str, Any]", Tracking.__init__.__kwdefaults__), "module", module)


@contextmanager
def without(
    guard: str, database: str, request: pytest.FixtureRequest, patch: pytest.MonkeyPatch
) -> Iterator[World]:
    """The play, with a tracking process that lacks a guard."""
    take_out(guard, patch)
    folder: Path = request.getfixturevalue("tmp_path")
    with open_world(database, folder / "data", request) as world:
        yield world


@pytest.mark.long
def test_without_the_guard_of_rows_the_walk_finds_what_every_store_holds(
    database: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with without("rows", database, request, monkeypatch) as world:
        red = [path for method, path in routes("GET") if leaks(world, stranger(world, method, path))]
        assert [one for one in STORED if not any(path.endswith(one) for path in red)] == []


def test_without_the_guard_of_names_they_are_told_to_strangers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that takes seconds: without the rows of the play, and on one kind of database."""
    take_out("names", monkeypatch)
    with serve("", tmp_path / "data") as running:
        world = make_people(running, ())
        search = {"max_results": 1}
        started = world.ask("stranger", "POST", f"{V2}/experiments/search", at="stranger", json=search)
        assert started.status_code == 200, started.text
        assert stolen(world, by_names_past_the_door(world)) != []


@pytest.mark.long
def test_without_the_guard_of_names_a_question_past_the_door_finds_them(
    database: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with without("names", database, request, monkeypatch) as world:
        assert stolen(world, by_names_past_the_door(world)) != []

        monkeypatch.setattr("treadle.tracking.door.list_names", every_workspace)
        names = leaks(world, world.ask("stranger", "GET", "/api/3.0/mlflow/workspaces", at=None))
        assert names != [], "the door's own guard of names"


@pytest.mark.long
def test_without_the_guard_of_bytes_the_two_leaks_of_stock_mlflow_are_back(
    database: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with without("bytes", database, request, monkeypatch) as world:
        for attack in (by_trace_tag, by_version_source):
            assert stolen(world, attack(world)) != [], attack.__name__

        monkeypatch.setattr("treadle.tracking.artifacts.find_place", lambda _workspace, text: text)
        assert stolen(world, by_paths(world)) != [], "the door's own guard of bytes"


def stranger(world: World, method: str, path: str) -> httpx.Response:
    """What a stranger is answered who knows every id."""
    return attempt(world, "stranger", method, path, at="stranger")


def every_workspace(_tx: Tx, _actor: Actor) -> list[tuple[int, str]]:
    """What a list would be that asks nobody's role."""
    return [(1, "main"), (2, "quiet-harbour"), (3, "other-shore")]
