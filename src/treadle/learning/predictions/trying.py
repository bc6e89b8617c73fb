"""One prediction for show: whether a backend that was just connected can predict in this project at all."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from sqlalchemy import bindparam, select

from treadle.access.signing_key import load_signing_key
from treadle.db.prepared import Prepared
from treadle.db.schema import tasks
from treadle.errors import TreadleError
from treadle.labeling.visibility import visible_tasks
from treadle.learning.connections import backends
from treadle.learning.connections.backends import Backend
from treadle.learning.connections.client import open_client, told_of
from treadle.learning.connections.connecting import LearningParts
from treadle.learning.predictions.predicting import OpenBackend, Predictor, PredictWish, version_now

#: Who connects a backend waits for it.
_LIMIT_S = 10.0
_t = tasks.c
_FIRST = Prepared(
    select(_t.id)
    .where(_t.project_id == bindparam("project_id"), visible_tasks(bindparam("project_id")))
    .order_by(_t.id)
    .limit(1)
)


def try_out(parts: LearningParts, backend: Backend) -> Backend:
    """Ask a backend that is well about one task, keep nothing, and write down what was wrong; the backend.

    A label config that its model does not take shows here, and not once thousands of tasks have failed. No
    answer, or none in time, says nothing yet.
    """
    if backend.state != "CO":
        return backend
    problem = ""
    with suppress(TreadleError):
        problem = _problem_with(parts, backend)
    if not problem:
        return backend
    with parts.database.write() as tx:
        text = f"It is there, and cannot predict here. {problem}"
        backends.note(tx, backend.id, state="CO", problem=text)
        return backends.get(tx, backend.id)


def _problem_with(parts: LearningParts, backend: Backend) -> str:
    with parts.database.read() as tx:
        found = tx.rows(_FIRST, {"project_id": backend.project_id})
        told, version = told_of(tx, backend), version_now(tx, backend)
    if not found:
        return ""
    hurried = replace(backend, timeout_s=min(_LIMIT_S, backend.timeout_s))
    task_id = found[0]["id"]
    with open_client(parts.settings, load_signing_key(parts.settings.data_dir), hurried) as client:
        wish = PredictWish(is_anew=True)
        predictor = Predictor(parts, OpenBackend(hurried, client, told), wish, version=version)
        (answer,) = predictor.ask([task_id]).answers
    return f"Task {task_id}: {answer.problem}" if answer.result is None else ""
