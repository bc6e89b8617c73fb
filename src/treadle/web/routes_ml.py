"""Backends over HTTP: Label Studio's ``/api/ml``, and a look at one at once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct

from treadle.access import Grant, ProjectScope
from treadle.db import Tx
from treadle.errors import Invalid, NotFound, TreadleError
from treadle.labeling import projects, rendering, tasks
from treadle.labeling.filters import TaskQuery
from treadle.late import late
from treadle.learning.connections import backends, connecting
from treadle.learning.connections.backends import Backend
from treadle.learning.connections.telling import told_of
from treadle.permissions import ROLE_PERMISSIONS, Permission
from treadle.web.absent import told_as
from treadle.web.backend_threads import speaking, waiting_for
from treadle.web.call import Call
from treadle.web.ml_bodies import (
    BackendBody,
    InteractiveBody,
    backend_body,
    base_of,
    brief_body,
    changes_of,
    new_backend,
)
from treadle.web.routing import Reply, Route, empty, json_reply

start_training = late("treadle.learning.training.trainings:start")
training_spec = late("treadle.learning.training.trainings:Spec")
count_to_ask = late("treadle.learning.predictions.prelabel:count_to_ask")
start_prelabel = late("treadle.learning.predictions.prelabel:start_prelabel")
try_out = late("treadle.learning.predictions.trying:try_out")

_NOT_RANDOM = "Not implemented - you must provide random=true query parameter"
_NO_TASKS = "Project has no tasks to run prediction on, import at least 1 task to run prediction"
_OLD_VERSIONS = "Upgrade your ML backend version to latest."
_NOT_INTERACTIVE = "Model is not set to be used for interactive preannotations"
_NO_CONTEXT = b"null"
#: A task is chosen by chance among as many, since to find one far behind takes its time.
_NEAR = 1_000


class TrainBody(Struct):
    """What a client may say with a training; ground truth counts first in any case."""

    use_ground_truth: bool = False


def list_backends(call: Call) -> Reply:
    project_id = call.query_int("project")
    if project_id is None:
        raise NotFound("project-not-found", "No Project matches the given query. Say which: ?project=ID.")
    with call.read() as tx:
        call.allow(tx, ProjectScope(project_id))
        found = backends.of_project(tx, project_id)
    _look(call, found)
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(project_id))
        found = backends.of_project(tx, project_id)
        if "is_interactive" in call.query:
            wanted = call.query_flag("is_interactive")
            found = [backend for backend in found if backend.is_interactive == wanted]
        return json_reply([_body(tx, grant, backend) for backend in found])


def connect_backend(call: Call) -> Reply:
    body = call.decode(BackendBody)
    if not isinstance(body.project, int):
        raise Invalid("validation", "Validation error", fields={"project": ["This field is required."]})
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(body.project))
        config = projects.config_of(tx, body.project)
    new = new_backend(body, config, base_of(call, is_builtin=bool(body.builtin)))
    added = connecting.connect(call.parts, grant, new)
    try_out(call.parts, added)
    return _told(call, added.id, status=201)


def get_backend(call: Call) -> Reply:
    backend_id = call.path_int("id")
    with call.read() as tx:
        _grant, backend = _allow(call, tx, backend_id)
    _look(call, [backend])
    return _told(call, backend_id)


def change_backend(call: Call) -> Reply:
    """Change a backend: where it is another one now, it has to answer before."""
    body, backend_id = call.decode(BackendBody), call.path_int("id")
    with call.read() as tx:
        _grant, backend = _allow(call, tx, backend_id)
        config = projects.config_of(tx, backend.project_id)
        columns = changes_of(body, backend, config, call.parts.signing_key)
        draft = backends.changed(backend, {**columns, "id": 0})
        told = told_of(tx, draft)
    if backends.is_moved(backend, columns):
        with call.write() as tx:
            backends.forget_told(tx, backend_id)  # the try tells it of the project without its token
        connecting.check_answers(call.parts, draft, told)
    with call.write() as tx:
        grant, backend = _allow(call, tx, backend_id)
        backends.change(tx, grant, backend, {**columns, "called_as": _base(call, backend)})
    connecting.look(call.parts, backend_id)
    return _told(call, backend_id)


def remove_backend(call: Call) -> Reply:
    with call.write() as tx:
        grant, backend = _allow(call, tx, call.path_int("id"))
        backends.remove(tx, grant, backend)
    return empty()


def check_backend(call: Call) -> Reply:
    """See how it is now, and tell it of the project anew."""
    backend_id = call.path_int("id")
    with call.write() as tx:
        grant, backend = _allow(call, tx, backend_id)
        backends.take_over(tx, grant, backend, _base(call, backend))
    try_out(call.parts, connecting.look(call.parts, backend_id))
    return _told(call, backend_id)


def train(call: Call) -> Reply:
    """Train with all finished work; the version that comes of it serves when it is better."""
    call.decode(TrainBody)
    with call.write() as tx:
        grant, backend = _allow(call, tx, call.path_int("id"))
        spec = training_spec(promote="when_better")
        start_training(tx, grant, backend.project_id, backend.id, spec=spec, cause="person")
    return Reply(200, b"", content_type="")


def predict_all(call: Call) -> Reply:
    """Order predictions for all tasks that lack one."""
    with call.read() as tx:
        grant, backend = _allow(call, tx, call.path_int("id"))
        total = count_to_ask(tx, grant, backend.id, TaskQuery())
    with call.write() as tx:
        grant, backend = _allow(call, tx, call.path_int("id"))
        job = start_prelabel(tx, grant, backend.id, TaskQuery())
    return json_reply({"job": job.id, "total": total}, 202)


def test_prediction(call: Call) -> Reply:
    """What the backend says of some task; nothing is kept."""
    if not call.query_flag("random"):
        with call.read() as tx:
            _allow(call, tx, call.path_int("id"))
        return json_reply({"error": _NOT_RANDOM}, 501)
    with call.read() as tx:
        grant, backend = _allow(call, tx, call.path_int("id"))
        count = int(projects.get(tx, backend.project_id)["task_number"])
        place = secrets.randbelow(min(count, _NEAR)) if count else 0
        rows = tasks.list_of_project(tx, grant, limit=1, offset=place)
        if not rows:
            return json_reply({"detail": _NO_TASKS}, 500)
        shown = msgspec.json.encode({**rendering.task(rows[0]), "annotations": [], "predictions": []})
    try:
        client, told = connecting.ready(call.parts, backend.id, _base(call, backend))
        with client:
            (said,) = client.predict([shown], told)
    except TreadleError as error:
        return json_reply({"detail": f"ML backend did not return any predictions. {error.message}"}, 500)
    if said.problem:
        return json_reply({"detail": f"ML backend did not return any predictions. {said.problem}"}, 500)
    response = {"result": Raw(said.result), "score": said.score, "model_version": said.model_version}
    request = {"tasks": [Raw(shown)], "project": told.key, "label_config": told.label_config}
    return json_reply(
        {
            "status": 200,
            "error_message": None,
            "url": f"{backend.url.rstrip('/')}/predict",
            "task": Raw(shown),
            "request": request,
            "response": [response],
        }
    )


def annotate_interactively(call: Call) -> Reply:
    """What the backend makes of what somebody has drawn; a later request of theirs ends this one."""
    body, backend_id = call.decode(InteractiveBody), call.path_int("id")
    with call.read() as tx:
        grant, backend = _allow(call, tx, backend_id)
        row = tasks.get(tx, grant, body.task)
        work = tasks.work_on(tx, grant, [row["id"]])
        shown = msgspec.json.encode(rendering.task_with_work(row, work, tx.now))
    if not backend.is_interactive:
        return _errors(_NOT_INTERACTIVE)
    interactions, user_id = call.parts.backend_threads.interactions, grant.actor.user_id
    try:
        with interactions.waiting(user_id, backend_id) as request:
            client, told = connecting.ready(
                call.parts,
                backend_id,
                _base(call, backend),
                limit_s=connecting.ATTENDED_S,
                opened=request.speak_by,
            )
            with client:
                context = _NO_CONTEXT if body.context is UNSET else bytes(body.context)
                said = client.interact(shown, told, context)
    except TreadleError as error:
        return _errors(error.message)
    return json_reply({"data": Raw(said)})


def list_versions(call: Call) -> Reply:
    with call.read() as tx:
        _grant, backend = _allow(call, tx, call.path_int("id"))
    try:
        client, told = connecting.ready(call.parts, backend.id, _base(call, backend))
        with client:
            names = client.known_versions(told)
    except TreadleError as error:
        status = error.details.get("status")
        return json_reply({"error": error.message}, status if isinstance(status, int) else 500)
    if names is None:
        return json_reply({"versions": [backend.model_version], "message": _OLD_VERSIONS})
    return json_reply({"versions": names})


def _allow(call: Call, tx: Tx, backend_id: int) -> tuple[Grant, Backend]:
    with told_as(backends.no_backend(backend_id)):
        backend = backends.get(tx, backend_id)
        return call.allow(tx, ProjectScope(backend.project_id)), backend


def _base(call: Call, backend: Backend) -> str:
    return base_of(call, is_builtin=bool(backend.builtin))


def _told(call: Call, backend_id: int, *, status: int = 200) -> Reply:
    with call.read() as tx:
        grant, backend = _allow(call, tx, backend_id)
        return json_reply(_body(tx, grant, backend), status)


def _look(call: Call, found: Sequence[Backend]) -> None:
    """See how they are; our own hear of it when this server is at another port since its last start."""
    for backend in found:
        base = _base(call, backend)
        if backend.builtin and backend.called_as != base:
            with call.parts.database.write() as tx:
                backends.note_called(tx, backend.id, base)
    connecting.refresh(call.parts, found)


def _body(tx: Tx, grant: Grant, backend: Backend) -> dict[str, Any]:
    """As much of the backend as the grant's holder is told."""
    if not _may(grant, Permission.LEARNING_READ):
        return brief_body(tx, backend)
    return backend_body(tx, backend, is_whole=_may(grant, Permission.PROJECT_WRITE))


def _may(grant: Grant, permission: Permission) -> bool:
    return grant.role is None or permission in ROLE_PERMISSIONS[grant.role]


def _errors(text: str) -> Reply:
    """As Label Studio tells it: the label page shows it, and nothing has gone wrong with the request."""
    return json_reply({"errors": [text]})


_SEE, _WRITE, _PREDICT = Permission.PROJECT_READ, Permission.PROJECT_WRITE, Permission.PREDICTION_WRITE
_ALL, _ONE = "/api/ml/", "/api/ml/{id}/"

ROUTES: tuple[Route, ...] = (
    Route("GET", _ALL, speaking(list_backends), _SEE, "List ML backends", stream=True),
    Route(
        "POST",
        _ALL,
        waiting_for(connect_backend),
        _WRITE,
        "Add ML Backend",
        BackendBody,
        status=201,
        stream=True,
    ),
    Route("GET", _ONE, speaking(get_backend), _SEE, "Get ML Backend", stream=True),
    Route("PATCH", _ONE, waiting_for(change_backend), _WRITE, "Update ML Backend", BackendBody, stream=True),
    Route("DELETE", _ONE, remove_backend, _WRITE, "Remove ML Backend", status=204),
    Route(
        "POST", f"{_ONE}check/", waiting_for(check_backend), _WRITE, "See how an ML backend is", stream=True
    ),
    Route("POST", f"{_ONE}train/", train, _WRITE, "Train", TrainBody),
    Route("POST", f"{_ONE}predict/", predict_all, _PREDICT, "Predict for all tasks", status=202),
    Route(
        "POST", f"{_ONE}predict/test/", waiting_for(test_prediction), _PREDICT, "Test prediction", stream=True
    ),
    Route(
        "POST",
        f"{_ONE}interactive-annotating/",
        speaking(annotate_interactively),
        Permission.ANNOTATION_WRITE,
        "Request Interactive Annotation",
        InteractiveBody,
        stream=True,
    ),
    Route("GET", f"{_ONE}versions/", waiting_for(list_versions), _WRITE, "Get model versions", stream=True),
)
