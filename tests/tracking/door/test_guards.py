"""Each guard, taken out: then the attacks and the walk over every route find what is the victims'."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.laws.source import ROOT
from tests.serving import serve
from tests.tracking.door.attacks import by_paths, by_trace_tag, by_version_source
from tests.tracking.door.attempts import attempt, leaks, routes, stolen
from tests.tracking.door.world import World, make_world
from treadle.access import Actor
from treadle.db import Tx
from treadle.tracking.process import Tracking

pytestmark = pytest.mark.long


@contextmanager
def without(guard: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[World]:
    """The play, with a tracking process that lacks a guard."""
    module = f"tests.tracking.door.without_{guard}"
    patch.setenv("PYTHONPATH", str(ROOT))  # where the process finds it
    patch.setattr("treadle.web.parts.Tracking", partial(Tracking, module=module))
    with serve("", folder) as running:
        yield make_world(running)


def test_without_the_guard_of_rows_the_walk_finds_leaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with without("rows", tmp_path / "data", monkeypatch) as world:
        asked = [one for one in routes("GET") if "/experiments/" in one[1] or "/traces" in one[1]]
        found = [one for one in asked if leaks(world, attempt(world, "stranger", *one, at="stranger"))]
        assert found != []

        monkeypatch.setattr("treadle.tracking.door.list_names", every_workspace)
        names = leaks(world, world.ask("stranger", "GET", "/api/3.0/mlflow/workspaces", at=None))
        assert names != [], "without the guard of names the list of workspaces tells them"


def test_without_the_guard_of_bytes_the_two_leaks_of_stock_mlflow_are_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with without("bytes", tmp_path / "data", monkeypatch) as world:
        for attack in (by_trace_tag, by_version_source):
            assert stolen(world, attack(world)) != [], attack.__name__

        monkeypatch.setattr("treadle.tracking.artifacts.find_place", lambda _workspace, text: text)
        assert stolen(world, by_paths(world)) != [], "the door's own guard of bytes"


def every_workspace(_tx: Tx, _actor: Actor) -> list[tuple[int, str]]:
    """What a list would be that asks nobody's role."""
    return [(1, "main"), (2, "quiet-harbour"), (3, "other-shore")]
