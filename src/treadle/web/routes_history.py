"""What annotations were, and back to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from treadle.access import Grant, ProjectScope
from treadle.db import Tx
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import history, rendering
from treadle.labeling.history import Version
from treadle.permissions import Permission
from treadle.web.absent import told_as
from treadle.web.body_types import Id
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, json_reply
from treadle.web.saves import save_once


class RestoreBody(Struct):
    """The version to go back to."""

    version: Id


def list_versions(call: Call) -> Reply:
    annotation_id = call.path_int("id")
    before = call.query_int("before")
    with call.read() as tx:
        grant = _allow(call, tx, annotation_id)
        found = history.list_versions(tx, grant, annotation_id, before=before)
        return json_reply([_version(each) for each in found])


def get_version(call: Call) -> Reply:
    annotation_id, version = call.path_int("id"), call.path_int("version")
    with call.read() as tx:
        found = history.get_version(tx, _allow(call, tx, annotation_id), annotation_id, version)
        return json_reply({**_version(found), "result": rendering.raw(found.row["result"])})


def restore_version(call: Call) -> Reply:
    annotation_id = call.path_int("id")
    version = call.decode(RestoreBody).version
    with call.write() as tx:
        grant = _allow(call, tx, annotation_id)

        def save() -> tuple[Mapping[str, Any], int]:
            stale = call.headers.get("if-match")
            row = history.restore(tx, grant, annotation_id, version, if_match=stale)
            return rendering.annotation(row, tx.now), row["version"]

        return save_once(call, tx, save, status=200)


def _allow(call: Call, tx: Tx, annotation_id: int) -> Grant:
    with told_as(annotation_verbs.no_annotation(annotation_id)):
        return call.allow(tx, ProjectScope(annotation_verbs.place_of(tx, annotation_id)["project_id"]))


def _version(found: Version) -> dict[str, Any]:
    row = found.row
    return {
        "version": row["version"],
        "is_current": found.is_current,
        "action": row["action"],
        "made_by": _person(row),
        "made_at": rendering.instant(row["made_at"]),
        "result_count": row["result_count"],
        "was_cancelled": row["was_cancelled"],
        "ground_truth": row["ground_truth"],
        "lead_time": row["lead_time"],
        "added": found.difference.added,
        "removed": found.difference.removed,
        "changed": found.difference.changed,
    }


def _person(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if row["made_by"] is None or row["email"] is None:
        return None
    names = {name: row[name] for name in ("email", "first_name", "last_name")}
    return {"id": row["made_by"], **names}


_READ, _WRITE = Permission.ANNOTATION_READ, Permission.ANNOTATION_WRITE
_ALL = "/api/annotations/{id}/history/"
_ONE = "/api/annotations/{id}/history/{version}/"

ROUTES: tuple[Route, ...] = (
    Route("GET", _ALL, list_versions, _READ, "List what an annotation was before each change"),
    Route("GET", _ONE, get_version, _READ, "Get one version of an annotation with its result"),
    Route(
        "POST",
        "/api/annotations/{id}/restore/",
        restore_version,
        _WRITE,
        "Make an annotation again what it was",
        RestoreBody,
    ),
)
