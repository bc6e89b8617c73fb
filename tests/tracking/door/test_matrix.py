"""Every installed route of MLflow, asked by every kind of visitor with the victims' real ids.

The routes are MLflow's own list and not the door's table.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import DATABASES
from tests.tracking.door.attacks import ATTACKS, Seen
from tests.tracking.door.attempts import address, attempt, leaks, routes, stolen
from tests.tracking.door.world import World, open_world
from treadle.tracking.route_table import find
from treadle.tracking.routes import Need

ANYBODYS = ("/server-info",)
Rows = dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="module", params=DATABASES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The play, on each kind of database; no test changes what another one looks at."""
    with open_world(request.param, tmp_path_factory.mktemp("matrix") / "data", request) as opened:
        yield opened


def lost(before: Rows, after: Rows) -> list[str]:
    """Rows that were there and are not any more, or not as they were."""
    return [f"{table}: {row}" for table, rows in before.items() for row in rows if row not in after[table]]


def planted(world: World, before: Rows, after: Rows) -> list[str]:
    """Rows that are new and hold an id of the victims': something was added to what is theirs."""
    named = ("run_id", "trace_id", "model_id", "dataset_id", "assessment_id", "issue_id")
    theirs = {world.ids[name] for name in named}
    return [
        f"{table}: {row}"
        for table, rows in after.items()
        for row in rows
        if row not in before[table] and not theirs.isdisjoint(cell for cell in row if isinstance(cell, str))
    ]


def test_the_owner_sees_enough_for_a_leak_to_be_seen(world: World) -> None:
    seen = [
        path
        for method, path in routes("GET")
        if leaks(world, attempt(world, "owner", method, path, at="victim"))
    ]
    assert len(seen) >= 40, seen


@pytest.mark.parametrize("who", ["nobody", "wrong"])
def test_who_is_not_known_gets_nothing_anywhere(
    world: World, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.access.wrong_credentials._MOST_OF_ADDRESS", 10_000)
    before = world.rows(), world.keys()
    for method, path in routes():
        if path.endswith(ANYBODYS):
            continue
        world.tokens["wrong"] = f"tdl_{secrets.token_urlsafe(24)}"  # one is told to wait after ten times
        answer = attempt(world, who, method, path, at="victim")
        assert answer.status_code == 401, (method, path, answer.text)
        assert "error_code" in answer.json(), (method, path)
        assert leaks(world, answer) == [], (method, path)
    assert (world.rows(), world.keys()) == before


def test_an_annotator_gets_nothing_of_experiments(world: World) -> None:
    for method, path in routes():
        if path.endswith(ANYBODYS):
            continue
        answer = attempt(world, "annotator", method, path, at="victim")
        if "/workspaces" in path and method == "GET" and "{" not in path:
            assert answer.json() == {"workspaces": []}
            continue
        assert answer.status_code == 403, (method, path, answer.text)


def test_a_strangers_word_for_another_workspace_is_as_for_none(world: World) -> None:
    before = world.rows(), world.keys()
    for method, path in routes():
        if path.endswith(ANYBODYS) or "/workspaces" in path:
            continue
        real = attempt(world, "stranger", method, path, at="victim")
        none = attempt(world, "stranger", method, path, at="ws-987654")
        assert real.status_code in (403, 404), (method, path, real.text)
        assert real.status_code == none.status_code, (method, path)
        assert real.text.replace(f"ws-{world.victim}", "ws-987654") == none.text, (method, path)
    assert (world.rows(), world.keys()) == before


def test_a_stranger_sees_and_changes_nothing_by_ids(world: World) -> None:
    before, keys = world.rows(), world.keys()
    for method, path in routes():
        answer = attempt(world, "stranger", method, path, at="stranger")
        assert leaks(world, answer) == [], (method, path, answer.text)
    assert lost(before, world.rows()) == []
    assert planted(world, before, world.rows()) == []
    assert keys.items() <= world.keys().items()


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_known_attack_finds_and_changes_nothing(world: World, attack: Callable[[World], Seen]) -> None:
    before, keys = world.rows(), world.keys()
    assert stolen(world, attack(world)) == []
    assert lost(before, world.rows()) == []
    assert planted(world, before, world.rows()) == []
    assert keys.items() <= world.keys().items()
    assert [key for key in world.keys() - keys.keys() if f"/ws-{world.victim}/" in key] == []


@pytest.mark.parametrize("who", ["viewer", "reviewer"])
def test_who_only_reads_changes_nothing(world: World, who: str) -> None:
    before = world.rows(), world.keys()
    refused = 0
    for method, path in routes():
        answer = attempt(world, who, method, path, at="victim")
        refused += answer.status_code == 403
        if method in ("PUT", "PATCH", "DELETE"):
            assert answer.status_code == 403, (method, path, answer.text)
    assert (world.rows(), world.keys()) == before
    assert refused > 200


def test_an_editor_destroys_and_promotes_nothing(world: World) -> None:
    before = world.rows(), world.keys()
    for method, path in routes():
        row = find(method, address(world, path))
        assert row is not None, (method, path)
        if row.need in (Need.MANAGE, Need.ADMIN):
            answer = attempt(world, "editor", method, path, at="victim")
            assert answer.status_code == 403, (method, path, answer.text)
    assert (world.rows(), world.keys()) == before


@pytest.mark.parametrize("who", ["manager", "owner", "admin"])
def test_who_manages_is_let_in_but_where_nobody_is(world: World, who: str) -> None:
    for method, path in routes():
        row = find(method, address(world, path))
        assert row is not None, (method, path)
        is_refused = row.need is Need.DENIED or (row.need is Need.ADMIN and who != "admin")
        # With ids of nothing: whoever is let in hears that from MLflow.
        answer = world.ask(who, method, address_of_nothing(path), params={"run_id": "0", "name": "no-such"})
        assert (answer.status_code in (401, 403)) is is_refused, (method, path, answer.text)


def address_of_nothing(path: str) -> str:
    """The path with ids that nothing has."""
    return path.replace(":path}", "}").replace("{", "no-").replace("}", "")
