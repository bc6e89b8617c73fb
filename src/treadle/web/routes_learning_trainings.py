"""Trainings over HTTP: the gate before them, their start and stop, their figures and what they wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from msgspec import Raw, Struct
from msgspec.structs import replace

from treadle.access import Grant, ProjectScope
from treadle.db import Tx
from treadle.errors import Invalid
from treadle.labeling import rendering
from treadle.late import late
from treadle.learning.connections import backends
from treadle.learning.training import gate, trainings
from treadle.learning.training.gate import Finding, LabelCount, Look
from treadle.learning.training.trainings import UNFINISHED, Spec, Training
from treadle.permissions import Permission
from treadle.web.absent import told_as
from treadle.web.body_types import Id
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, json_reply

labels_then = late("treadle.connectors.versions:labels_then")

Row = Mapping[str, Any]

_PAGE_SIZE, _MOST_PER_PAGE = 50, 500
_NOTHING_YET: Spec = Spec()


class GateBody(Struct):
    """What would be trained."""

    project: Id
    backend: Id
    spec: Spec = _NOTHING_YET


class StartBody(Struct):
    """What to train. override: why to start in spite of what stops it."""

    project: Id
    backend: Id
    spec: Spec = _NOTHING_YET
    override: str = ""


class CancelBody(Struct):
    """keep: with a version of what was learnt until then."""

    keep: bool = False


class GateReply(Struct):
    """What was found, of how many tasks."""

    findings: list[Finding]
    task_count: int
    held_out_count: int
    labels: list[LabelCount]


class LogReply(Struct):
    """A piece of what a training wrote; ``next``: the byte to go on at. is_over: nothing more comes."""

    text: str
    next: int
    is_over: bool


def look_at_gate(call: Call) -> Reply:
    """What is to be known before a training, of the first 1,000 finished tasks."""
    body = call.decode(GateBody)
    with call.read() as tx:
        grant = _allow_backend(call, tx, body.project, body.backend)
    found = _look(call, grant, body.spec)
    return json_reply(GateReply(found.findings, found.task_count, found.held_out_count, found.labels))


def start_training(call: Call) -> Reply:
    """Order a training; 409 with what stops it, unless ``override`` says why to start all the same."""
    body = call.decode(StartBody)
    with call.read() as tx:
        grant = _allow_backend(call, tx, body.project, body.backend)
    # Before the transaction of the change: nobody waits for the look.
    spec = _pinned(call, grant, body.spec)
    findings = _look(call, grant, spec).findings
    with call.write() as tx:
        training = trainings.start(
            tx,
            _allow_backend(call, tx, body.project, body.backend),
            body.project,
            body.backend,
            spec=spec,
            cause="person",
            override=body.override,
            findings=findings,
        )
        return json_reply(_told(tx, training), 201)


def list_trainings(call: Call) -> Reply:
    """Those of a project, the newest first."""
    project_id = call.query_int("project")
    if project_id is None:
        raise Invalid("query-invalid", "Say which project: ?project=ID.", fields={"project": ["Required."]})
    page, size = call.query_page(), call.query_page("page_size", _PAGE_SIZE, _MOST_PER_PAGE)
    with call.read() as tx:
        call.allow(tx, ProjectScope(project_id))
        rows = trainings.list_told(tx, project_id, limit=size, offset=(page - 1) * size)
        known = _Versions(trainings.versions_of(tx, project_id))
    return json_reply([_body(row, known) for row in rows])


def get_training(call: Call) -> Reply:
    with call.read() as tx:
        _, training = _allow(call, tx)
        return json_reply(_told(tx, training))


def get_figures(call: Call) -> Reply:
    """Its curves, and for comparison the last value of each in the training of the version that serves."""
    with call.read() as tx:
        _, training = _allow(call, tx)
        serving = None if training.backend_id is None else backends.serving_version(tx, training.backend_id)
        made_by = serving["training_id"] if serving else None
        other = {} if made_by in (None, training.id) else trainings.figures_of(tx, int(made_by))
        figures = trainings.figures_of(tx, training.id)
    last = {name: points[-1][1] for name, points in other.items() if points}
    return json_reply({"figures": figures, "serving": last})


def get_log(call: Call) -> Reply:
    """A piece of what it wrote, from byte ``from`` on."""
    start = call.query_int("from", 0) or 0
    if start < 0:
        raise Invalid("query-invalid", "from counts bytes from 0.", fields={"from": ["Count from 0."]})
    with call.read() as tx:
        _, training = _allow(call, tx)
        text, following = trainings.log_of(tx, training.id, start)
    return json_reply(LogReply(text, following, is_over=training.is_over and following == start))


def cancel_training(call: Call) -> Reply:
    """Stop a training soon."""
    body = call.decode(CancelBody)
    with call.write() as tx:
        grant, training = _allow(call, tx)
        return json_reply(_told(tx, trainings.cancel(tx, grant, training, keep=body.keep)))


def _look(call: Call, grant: Grant, spec: Spec) -> Look:
    then = labels_then(call.parts, grant, spec.as_of) if spec.as_of else None
    return gate.look(
        call.parts.database, grant, spec.query, held_out=spec.held_out, seed=spec.seed, then=then
    )


def _pinned(call: Call, grant: Grant, spec: Spec) -> Spec:
    """The same, of a commit by its own name: a branch or a tag may be another one by the time it trains."""
    return replace(spec, as_of=labels_then(call.parts, grant, spec.as_of).ref) if spec.as_of else spec


def _allow_backend(call: Call, tx: Tx, project_id: int, backend_id: int) -> Grant:
    grant = call.allow(tx, ProjectScope(project_id))
    if backends.get(tx, backend_id).project_id != project_id:
        raise backends.no_backend(backend_id)
    return grant


def _allow(call: Call, tx: Tx) -> tuple[Grant, Training]:
    training_id = call.path_int("id")
    with told_as(trainings.no_training(training_id)):
        training = trainings.get(tx, training_id)
        return call.allow(tx, ProjectScope(training.project_id)), training


class _Versions:
    """The versions of a project, by what a training knows of them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._made = {row["training_id"]: row for row in rows if row["training_id"] is not None}
        self._named = {(row["backend_id"], row["name"]): row for row in rows}

    def made_by(self, training_id: int) -> dict[str, Any] | None:
        return _ref(self._made.get(training_id))

    def called(self, backend_id: int | None, name: str) -> dict[str, Any] | None:
        return _ref(self._named.get((backend_id, name)))


def _ref(row: Row | None) -> dict[str, Any] | None:
    return None if row is None else {"id": row["id"], "name": row["name"], "number": row["number"]}


def _told(tx: Tx, training: Training) -> dict[str, Any]:
    return _body(trainings.told(tx, training.id), _Versions(trainings.versions_of(tx, training.project_id)))


def _body(row: Row, known: _Versions) -> dict[str, Any]:
    experiment, _, run = row["mlflow_run_id"].rpartition("/")
    compared = row["serving_version"]
    return {
        "id": row["id"],
        "project": row["project_id"],
        "backend": row["backend_id"],
        "state": row["state"],
        "cause": row["cause"],
        "spec": Raw(row["spec"].encode()),
        "gate": Raw(row["gate"].encode()),
        "override_reason": row["override_reason"],
        "message": row["message"],
        "done": row["done"],
        "total": row["total"],
        "eta_s": _eta_s(row),
        "task_count": row["task_count"],
        "held_out_count": row["held_out_count"],
        "evaluation": _raw_or_null(row["evaluation"]),
        "serving_evaluation": _raw_or_null(row["serving_evaluation"]),
        "version": known.made_by(row["id"]),
        "serving_version": known.called(row["backend_id"], compared) if compared else None,
        "run": {"run_id": run, "experiment_id": experiment} if run else None,
        "started_by": _person(row),
        "created_at": rendering.instant(row["created_at"]),
        "started_at": rendering.instant(row["started_at"]),
        "ended_at": rendering.instant(row["ended_at"]),
        "job": row["job_id"],
    }


def _raw_or_null(stored: str) -> Raw | None:
    return Raw(stored.encode()) if stored else None


def _person(row: Row) -> dict[str, Any] | None:
    if row["created_by"] is None:
        return None
    name = f"{row['first_name'] or ''} {row['last_name'] or ''}".strip() or row["email"]
    return {"id": row["created_by"], "name": name}


def _eta_s(row: Row) -> float | None:
    """By how long it took until now, since it began to learn."""
    begun_at, done, total = row["learning_since"], float(row["done"]), float(row["total"])
    if row["state"] not in UNFINISHED or begun_at is None or not 0 < done < total:
        return None
    elapsed_s: float = (datetime.now(timezone.utc) - begun_at).total_seconds()
    return round(max(0.0, elapsed_s) * (total - done) / done, 1)


_SEE, _TRAIN = Permission.LEARNING_READ, Permission.PROJECT_WRITE
_ALL = "/api/learning/trainings/"
_ONE = f"{_ALL}{{id}}/"

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        f"{_ALL}gate/",
        look_at_gate,
        _TRAIN,
        "Look whether a training may start",
        GateBody,
        GateReply,
        only_reads=True,
    ),
    Route("POST", _ALL, start_training, _TRAIN, "Train a model", StartBody, status=201),
    Route("GET", _ALL, list_trainings, _SEE, "List trainings"),
    Route("GET", _ONE, get_training, _SEE, "Get a training"),
    Route("GET", f"{_ONE}figures/", get_figures, _SEE, "Get the curves of a training"),
    Route("GET", f"{_ONE}log/", get_log, _SEE, "Read what a training wrote", None, LogReply),
    Route("POST", f"{_ONE}cancel/", cancel_training, _TRAIN, "Stop a training", CancelBody),
)
