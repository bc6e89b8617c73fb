"""The task list, saved views and bulk actions over HTTP: Label Studio's data manager."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from treadle.access import Grant, ProjectScope, allow
from treadle.db import Tx
from treadle.errors import Invalid, NotFound
from treadle.labeling import predictions, projects, task_list, usage, views
from treadle.labeling.actions import ACTIONS
from treadle.labeling.columns import list_columns
from treadle.labeling.config import parse_config
from treadle.labeling.filters import TaskQuery, parse_selection
from treadle.labeling.people import annotators_of
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.routes_tasks import hand_out
from treadle.web.routing import Reply, Route, empty, json_reply

_MOST_PER_PAGE = 10_000
_KEYS_READ = 1_000


class ViewBody(Struct):
    """What a client sends of a view."""

    data: dict[str, Any] = {}
    project: int | None = None


class OrderBody(Struct):
    """Views in the order they shall stand."""

    ids: list[int] = []
    project: int | None = None


def list_tasks(call: Call) -> Reply:
    page = projects.Page(call.query_page(), _page_size(call))
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(_project_of_list(call, tx)))
        is_whole = call.query_text("fields") == "all"
        return json_reply(task_list.read_page(tx, grant, _query(call, tx, grant), page, is_whole=is_whole))


def get_columns(call: Call) -> Reply:
    project_id = _project(call)
    with call.read() as tx:
        call.allow(tx, ProjectScope(project_id))
        config = parse_config(projects.config_of(tx, project_id))
        keys = usage.first_data_keys(tx, project_id, _KEYS_READ)
        people = annotators_of(tx, project_id)
        versions = list(predictions.count_versions(tx, project_id))
        return json_reply(list_columns(config, keys, people, versions))


def list_views(call: Call) -> Reply:
    project_id = call.query_int("project")
    with call.read() as tx:
        wanted = (
            [project_id]
            if project_id is not None
            else projects.ids_of_workspaces(tx, list(call.allow_anywhere(tx)))
        )
        found: list[dict[str, Any]] = []
        for each in wanted:
            call.allow(tx, ProjectScope(each))
            found.extend(views.render(row) for row in views.of_project(tx, each))
        return json_reply(found)


def create_view(call: Call) -> Reply:
    body = call.decode(ViewBody)
    project_id = body.project if body.project is not None else _project(call)
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(project_id))
        return json_reply(views.render(views.create(tx, grant, body.data)), 201)


def get_view(call: Call) -> Reply:
    with call.read() as tx:
        row = views.get(tx, call.path_int("id"))
        call.allow(tx, ProjectScope(row["project_id"]))
        return json_reply(views.render(row))


def update_view(call: Call) -> Reply:
    body = call.decode(ViewBody)
    with call.write() as tx:
        row = views.get(tx, call.path_int("id"))
        grant = call.allow(tx, ProjectScope(row["project_id"]))
        kept = {} if call.method == "PUT" else msgspec.json.decode(row["settings"])
        return json_reply(views.render(views.change(tx, grant, row["id"], {**kept, **body.data})))


def delete_view(call: Call) -> Reply:
    with call.write() as tx:
        row = views.get(tx, call.path_int("id"))
        call.allow(tx, ProjectScope(row["project_id"]))
        views.remove(tx, row["id"])
    return empty()


def order_views(call: Call) -> Reply:
    body = call.decode(OrderBody)
    project_id = body.project if body.project is not None else _project(call)
    with call.write() as tx:
        views.order(tx, call.allow(tx, ProjectScope(project_id)), body.ids)
    return json_reply({})


def reset_views(call: Call) -> Reply:
    sent = call.fields().get("project") if call.body else None
    project_id = sent if isinstance(sent, int) else _project(call)
    with call.write() as tx:
        views.remove_all(tx, call.allow(tx, ProjectScope(project_id)))
    return empty()


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


def _query(call: Call, tx: Tx, grant: Grant) -> TaskQuery:
    view_id = call.query_int("view")
    sent = _query_settings(call)
    query = views.query_of(tx, grant, view_id) if view_id else TaskQuery()
    chosen = views.query_of_settings(sent)
    return TaskQuery(
        filters=chosen.filters or query.filters,
        ordering=chosen.ordering or query.ordering,
        selected=parse_selection(sent.get("selectedItems")),
    )


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


def _query_settings(call: Call) -> dict[str, Any]:
    text = call.query_text("query")
    if not text:
        return {}
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Invalid(
            "query-invalid", f"query is no JSON: {error}", fields={"query": [str(error)]}
        ) from error
    if not isinstance(value, dict):
        raise Invalid(
            "query-invalid", "query must be a JSON object.", fields={"query": ["Expected an object."]}
        )
    return value


def _project_of_list(call: Call, tx: Tx) -> int:
    project_id, view_id = call.query_int("project"), call.query_int("view")
    if project_id is not None:
        return project_id
    if view_id is not None:
        return int(views.get(tx, view_id)["project_id"])
    raise NotFound("project-missing", "Neither project nor view are specified. Add ?project=ID.")


def _project(call: Call) -> int:
    project_id = call.query_int("project")
    if project_id is None:
        raise Invalid("query-invalid", "Say which project: ?project=ID.", fields={"project": ["Required."]})
    return project_id


def _page_size(call: Call) -> int:
    if call.query_text("page_size") == "-1":
        return _MOST_PER_PAGE
    return call.query_page("page_size", 100, _MOST_PER_PAGE)


def _action(action: Any) -> dict[str, Any]:
    return {
        "id": action.id,
        "title": action.title,
        "order": action.order,
        "permission": action.permission,
        "reload": True,
        "dialog": {"title": action.title, "text": action.text, "type": "confirm", "form": None},
    }


_READ, _WRITE = Permission.TASK_READ, Permission.VIEW_WRITE
_VIEWS = "/api/dm/views/"
_VIEW = "/api/dm/views/{id}/"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/tasks/", list_tasks, _READ, "Get tasks list"),
    Route("GET", "/api/dm/columns/", get_columns, _READ, "Get data manager columns"),
    Route("GET", _VIEWS, list_views, _READ, "List views"),
    Route("POST", _VIEWS, create_view, _WRITE, "Create view", ViewBody, status=201),
    Route("POST", "/api/dm/views/order/", order_views, _WRITE, "Update order of views", OrderBody),
    Route("DELETE", "/api/dm/views/reset/", reset_views, _WRITE, "Delete all project views", status=204),
    Route("GET", _VIEW, get_view, _READ, "Get view details"),
    Route("PATCH", _VIEW, update_view, _WRITE, "Update view", ViewBody),
    Route("PUT", _VIEW, update_view, _WRITE, "Put view", ViewBody),
    Route("DELETE", _VIEW, delete_view, _WRITE, "Delete view", status=204),
    Route("GET", "/api/dm/actions/", list_actions, _READ, "Get actions"),
    Route("POST", "/api/dm/actions/", run_action, Permission.ANNOTATION_WRITE, "Post actions"),
)
