"""The description of every operation."""

from __future__ import annotations

from treadle.web.call import Call
from treadle.web.openapi import describe, describe_as_page
from treadle.web.pages import HTML
from treadle.web.routes import all_routes
from treadle.web.routing import PUBLIC, Reply, Route, json_reply


def get_schema(_call: Call) -> Reply:
    return json_reply(describe(all_routes()))


def get_schema_page(_call: Call) -> Reply:
    return Reply(200, describe_as_page(all_routes()).encode(), HTML)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/docs/api/schema/json/", get_schema, PUBLIC, "This description"),
    Route("GET", "/docs/api/", get_schema_page, PUBLIC, "The operations as a page"),
)
