"""Predictions over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from treadle.access import Grant, ProjectScope
from treadle.db import Tx
from treadle.errors import Invalid
from treadle.jobs import Job
from treadle.labeling import predictions, projects, rendering, trash
from treadle.permissions import Permission
from treadle.web.absent import told_as
from treadle.web.bodies import MAX_BODY_BYTES, read_whole
from treadle.web.body_types import Id, Number
from treadle.web.call import Call
from treadle.web.job_replies import wait_to_end, wants_no_wait
from treadle.web.routes_annotations import allow_task, result_text
from treadle.web.routing import Reply, Route, deleted, json_reply


class PredictionBody(Struct):
    """What a client sends of a prediction."""

    task: Id | UnsetType = UNSET
    result: Raw | UnsetType = UNSET
    model_version: str | UnsetType | None = UNSET
    score: float | UnsetType | None = UNSET
    cluster: Number | UnsetType | None = UNSET
    neighbors: Raw | UnsetType = UNSET  # any JSON
    mislabeling: float | UnsetType = UNSET


class VersionBody(Struct):
    """Which version of a model."""

    model_version: str


def list_predictions(call: Call) -> Reply:
    task_id, project_id = call.query_int("task"), call.query_int("project")
    with call.read() as tx:
        if task_id is not None:
            allow_task(call, tx, task_id)
            rows = predictions.of_task(tx, task_id)
        elif project_id is not None:
            grant = call.allow(tx, ProjectScope(project_id))
            rows = predictions.of_project(tx, grant, project_id)
        else:
            rows = _of_all_projects(call, tx)
        return json_reply([rendering.prediction(row, tx.now) for row in rows])


def create_prediction(call: Call) -> Reply:
    body = call.decode(PredictionBody)
    if body.task is UNSET:
        raise Invalid("validation", "Validation error", fields={"task": ["This field is required."]})
    new = predictions.NewPrediction(
        result=result_text(body.result),
        model_version=_or(body.model_version, "") or "",
        score=_or(body.score, None),
        cluster=_or(body.cluster, None),
        neighbors=_neighbors(body.neighbors),
        mislabeling=_or(body.mislabeling, 0.0),
    )
    with call.write() as tx:
        grant = allow_task(call, tx, body.task)
        return json_reply(rendering.prediction(predictions.add(tx, grant, body.task, new), tx.now), 201)


def get_prediction(call: Call) -> Reply:
    prediction_id = call.path_int("id")
    with call.read() as tx:
        _allow(call, tx, prediction_id)
        return json_reply(rendering.prediction(predictions.get(tx, prediction_id), tx.now))


def update_prediction(call: Call) -> Reply:
    prediction_id = call.path_int("id")
    body = call.decode(PredictionBody)
    changes: dict[str, Any] = {
        name: getattr(body, name)
        for name in sorted(predictions.CHANGEABLE)
        if getattr(body, name) is not UNSET
    }
    if "result" in changes:
        changes["result"] = bytes(changes["result"])
    with call.write() as tx:
        grant = _allow(call, tx, prediction_id)
        return json_reply(rendering.prediction(predictions.change(tx, grant, prediction_id, changes), tx.now))


def delete_prediction(call: Call) -> Reply:
    prediction_id = call.path_int("id")
    with call.write() as tx:
        deletion_id = predictions.remove(tx, _allow(call, tx, prediction_id), prediction_id)
    return deleted(deletion_id)


def model_versions(call: Call) -> Reply:
    project_id = call.path_int("id")
    with call.read() as tx:
        call.allow(tx, ProjectScope(project_id))
        return json_reply(predictions.count_versions(tx, project_id))


async def delete_model_version(call: Call) -> Reply:
    """Delete the predictions of one version of a model; a job does it, which can be undone."""
    call.body = await read_whole(call.chunks(), MAX_BODY_BYTES)
    job, deletion_id = await call.in_thread(_start_deleting, call)
    if not wants_no_wait(call):
        job = await wait_to_end(call, job)
    if not job.is_final:
        return json_reply({"job": job.id, "deletion": deletion_id}, 202)
    told = msgspec.json.decode(job.result or "{}")
    return json_reply({"deleted_predictions": told["count"], "deletion": told["deletion"]})


def _start_deleting(call: Call) -> tuple[Job, int]:
    version = call.decode(VersionBody).model_version
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(call.path_int("id")))
        return trash.start_deleting_version(tx, grant, version)


def _allow(call: Call, tx: Tx, prediction_id: int) -> Grant:
    with told_as(predictions.no_prediction(prediction_id)):
        return allow_task(call, tx, predictions.get(tx, prediction_id)["task_id"])


def _of_all_projects(call: Call, tx: Tx) -> list[Any]:
    found = []
    for project_id in projects.visible_ids(tx, call.allow_list()):
        grant = call.allow(tx, ProjectScope(project_id))
        found.extend(predictions.of_project(tx, grant, project_id))
    return found


def _neighbors(neighbors: Raw | UnsetType) -> bytes | None:
    return None if neighbors is UNSET or bytes(neighbors) == b"null" else bytes(neighbors)


def _or(value: Any, default: Any) -> Any:
    return default if value is UNSET else value


_READ, _WRITE = Permission.TASK_READ, Permission.PREDICTION_WRITE
_ALL = "/api/predictions/"
_ONE = "/api/predictions/{id}/"
_VERSIONS = "/api/projects/{id}/model-versions/"

ROUTES: tuple[Route, ...] = (
    Route("GET", _ALL, list_predictions, _READ, "List predictions"),
    Route("POST", _ALL, create_prediction, _WRITE, "Create prediction", PredictionBody, status=201),
    Route("GET", _ONE, get_prediction, _READ, "Get prediction details"),
    Route("PATCH", _ONE, update_prediction, _WRITE, "Update prediction", PredictionBody),
    Route("PUT", _ONE, update_prediction, _WRITE, "Put prediction", PredictionBody),
    Route("DELETE", _ONE, delete_prediction, _WRITE, "Delete prediction", status=204),
    Route("GET", _VERSIONS, model_versions, _READ, "Count model versions"),
    Route(
        "DELETE",
        _VERSIONS,
        delete_model_version,
        _WRITE,
        "Delete a model version's predictions",
        VersionBody,
        stream=True,
    ),
)
