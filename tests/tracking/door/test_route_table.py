"""Law: the door's table holds every route of the installed MLflow, and no other."""

from __future__ import annotations

import pytest

from tests.tracking.door.installed import count_native, installed_routes, shape
from treadle.tracking.mounts import is_tracking_path
from treadle.tracking.route_table import find, find_page, methods_at
from treadle.tracking.routes import ROWS, Need
from treadle.web.routes import all_routes

ROUTES = all_routes()
#: Where Treadle's own pages answer, and the door never does.
OURS = {"/", "/health", "/version", "/build/{filename:path}", "/static-files/{path:path}"}


def test_the_table_holds_every_installed_route_and_no_other() -> None:
    installed = {(method, shape(path)) for method, path in installed_routes()}
    table = {(row.method, shape(row.path)) for row in ROWS}
    assert installed - table == set(), "MLflow has routes that the door does not know"
    assert table - installed == set(), "the door knows routes that MLflow does not have"
    assert len(ROWS) == len(table), "a route stands twice"
    assert count_native() > 70, "the walk over MLflow's native routes finds them"


def test_every_route_is_found_by_an_address_of_it() -> None:
    for row in ROWS:
        address = row.path.replace(":path}", "}").replace("{", "one-").replace("}", "")
        found = find(row.method, address)
        assert found is not None, row
        assert found.need is row.need, (row, found)
        assert is_tracking_path(address) or row.path in OURS or row.path.startswith("/api/2.0mlflow"), row


def test_a_denied_route_says_why() -> None:
    assert [row for row in ROWS if row.need is Need.DENIED and not row.reason] == []
    denied = {row.path for row in ROWS if row.need is Need.DENIED}
    for part in ("gateway", "/jobs", "assistant", "promptlab", "demo", "scorer/invoke", "webhooks"):
        assert any(part in path for path in denied), part
        left = [r for r in ROWS if part in r.path and r.need is not Need.DENIED]
        assert left == [], part


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/2.0/mlflow/registered-models/alias"),
        ("DELETE", "/ajax-api/2.0/mlflow/registered-models/alias"),
    ],
)
def test_promoting_a_model_is_for_managers(method: str, path: str) -> None:
    row = find(method, path)
    assert row is not None
    assert row.need is Need.MANAGE


def test_pages_of_mlflow_are_its_own_only_below_their_mount() -> None:
    assert find_page("GET", "/") is not None
    assert find_page("GET", "/static-files/main.js") is not None
    assert find_page("POST", "/") is None
    assert find_page("GET", "/api/2.0/mlflow/runs/get") is None


def test_what_treadle_answers_is_not_the_doors() -> None:
    for path in ("/", "/health", "/version", "/api/projects/", "/api/2.0/other", "/mlflower", "/graphql2"):
        assert not is_tracking_path(path), path


def test_no_route_of_treadle_is_taken_by_the_door() -> None:
    assert [route.path for route in ROUTES if is_tracking_path(route.path)] == []


def test_methods_are_told_with_head() -> None:
    assert methods_at("/graphql") == ("HEAD", "GET", "POST")
    assert methods_at("/nothing") == ()
