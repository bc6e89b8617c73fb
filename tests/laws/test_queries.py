"""Laws of the house: the description of the API tells the query and the body of every route."""

from __future__ import annotations

import pytest

from tests.laws.queries import names_read
from treadle.web.openapi import describe
from treadle.web.query_names import FLAGS, INTEGERS, QUERIES
from treadle.web.routes import all_routes
from treadle.web.routing import Route

#: Read as one of the values that a query or a body gives.
_OF_EITHER = {"GET /api/storages/", "GET /api/storages/export/"} | {
    f"GET /api/storages/{path}/" for path in ("{kind}", "export/{kind}")
}
#: An id in some routes, a name in others.
_MIXED = {"after", "from"}


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.fixture(scope="module")
def read() -> dict[str, dict[str, str]]:
    """The names that each route reads, with their types."""
    return {name(route): names_read(route.handler) for route in all_routes()}


def test_every_query_is_told_and_nothing_else(read: dict[str, dict[str, str]]) -> None:
    found = {each: set(names) for each, names in read.items()}
    found |= {each: {"project"} for each in _OF_EITHER}
    told = {each: set(names.split()) for each, names in QUERIES.items()}
    assert told == {each: names for each, names in found.items() if names}


@pytest.mark.parametrize(("kind", "names"), [("integer", INTEGERS), ("boolean", FLAGS)])
def test_numbers_and_flags_are_told_as_what_they_are_read_as(
    kind: str, names: frozenset[str], read: dict[str, dict[str, str]]
) -> None:
    of_kind = {each for one in read.values() for each, found in one.items() if found == kind}
    assert of_kind - _MIXED <= names
    assert names <= {each for one in read.values() for each in one}


def test_every_route_that_reads_a_body_as_it_comes_tells_of_it() -> None:
    paths = describe(all_routes())["paths"]
    silent = {
        name(route)
        for route in all_routes()
        if route.method in ("POST", "PUT", "PATCH")
        and "requestBody" not in paths[route.path.replace("...}", "}")][route.method.lower()]
    }
    assert silent - WITHOUT_BODY == set()


#: What changes something by its address alone.
WITHOUT_BODY = {
    "POST /logout/",
    "POST /api/token/",
    "POST /api/current-user/reset-token/",
    "POST /api/invite/reset-token",
    "POST /api/admin/people/{id}/password-link/",
    "POST /api/jobs/{id}/cancel/",
    "POST /api/jobs/{id}/retry/",
    "POST /api/tasks/{id}/open/",
    "POST /api/tasks/{id}/release/",
    "POST /api/deletions/{id}/restore/",
    "POST /api/projects/{id}/restore/",
    "POST /api/learning/hooks/{secret}/",
    "POST /api/storages/{kind}/{id}/sync/",
    "POST /api/storages/export/{kind}/{id}/sync/",
    "POST /api/webhooks/{id}/secret/",
    "POST /api/webhooks/{id}/test/",
    "POST /api/webhooks/{id}/replay/",
    "POST /api/webhooks/{id}/deliveries/{delivery}/replay/",
    "POST /api/ml/{id}/check/",
    "POST /api/ml/{id}/predict/",
    "POST /api/ml/{id}/predict/test/",
    "POST /api/repos/{id}/restore/",
    "POST /api/repos/{id}/gc/",
}
