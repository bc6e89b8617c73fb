"""Indexes of data fields over HTTP."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from treadle.access import ProjectScope
from treadle.labeling import field_indexes
from treadle.labeling.columns import DATA
from treadle.labeling.field_indexes import FieldIndex
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, empty, json_reply


class FieldIndexBody(Struct):
    """Which field: ``category``, or as a column names it, ``data.category``."""

    path: str


def list_indexes(call: Call) -> Reply:
    project_id = call.path_int("id")
    with call.read() as tx:
        call.allow(tx, ProjectScope(project_id))
        return json_reply([_render(each) for each in field_indexes.list_of_project(tx, project_id)])


def create_index(call: Call) -> Reply:
    path = call.decode(FieldIndexBody).path.removeprefix(DATA)
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(call.path_int("id")))
        return json_reply(_render(field_indexes.create(tx, grant, path)), 201)


def delete_index(call: Call) -> Reply:
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(call.path_int("id")))
        field_indexes.remove(tx, grant, call.path_int("index_id"))
    return empty()


def _render(index: FieldIndex) -> dict[str, Any]:
    return {"id": index.id, "path": index.path, "state": index.state, "job": index.job_id}


_READ, _WRITE = Permission.TASK_READ, Permission.PROJECT_WRITE
_ALL = "/api/projects/{id}/field-indexes/"
_ONE = "/api/projects/{id}/field-indexes/{index_id}/"

ROUTES: tuple[Route, ...] = (
    Route("GET", _ALL, list_indexes, _READ, "List indexes of data fields"),
    Route("POST", _ALL, create_index, _WRITE, "Index a data field", FieldIndexBody, status=201),
    Route("DELETE", _ONE, delete_index, _WRITE, "Remove an index of a data field", status=204),
)
