"""The task list and saved views over HTTP: Label Studio's data manager."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from treadle.access import Grant, ProjectScope
from treadle.db import Tx
from treadle.errors import Invalid, NotFound
from treadle.labeling import projects, task_list, usage, views
from treadle.labeling.columns import list_columns
from treadle.labeling.config import parse_config
from treadle.labeling.filters import TaskQuery, parse_selection
from treadle.labeling.json_text import check_has_no_nul
from treadle.labeling.people import annotators_of
from treadle.labeling.totals import list_versions_lately
from treadle.permissions import Permission
from treadle.web.absent import told_as
from treadle.web.body_types import Id
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, empty, json_reply

_MOST_PER_PAGE = 10_000
_KEYS_READ = 1_000


class ViewBody(Struct):
    """What a client sends of a view."""

    data: dict[str, Any] = {}
    project: Id | None = None
    is_private: bool | UnsetType = UNSET


class OrderBody(Struct):
    """Views in the order they shall stand."""

    ids: list[Id] = []
    project: Id | None = None


class ProjectBody(Struct):
    """Of which project."""

    project: Id | None = None


def list_tasks(call: Call) -> Reply:
    page = projects.Page(call.query_page(), _page_size(call))
    with call.read() as tx:
        grant = _allow_list(call, tx)
        is_whole = call.query_text("fields") == "all"
        is_anew = "no-cache" in call.headers.get("cache-control", "")
        query = _query(call, tx, grant)
        return json_reply(task_list.read_page(tx, grant, query, page, is_whole=is_whole, is_anew=is_anew))


def get_columns(call: Call) -> Reply:
    project_id = _project(call)
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(project_id))
        config = parse_config(projects.config_of(tx, project_id))
        keys = usage.first_data_keys(tx, project_id, _KEYS_READ)
        people = annotators_of(tx, grant)
        versions = list_versions_lately(tx, grant)
        return json_reply(list_columns(config, keys, people, versions))


def list_views(call: Call) -> Reply:
    project_id = call.query_int("project")
    with call.read() as tx:
        wanted = [project_id] if project_id is not None else projects.visible_ids(tx, call.allow_list())
        found: list[dict[str, Any]] = []
        for each in wanted:
            call.allow(tx, ProjectScope(each))
            found.extend(views.render(row) for row in views.of_project(tx, call.actor, each))
        return json_reply(found)


def create_view(call: Call) -> Reply:
    body = call.decode(ViewBody)
    project_id = body.project if body.project is not None else _project(call)
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(project_id))
        is_private = body.is_private is True
        return json_reply(views.render(views.create(tx, grant, body.data, is_private=is_private)), 201)


def get_view(call: Call) -> Reply:
    view_id = call.path_int("id")
    with call.read() as tx:
        _allow_view(call, tx, view_id)
        return json_reply(views.render(views.get(tx, call.actor, view_id)))


def update_view(call: Call) -> Reply:
    view_id = call.path_int("id")
    body = call.decode(ViewBody)
    with call.write() as tx:
        grant = _allow_view(call, tx, view_id)
        row = views.get(tx, call.actor, view_id)
        kept = {} if call.method == "PUT" else msgspec.json.decode(row["settings"])
        is_private = row["is_private"] if body.is_private is UNSET else body.is_private
        changed = views.change(tx, grant, view_id, {**kept, **body.data}, is_private=is_private)
        return json_reply(views.render(changed))


def delete_view(call: Call) -> Reply:
    view_id = call.path_int("id")
    with call.write() as tx:
        views.remove(tx, _allow_view(call, tx, view_id), view_id)
    return empty()


def order_views(call: Call) -> Reply:
    body = call.decode(OrderBody)
    project_id = body.project if body.project is not None else _project(call)
    with call.write() as tx:
        views.order(tx, call.allow(tx, ProjectScope(project_id)), body.ids)
    return json_reply({})


def reset_views(call: Call) -> Reply:
    sent = call.decode(ProjectBody).project if call.body else None
    project_id = sent if sent is not None else _project(call)
    with call.write() as tx:
        views.remove_all(tx, call.allow(tx, ProjectScope(project_id)))
    return empty()


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


def _query_settings(call: Call) -> dict[str, Any]:
    text = call.query_text("query")
    if not text:
        return {}
    check_has_no_nul(text.encode())
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid(
            "query-invalid", f"query is no JSON: {error}", fields={"query": [str(error)]}
        ) from error
    if not isinstance(value, dict):
        raise Invalid(
            "query-invalid", "query must be a JSON object.", fields={"query": ["Expected an object."]}
        )
    return value


def _allow_list(call: Call, tx: Tx) -> Grant:
    project_id, view_id = call.query_int("project"), call.query_int("view")
    if project_id is not None:
        return call.allow(tx, ProjectScope(project_id))
    if view_id is not None:
        return _allow_view(call, tx, view_id)
    raise NotFound("project-missing", "Neither project nor view are specified. Add ?project=ID.")


def _allow_view(call: Call, tx: Tx, view_id: int) -> Grant:
    with told_as(views.no_view(view_id)):
        return call.allow(tx, ProjectScope(views.get(tx, call.actor, view_id)["project_id"]))


def _project(call: Call) -> int:
    project_id = call.query_int("project")
    if project_id is None:
        raise Invalid("query-invalid", "Say which project: ?project=ID.", fields={"project": ["Required."]})
    return project_id


def _page_size(call: Call) -> int:
    if call.query_text("page_size") == "-1":
        return _MOST_PER_PAGE
    return call.query_page("page_size", 100, _MOST_PER_PAGE)


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
)
