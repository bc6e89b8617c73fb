"""Paths find their routes."""

from __future__ import annotations

import pytest

from treadle.errors import Defect
from treadle.web.call import Call
from treadle.web.routing import PUBLIC, Reply, Route, RouteTree


def answer(_call: Call) -> Reply:
    return Reply()


def route(path: str, method: str = "GET") -> Route:
    return Route(method, path, answer, PUBLIC, "A route")


TREE = RouteTree(
    (
        route("/"),
        route("/api/projects/"),
        route("/api/projects/", "POST"),
        route("/api/projects/counts"),
        route("/api/projects/{id}/"),
        route("/api/projects/{id}/tasks/{task_id}"),
        route("/data/upload/{project}/{path...}"),
    )
)


@pytest.mark.parametrize(
    ("path", "found", "values"),
    [
        ("/", "/", ()),
        ("/api/projects", "/api/projects/", ()),
        ("/api/projects/", "/api/projects/", ()),
        ("/api/projects/counts/", "/api/projects/counts", ()),
        ("/api/projects/7", "/api/projects/{id}/", ("7",)),
        ("/api/projects/7/tasks/8/", "/api/projects/{id}/tasks/{task_id}", ("7", "8")),
        ("/api/projects/counts/tasks/8", "/api/projects/{id}/tasks/{task_id}", ("counts", "8")),
        ("/data/upload/1/a/b.png", "/data/upload/{project}/{path...}", ("1", "a/b.png")),
    ],
)
def test_a_path_finds_its_route_with_or_without_the_last_slash(
    path: str, found: str, values: tuple[str, ...]
) -> None:
    match = TREE.find(path)
    assert match is not None
    assert (match.routes["GET"].path, match.values) == (found, values)


@pytest.mark.parametrize("path", ["/api", "/api/projects/7/tasks", "/api/projects//tasks/8", "/nowhere"])
def test_other_paths_find_nothing(path: str) -> None:
    assert TREE.find(path) is None


def test_one_operation_is_declared_once() -> None:
    with pytest.raises(Defect, match="twice"):
        RouteTree((route("/api/x/{id}"), route("/api/x/{other}/")))


def test_the_names_in_a_path_are_its_parameters() -> None:
    assert route("/data/upload/{project}/{path...}").parameters == ("project", "path")
