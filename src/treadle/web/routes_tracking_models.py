"""Who promoted which registered model when."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from treadle.access import Grant, WorkspaceScope
from treadle.errors import Invalid, Unavailable
from treadle.permissions import Permission
from treadle.tracking.names import internal_name
from treadle.tracking.promoting import ask_standing
from treadle.tracking.promotions import Model, Promotion, differs, list_promotions, note_standing
from treadle.tracking.visitor import Visitor
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, json_reply


async def get_history(call: Call) -> Reply:
    """The lines of one model, the newest first; what a crash left out is added before."""
    name = call.query_text("name")
    if not name:
        raise Invalid("query-invalid", "Name the model.", fields={"name": ["Name the model."]})
    grant: Grant = await call.in_thread(_enter, call)
    assert grant.workspace_id is not None
    places = ((grant.workspace_id, internal_name(grant.workspace_id)),)
    visitor = Visitor(grant.actor.user_id, grant.actor.email, grant.workspace_id, "read", places)
    # Where nobody has asked MLflow anything there is nothing to catch up with, and no reason to start it.
    tracking = call.parts.tracking
    standing = None if tracking.pid is None else await ask_standing(tracking, name, visitor)
    lines: list[Promotion] = await call.in_thread(_read, call, grant, name, standing)
    return json_reply({"results": [_line(line) for line in lines]})


def _enter(call: Call) -> Grant:
    workspace_id = call.query_int("workspace")
    if workspace_id is None:
        text = "Give the id of the workspace."
        raise Invalid("query-invalid", text, fields={"workspace": [text]})
    with call.read() as tx:
        return call.allow(tx, WorkspaceScope(workspace_id))


def _read(call: Call, grant: Grant, name: str, standing: dict[str, str] | None) -> list[Promotion]:
    assert grant.workspace_id is not None
    nobody = Model(grant.workspace_id, name, None)
    with call.parts.database.read() as tx:
        is_behind = standing is not None and differs(tx, nobody, standing)
    if is_behind and standing is not None:
        _catch_up(call, nobody, standing)
    with call.parts.database.read() as tx:
        return list_promotions(tx, grant, name)


def _catch_up(call: Call, model: Model, standing: dict[str, str]) -> None:
    try:
        with call.parts.database.write() as tx:
            note_standing(tx, model, standing)
    except (DBAPIError, PoolTimeoutError, Unavailable):
        return  # whoever reads next adds it


def _line(line: Promotion) -> dict[str, Any]:
    by = None
    if line.user_id is not None:
        by = {
            "id": line.user_id,
            "email": line.email,
            "first_name": line.first_name,
            "last_name": line.last_name,
        }
    return {
        "alias": line.alias,
        "version": line.version,
        "previous_version": line.previous_version,
        "by": by,
        "at": line.at,
    }


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/tracking/models/history/",
        get_history,
        Permission.TRACKING_READ,
        "Who promoted a model when",
        stream=True,
    ),
)
