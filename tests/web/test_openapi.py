"""The API describes itself."""

from __future__ import annotations

import re
from typing import Any

from tests.serving import RunningServer
from treadle.web.openapi import describe
from treadle.web.routes import all_routes

ROUTES = all_routes()


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return found.union(*(references(part) for part in value.values()))
    return set().union(*(references(part) for part in value)) if isinstance(value, list) else set()


def test_every_operation_is_described() -> None:
    paths = describe(ROUTES)["paths"]
    described = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    assert described == {(route.method, route.path.replace("...}", "}")) for route in ROUTES}


def test_every_reference_resolves_and_every_path_parameter_is_declared() -> None:
    document = describe(ROUTES)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= known
    for path, operations in document["paths"].items():
        for operation in operations.values():
            told = operation.get("parameters", [])
            named = [parameter["name"] for parameter in told if parameter["in"] == "path"]
            assert named == re.findall(r"{(\w+)}", path)


def test_operation_ids_are_used_once() -> None:
    paths = describe(ROUTES)["paths"]
    ids = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(ids) == len(set(ids))


def test_the_description_is_served_to_anybody(server: RunningServer) -> None:
    with server.client(None) as client:
        assert client.get("/docs/api/schema/json/").json()["openapi"] == "3.1.0"
        page = client.get("/docs/api/")
    assert "/api/current-user/whoami" in page.text
