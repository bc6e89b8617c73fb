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

#: How long a reader waits for those who are promoting.
_PATIENCE_S = 10


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
    if call.parts.tracking.pid is not None:
        await _catch_up(call, Model(grant.workspace_id, name, None), visitor)
    lines: list[Promotion] = await call.in_thread(_read, call, grant, name)
    return json_reply({"results": [_line(line) for line in lines]})


def _enter(call: Call) -> Grant:
    workspace_id = call.query_int("workspace")
    if workspace_id is None:
        text = "Give the id of the workspace."
        raise Invalid("query-invalid", text, fields={"workspace": [text]})
    with call.read() as tx:
        return call.allow(tx, WorkspaceScope(workspace_id))


def _read(call: Call, grant: Grant, name: str) -> list[Promotion]:
    with call.parts.database.read() as tx:
        return list_promotions(tx, grant, name)


async def _catch_up(call: Call, nobody: Model, visitor: Visitor) -> None:
    tracking = call.parts.tracking
    standing = await ask_standing(tracking, nobody.name, visitor)
    if standing is None or not await call.in_thread(_is_behind, call, nobody, standing):
        return
    # Whoever is promoting has not written their line yet: theirs comes first, and has their name.
    mine = (nobody.workspace_id, nobody.name)
    try:
        async with tracking.model_turns.taken(mine, patience_s=_PATIENCE_S):
            standing = await ask_standing(tracking, nobody.name, visitor)
            if standing is not None:
                await call.in_thread(_add_missing, call, nobody, standing)
    except Unavailable:
        return  # whoever reads next sees it


def _is_behind(call: Call, nobody: Model, standing: dict[str, str]) -> bool:
    with call.parts.database.read() as tx:
        return differs(tx, nobody, standing)


def _add_missing(call: Call, model: Model, standing: dict[str, str]) -> None:
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
