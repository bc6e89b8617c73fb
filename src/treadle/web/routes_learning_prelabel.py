"""Pre-labelling over HTTP: order it, see how far a version is, and what failed."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Raw, Struct, UnsetType

from treadle.access import Grant, ProjectScope
from treadle.db import Tx
from treadle.errors import Invalid
from treadle.labeling import rendering, views
from treadle.labeling.filters import TaskQuery, parse_selection
from treadle.learning.connections import backends
from treadle.learning.connections.backends import Backend
from treadle.learning.predictions import attempts, prelabel
from treadle.learning.predictions.predicting import version_now
from treadle.permissions import Permission
from treadle.web.absent import told_as
from treadle.web.body_types import Id
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, json_reply

_PAGE_SIZE, _MOST_PER_PAGE = 100, 1000


class PrelabelBody(Struct):
    """Which tasks a backend is asked about: all, unless a selection or filters say less."""

    project: Id
    backend: Id
    selectedItems: Any = None
    filters: Raw | UnsetType | None = UNSET
    only: Literal["missing", "failed", "undone", "all"] = "undone"
    version: str | None = None


def start_prelabel(call: Call) -> Reply:
    body = call.decode(PrelabelBody)
    sent = call.fields()
    chosen = views.query_of_settings({"filters": sent.get("filters")})
    query = TaskQuery(chosen.filters, (), parse_selection(body.selectedItems))
    version = body.version or ""
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(body.project))
        total = prelabel.count_to_ask(tx, grant, body.backend, query, only=body.only, version=version)
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(body.project))
        job = prelabel.start_prelabel(tx, grant, body.backend, query, only=body.only, version=version)
    return json_reply({"job": job.id, "total": total}, 202)


def get_standing(call: Call) -> Reply:
    """How many tasks the version answered, failed on, and was not asked about."""
    project_id, backend_id = _required(call, "project"), _required(call, "backend")
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(project_id))
        backend = prelabel.get_backend(tx, grant, backend_id)
        version = _version(call, tx, backend)
        counts = attempts.count(tx, project_id, backend.id, version)
        return json_reply(
            {
                "done": counts.done,
                "nothing": counts.nothing,
                "failed": counts.failed,
                "missing": counts.missing,
                "version": version,
                "job": prelabel.find_running(tx, backend),
            }
        )


def list_failures(call: Call) -> Reply:
    """The tasks that the version failed on, and why."""
    backend_id, size = _required(call, "backend"), call.query_page("page_size", _PAGE_SIZE, _MOST_PER_PAGE)
    offset = (call.query_page() - 1) * size
    with call.read() as tx:
        grant, backend = _allow_backend(call, tx, backend_id)
        version = _version(call, tx, backend)
        total, rows = attempts.failures(tx, grant, backend.id, version, limit=size, offset=offset)
        return json_reply({"total": total, "failures": [_failure(row) for row in rows]})


def _allow_backend(call: Call, tx: Tx, backend_id: int) -> tuple[Grant, Backend]:
    with told_as(backends.no_backend(backend_id)):
        backend = backends.get(tx, backend_id)
        return call.allow(tx, ProjectScope(backend.project_id)), backend


def _version(call: Call, tx: Tx, backend: Backend) -> str:
    return call.query_text("version") or version_now(tx, backend)


def _required(call: Call, name: str) -> int:
    number = call.query_int(name)
    if number is None:
        raise Invalid("query-invalid", f"Say which {name}: ?{name}=ID.", fields={name: ["Required."]})
    return number


def _failure(row: Any) -> dict[str, Any]:
    return {
        "task": row["task_id"],
        "version": row["model_version"],
        "problem": row["problem"],
        "tries": row["tries"],
        "at": rendering.instant(row["at"]),
    }


_SEE, _PREDICT = Permission.LEARNING_READ, Permission.PREDICTION_WRITE
_ALL = "/api/learning/prelabel/"

ROUTES: tuple[Route, ...] = (
    Route("POST", _ALL, start_prelabel, _PREDICT, "Let a model predict for tasks", PrelabelBody, status=202),
    Route("GET", _ALL, get_standing, _SEE, "How far a model has predicted"),
    Route("GET", "/api/learning/prelabel/failures/", list_failures, _SEE, "Tasks that a model failed on"),
)
