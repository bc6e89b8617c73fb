"""Versions of models over HTTP: which there are, which serves, and how good they are while people work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from treadle.access import ProjectScope
from treadle.db import Tx
from treadle.errors import Invalid
from treadle.labeling import rendering
from treadle.learning.connections import backends
from treadle.learning.connections.backends import Backend
from treadle.learning.measures.quality import quality_of
from treadle.learning.serving import promoting, versions
from treadle.permissions import Permission
from treadle.web.absent import told_as
from treadle.web.body_types import Id
from treadle.web.call import Call
from treadle.web.ml_bodies import backend_body
from treadle.web.routing import Reply, Route, json_reply

Row = Mapping[str, Any]


class PromoteBody(Struct):
    """Which version is to serve; null: the untrained model."""

    backend: Id
    version: Id | None


def list_versions(call: Call) -> Reply:
    project_id, backend_id = call.query_int("project"), call.query_int("backend")
    with call.read() as tx:
        if backend_id is not None:
            project_id = _allow_backend(call, tx, backend_id).project_id
        elif project_id is not None:
            call.allow(tx, ProjectScope(project_id))
        else:
            raise _missing("project")
        rows = versions.list_of_project(tx, project_id, backend_id)
    return json_reply([_version(row) for row in rows])


def promote(call: Call) -> Reply:
    """Let a version serve at its backend and in every replica of it; an earlier one rolls back."""
    body = call.decode(PromoteBody)
    with call.read() as tx:
        _allow_backend(call, tx, body.backend)
        actor = call.actor
    backend = promoting.promote(call.parts, actor, body.backend, body.version)
    with call.read() as tx:
        return json_reply(backend_body(tx, backend))


def list_promotions(call: Call) -> Reply:
    backend_id = call.query_int("backend")
    if backend_id is None:
        raise _missing("backend")
    with call.read() as tx:
        _allow_backend(call, tx, backend_id)
        return json_reply([_promotion(row) for row in versions.list_promotions(tx, backend_id)])


def get_quality(call: Call) -> Reply:
    project_id = call.query_int("project")
    if project_id is None:
        raise _missing("project")
    with call.read() as tx:
        call.allow(tx, ProjectScope(project_id))
        found = quality_of(tx, project_id)
    return json_reply({"versions": found.versions, "labels": found.labels, "days": found.days})


def _allow_backend(call: Call, tx: Tx, backend_id: int) -> Backend:
    with told_as(backends.no_backend(backend_id)):
        backend = backends.get(tx, backend_id)
        call.allow(tx, ProjectScope(backend.project_id))
    return backend


def _version(row: Row) -> dict[str, Any]:
    model, _, number = row["mlflow_version"].rpartition("/")
    return {
        "id": row["id"],
        "backend": row["backend_id"],
        "name": row["name"],
        "number": row["number"],
        "is_serving": row["is_serving"],
        "training": row["training_id"],
        "evaluation": _evaluation(row["evaluation"]),
        "created_at": rendering.instant(row["created_at"]),
        "promoted_at": rendering.instant(row["promoted_at"]),
        "promoted_by": _person(row, "promoted_by"),
        "prediction_count": row["prediction_count"],
        "mlflow": {"model": model, "version": number} if model else None,
    }


def _evaluation(stored: str | None) -> dict[str, Any] | None:
    told = msgspec.json.decode(stored) if stored else None
    return {"metric": told["metric"], "value": told["value"]} if told else None


def _promotion(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "version": _ref(row["version_id"], row["name"], row["number"]),
        "previous": _ref(row["previous_id"], row["previous_name"], row["previous_number"]),
        "cause": row["cause"],
        "by": _person(row, "user_id"),
        "at": rendering.instant(row["at"]),
    }


def _ref(version_id: int | None, name: str | None, number: int | None) -> dict[str, Any] | None:
    return None if version_id is None else {"id": version_id, "name": name, "number": number}


def _person(row: Row, column: str) -> dict[str, Any] | None:
    if row[column] is None:
        return None
    name = f"{row['first_name'] or ''} {row['last_name'] or ''}".strip()
    return {"id": row[column], "name": name or row["email"]}


def _missing(name: str) -> Invalid:
    text = f"Say which {name}: ?{name}=ID."
    return Invalid("query-invalid", text, fields={name: [text]})


_READ = Permission.LEARNING_READ
_VERSIONS = "/api/learning/versions/"

ROUTES: tuple[Route, ...] = (
    Route("GET", _VERSIONS, list_versions, _READ, "List versions of models"),
    Route(
        "POST",
        f"{_VERSIONS}promote/",
        promote,
        Permission.MODEL_PROMOTE,
        "Let a version of a model serve",
        PromoteBody,
    ),
    Route("GET", "/api/learning/promotions/", list_promotions, _READ, "Who let which version serve"),
    Route("GET", "/api/learning/quality/", get_quality, _READ, "How good versions are while people work"),
)
