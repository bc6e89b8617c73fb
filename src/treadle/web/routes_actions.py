"""Bulk actions over HTTP: what one does to many tasks of a list at once."""

from __future__ import annotations

from typing import Any

import msgspec

from treadle.access import Grant, ProjectScope, allow
from treadle.db import Tx
from treadle.errors import Invalid, NotFound
from treadle.jobs import Job
from treadle.labeling import views
from treadle.labeling.actions import ACTIONS, Action, Started, Wish
from treadle.labeling.filters import TaskQuery, parse_selection
from treadle.learning.predictions.prelabel import RETRIEVE
from treadle.permissions import Permission
from treadle.web.bodies import MAX_BODY_BYTES, read_whole, whole_number
from treadle.web.call import MAX_ID, Call
from treadle.web.job_replies import wait_to_end, wants_no_wait
from treadle.web.routes_tasks import hand_out_next
from treadle.web.routing import Reply, Route, json_reply

#: Those of the data, and those that ask models about it.
_ACTIONS: tuple[Action, ...] = (*ACTIONS, RETRIEVE)


def list_actions(call: Call) -> Reply:
    with call.read() as tx:
        call.allow(tx, ProjectScope(_project(call)))
        return json_reply([_action(each) for each in sorted(_ACTIONS, key=lambda each: each.order)])


def get_form(call: Call) -> Reply:
    """What the action asks for before it is done; [] where that is nothing."""
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(_project(call)))
        return json_reply(_find(call.path_params["action"]).form(tx, grant))


async def run_action(call: Call) -> Reply:
    """Do something to the selected tasks, as an editor; or hand out the next one (``id=next_task``).

    A job does it, which the client waits for unless it says ``Prefer: respond-async``.
    """
    call.body = await read_whole(call.chunks(), MAX_BODY_BYTES)
    if call.query_text("id") == "next_task":
        return await call.in_thread(hand_out_next, call, _project(call))
    action, started = await call.in_thread(_start, call)
    job = started.job if wants_no_wait(call) else await wait_to_end(call, started.job)
    if job.is_final:
        return json_reply(_outcome(action, job))
    return json_reply({"job": job.id, "deletion": started.deletion}, 202)


def _find(name: str) -> Action:
    action = next((each for each in _ACTIONS if each.id == name), None)
    if action is None:
        raise NotFound("action-not-found", f"There is no action {name!r}.")
    return action


def _start(call: Call) -> tuple[Action, Started]:
    with call.write() as tx:
        scope = ProjectScope(_project(call))
        call.allow(tx, scope)
        grant = allow(tx, call.actor, Permission.TASK_WRITE, scope)
        action = _find(call.query_text("id"))
        return action, action.start(tx, grant, _wish(call, tx, grant))


def _outcome(action: Action, job: Job) -> dict[str, Any]:
    told = msgspec.json.decode(job.result or "{}")
    return {
        "processed_items": told["count"],
        "reload": True,
        "detail": action.done.format(told["count"]),
        "job": job.id,
        "deletion": told.get("deletion"),
    }


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


def _wish(call: Call, tx: Tx, grant: Grant) -> Wish:
    sent = call.fields()
    version = sent.get("model_version") or None
    annotator = whole_number("annotator", str(sent.get("annotator") or "") or None, None)
    return Wish(
        _selected(call, tx, grant), _users(call), None if version is None else str(version), annotator
    )


def _users(call: Call) -> list[int]:
    users = call.fields().get("users") or []
    if not isinstance(users, list) or not all(type(each) is int and 0 < each <= MAX_ID for each in users):
        raise Invalid("users-malformed", "users must be a list of ids.", fields={"users": ["Expected ids."]})
    return users


def _project(call: Call) -> int:
    project_id = call.query_int("project")
    if project_id is None:
        raise Invalid("query-invalid", "Say which project: ?project=ID.", fields={"project": ["Required."]})
    return project_id


def _action(action: Action) -> dict[str, Any]:
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
    Route(
        "GET", "/api/dm/actions/{action}/form/", get_form, Permission.TASK_WRITE, "Get the form of an action"
    ),
    Route("POST", "/api/dm/actions/", run_action, Permission.ANNOTATION_WRITE, "Post actions", stream=True),
)
