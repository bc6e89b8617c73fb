"""Bulk actions over HTTP: what one does to many tasks of a list at once."""

from __future__ import annotations

from typing import Any

from treadle.access import Grant, ProjectScope, allow
from treadle.db import Tx
from treadle.errors import Invalid, NotFound
from treadle.labeling import views
from treadle.labeling.actions import ACTIONS
from treadle.labeling.filters import TaskQuery, parse_selection
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.routes_tasks import hand_out
from treadle.web.routing import Reply, Route, json_reply


def list_actions(call: Call) -> Reply:
    with call.read() as tx:
        call.allow(tx, ProjectScope(_project(call)))
        return json_reply([_action(each) for each in sorted(ACTIONS, key=lambda each: each.order)])


def run_action(call: Call) -> Reply:
    """Do something to the selected tasks, as an editor; or hand out the next one (``id=next_task``)."""
    name = call.query_text("id")
    with call.write() as tx:
        scope = ProjectScope(_project(call))
        labeler = call.allow(tx, scope)
        if name == "next_task":
            return json_reply(hand_out(call, tx, labeler))
        grant = allow(tx, call.actor, Permission.TASK_WRITE, scope)
        action = next((each for each in ACTIONS if each.id == name), None)
        if action is None:
            raise NotFound("action-not-found", f"There is no action {name!r}.")
        count, detail = action.run(tx, grant, _selected(call, tx, grant))
        return json_reply({"processed_items": count, "reload": True, "detail": detail})


def _selected(call: Call, tx: Tx, grant: Grant) -> TaskQuery:
    sent = call.fields()
    view_id = call.query_int("view") or call.query_int("tabID")
    query = views.query_of(tx, grant, view_id) if view_id else TaskQuery()
    chosen = views.query_of_settings(sent)
    selected = parse_selection(sent.get("selectedItems"))
    if selected is None:
        raise Invalid(
            "selection-missing",
            "Say which tasks: selectedItems with all, included or excluded.",
            fields={"selectedItems": ["This field is required."]},
        )
    return TaskQuery(chosen.filters or query.filters, chosen.ordering or query.ordering, selected)


def _project(call: Call) -> int:
    project_id = call.query_int("project")
    if project_id is None:
        raise Invalid("query-invalid", "Say which project: ?project=ID.", fields={"project": ["Required."]})
    return project_id


def _action(action: Any) -> dict[str, Any]:
    return {
        "id": action.id,
        "title": action.title,
        "order": action.order,
        "permission": action.permission,
        "reload": True,
        "dialog": {"title": action.title, "text": action.text, "type": "confirm", "form": None},
    }


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/dm/actions/", list_actions, Permission.TASK_READ, "Get actions"),
    Route("POST", "/api/dm/actions/", run_action, Permission.ANNOTATION_WRITE, "Post actions"),
)
