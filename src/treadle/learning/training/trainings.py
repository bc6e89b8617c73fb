"""Trainings: their rows, and what people may do with them. The work itself is a job: `training_job`.

Promises: a backend trains once at a time; what stopped a training and why it went on all the same is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import bindparam, insert, select, update

from treadle import events, jobs
from treadle.access import Grant
from treadle.access.audit import write_audit
from treadle.db import Tx
from treadle.db.learning_tables import (
    ml_backends,
    model_versions,
    training_figures,
    training_log,
    trainings,
)
from treadle.db.prepared import Prepared
from treadle.db.schema import jobs as job_rows
from treadle.db.schema import users
from treadle.errors import Conflict, Invalid, NotFound, Unsupported
from treadle.jobs import Job, JobState
from treadle.jobs.rows import FINAL_STATES
from treadle.labeling.filters import TaskQuery, parse_selection
from treadle.labeling.selections import Selection, select_now
from treadle.learning.connections import backends
from treadle.learning.connections.backends import UNTRAINED
from treadle.learning.training import gate
from treadle.learning.training.gate import Finding

JOB_NAME = "training"

State = Literal["queued", "running", "stopping", "evaluating", "completed", "failed", "cancelled"]
Cause = Literal["person", "count", "schedule", "webhook"]

UNFINISHED = ("queued", "running", "stopping", "evaluating")
_LONGEST_REASON = 1_000
_LONGEST_MESSAGE = 2_000
_MOST_SETTINGS_BYTES = 20_000
_t, _f, _l, _v = trainings.c, training_figures.c, training_log.c, model_versions.c
_ONE = Prepared(select(trainings).where(_t.id == bindparam("training_id")))
_TOLD = select(trainings, users.c.email, users.c.first_name, users.c.last_name).select_from(
    trainings.outerjoin(users, users.c.id == _t.created_by)
)
_OF_PROJECT = Prepared(
    _TOLD.where(_t.project_id == bindparam("project_id"))
    .order_by(_t.id.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_TOLD_ONE = Prepared(_TOLD.where(_t.id == bindparam("training_id")))
_VERSIONS = Prepared(
    select(_v.id, _v.backend_id, _v.name, _v.number, _v.training_id).where(
        _v.project_id == bindparam("project_id")
    )
)
_LOCK_BACKEND = select(ml_backends.c.id).where(ml_backends.c.id == bindparam("backend_id")).with_for_update()
_UNDER_WAY = (
    select(_t.id, _t.job_id, job_rows.c.state.label("job_state"))
    .select_from(trainings.outerjoin(job_rows, job_rows.c.id == _t.job_id))
    .where(_t.backend_id == bindparam("backend_id"), _t.state.in_(UNFINISHED))
)
_FIGURES = Prepared(
    select(_f.name, _f.step, _f.value)
    .where(_f.training_id == bindparam("training_id"))
    .order_by(_f.name, _f.step)
)
_LOG = Prepared(
    select(_l.start_byte, _l.text)
    .where(_l.training_id == bindparam("training_id"), _l.start_byte >= bindparam("from_byte"))
    .order_by(_l.start_byte)
    .limit(bindparam("limit"))
)
_LAST_BEFORE = Prepared(
    select(_l.start_byte, _l.text)
    .where(_l.training_id == bindparam("training_id"), _l.start_byte < bindparam("from_byte"))
    .order_by(_l.start_byte.desc())
    .limit(1)
)
_PIECES_AT_ONCE = 64


class Spec(msgspec.Struct, frozen=True, rename={"selected": "selectedItems"}, forbid_unknown_fields=True):
    """Which work to learn from, and how. as_of: a commit of the labels, such as ``labels@v1``; null: now."""

    filters: dict[str, Any] | None = None
    selected: dict[str, Any] | list[Annotated[int, Meta(ge=-(2**62), le=2**62)]] | None = None
    as_of: Annotated[str, Meta(max_length=500)] | None = None
    #: Of the Train form: epochs, image_size, …, as the backend knows them.
    settings: dict[str, Any] = {}
    #: The part that is kept back to measure by.
    held_out: Annotated[float, Meta(ge=0, le=0.9)] = 0.2
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    promote: Literal["never", "when_better"] = "never"

    @property
    def query(self) -> TaskQuery:
        """The tasks that it names. Raises Invalid("selection-malformed")."""
        return TaskQuery(self.filters, (), parse_selection(self.selected))


class TrainingOrder(msgspec.Struct, frozen=True):
    """What the job is to do."""

    training_id: int
    selection: Selection


@dataclass(frozen=True)
class Training:
    """A training as its row says. ``spec``, ``gate`` and both evaluations are JSON as it is stored."""

    id: int
    project_id: int
    backend_id: int | None
    job_id: str | None
    state: State
    cause: Cause
    spec: str
    gate: str
    override_reason: str
    message: str
    remote_job: str
    done: float
    total: float
    task_count: int
    held_out_count: int
    dataset_key: str
    evaluation: str
    serving_evaluation: str
    mlflow_run_id: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    changed_at: datetime
    registered_at: datetime | None
    created_by: int | None
    #: The backend's name of what served when it began, and when it began there.
    serving_version: str = ""
    learning_since: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Completed, failed or cancelled."""
        return self.state not in UNFINISHED

    @property
    def wish(self) -> Spec:
        """What was asked for."""
        return msgspec.json.decode(self.spec, type=Spec)


def start(
    tx: Tx,
    grant: Grant,
    project_id: int,
    backend_id: int,
    *,
    spec: Spec,
    cause: Cause,
    override: str = "",
    findings: Sequence[Finding] | None = None,
) -> Training:
    """Order a training of the grant's project.

    override: why to start in spite of what stops it.  findings: what `gate` found a moment ago; None: the
    job looks, and fails where something stops it. It looks in any case, at all that there is.

    Raises Conflict("gate") with the findings, Conflict("training-under-way"), NotFound("backend-not-found"),
    Invalid naming a filter that is wrong.
    """
    assert grant.project_id == project_id
    backend = backends.get(tx, backend_id)
    if backend.project_id != project_id:
        raise backends.no_backend(backend_id)
    reason = _checked_reason(override)
    _check_settings(spec)
    _check_one_choice(spec)
    _check_is_free(tx, backend)
    gate.check_passes(findings or [], reason)
    selection = select_now(tx, grant, spec.query)
    values = {
        "project_id": project_id,
        "backend_id": backend_id,
        "cause": cause,
        "spec": msgspec.json.encode(spec).decode(),
        "gate": msgspec.json.encode(findings or []).decode(),
        "override_reason": reason,
        "created_at": tx.now,
        "changed_at": tx.now,
        "created_by": grant.actor.user_id,
    }
    training_id = tx.execute(insert(trainings).returning(_t.id), values).scalar_one()
    job = jobs.submit(tx, grant, JOB_NAME, TrainingOrder(training_id, selection))
    note(tx, training_id, job_id=job.id)
    if reason:
        _tell_override(tx, grant, training_id, reason, findings or [])
    return get(tx, training_id)


def train_again(tx: Tx, grant: Grant, job: Job) -> Job:
    """Order a training of what another was to learn from, as it is by now; its job.

    Why it was started in spite of what stops it still holds. Raises as `start`, NotFound("backend-gone").
    """
    before = get(tx, msgspec.json.decode(job.payload, type=TrainingOrder).training_id)
    if before.backend_id is None:
        raise NotFound("backend-gone", f"The backend of training {before.id} was disconnected.")
    assert grant.project_id is not None
    training = start(
        tx,
        grant,
        grant.project_id,
        before.backend_id,
        spec=before.wish,
        cause="person",
        override=before.override_reason,
    )
    return jobs.get(tx, training.job_id or "")


def get(tx: Tx, training_id: int) -> Training:
    """The training. Raises NotFound("training-not-found")."""
    rows = tx.rows(_ONE, {"training_id": training_id})
    if not rows:
        raise no_training(training_id)
    return Training(**rows[0])


def no_training(training_id: int) -> NotFound:
    """The error for a training that is not there or not the actor's to see."""
    return NotFound("training-not-found", f"There is no training {training_id} that you can see.")


def list_told(tx: Tx, project_id: int, *, limit: int, offset: int) -> list[Mapping[str, Any]]:
    """Rows of a project's trainings, the newest first, each with its person."""
    return tx.rows(_OF_PROJECT, {"project_id": project_id, "limit": limit, "offset": offset})


def told(tx: Tx, training_id: int) -> Mapping[str, Any]:
    """One such row, of a training that is there."""
    return tx.rows(_TOLD_ONE, {"training_id": training_id})[0]


def versions_of(tx: Tx, project_id: int) -> list[Mapping[str, Any]]:
    """Id, backend, name, number and training of every version of a project."""
    return tx.rows(_VERSIONS, {"project_id": project_id})


def note(tx: Tx, training_id: int, **values: Any) -> None:
    """Write columns of a training; who follows it sees that something changed."""
    if "message" in values:
        values["message"] = values["message"][:_LONGEST_MESSAGE].replace("\0", "")
    tx.execute(update(trainings).where(_t.id == training_id).values(changed_at=tx.now, **values))


def begin(tx: Tx, training: Training) -> None:
    """Let a training that waited run, once."""
    waiting = (_t.id == training.id) & (_t.state == "queued")
    serving = None if training.backend_id is None else backends.serving_version(tx, training.backend_id)
    name = UNTRAINED if serving is None else serving["name"]
    values = {"state": "running", "started_at": tx.now, "changed_at": tx.now, "serving_version": name}
    if tx.execute(update(trainings).where(waiting).values(**values)).rowcount:
        record(tx, training, "training.started")


def note_learning(tx: Tx, training_id: int) -> None:
    """The backend has begun with it, as far as was seen now for the first time."""
    fresh = (_t.id == training_id) & _t.learning_since.is_(None)
    tx.execute(update(trainings).where(fresh).values(learning_since=tx.now))


def end(tx: Tx, training_id: int, state: State, message: str) -> None:
    """Bring a training to its end, with the event of it; nothing happens when it has one."""
    training = get(tx, training_id)
    if training.is_over:
        return
    note(tx, training_id, state=state, message=message, ended_at=tx.now)
    record(tx, training, f"training.{state}", message=message)


def record(tx: Tx, training: Training, kind: str, **payload: object) -> None:
    """Write an event of a training down."""
    events.record(
        tx,
        kind,
        actor_id=training.created_by,
        project_id=training.project_id,
        subject_id=training.id,
        payload={"backend": training.backend_id, "cause": training.cause, **payload},
    )


def cancel(tx: Tx, grant: Grant, training: Training, *, keep: bool) -> Training:
    """Ask a training to stop soon; ``keep``: with a version of what was learnt by then.

    Raises Conflict("training-ended"), Unsupported("training-not-followed") where the backend cannot stop
    with what it has.
    """
    if training.is_over:
        raise Conflict("training-ended", f"Training {training.id} is {training.state} already.")
    if keep and training.state == "evaluating":
        return training  # It has learnt, and what it learnt is kept.
    is_learning = training.state in ("running", "stopping") and bool(training.remote_job)
    if keep and is_learning:
        _check_is_followed(tx, training)
        note(tx, training.id, state="stopping", message="It stops soon, and keeps what it has learnt.")
        return get(tx, training.id)
    job = jobs.get(tx, training.job_id or "")
    if not job.is_final:
        jobs.request_cancel(tx, grant.actor, job)
        note(tx, training.id, state="stopping", message="It stops soon.")
    return get(tx, training.id)


def figures_of(tx: Tx, training_id: int) -> dict[str, list[tuple[int, float]]]:
    """Steps and values by the name of the figure."""
    found: dict[str, list[tuple[int, float]]] = {}
    for row in tx.rows(_FIGURES, {"training_id": training_id}):
        found.setdefault(row["name"], []).append((row["step"], row["value"]))
    return found


def log_of(tx: Tx, training_id: int, start: int) -> tuple[str, int]:
    """What was written from byte ``start`` on, a piece of it; and the byte to go on at."""
    wanted = {"training_id": training_id, "from_byte": start}
    before = tx.rows(_LAST_BEFORE, wanted)
    pieces = [*before, *tx.rows(_LOG, {**wanted, "limit": _PIECES_AT_ONCE})]
    found = b""
    for row in pieces:
        text = row["text"].encode()
        found += text[max(0, start - row["start_byte"]) :]
    return found.decode(errors="ignore"), start + len(found)


def _checked_reason(override: str) -> str:
    reason = override.strip().replace("\0", "")
    if len(reason) > _LONGEST_REASON:
        text = f"The reason has {len(reason):,} characters; {_LONGEST_REASON:,} are enough."
        raise Invalid("override-long", text, fields={"override": [text]})
    return reason


def _check_settings(spec: Spec) -> None:
    if len(msgspec.json.encode(spec.settings)) > _MOST_SETTINGS_BYTES:
        text = f"The settings take more than {_MOST_SETTINGS_BYTES:,} bytes."
        raise Invalid("settings-long", text, fields={"settings": [text]})


def _check_one_choice(spec: Spec) -> None:
    if spec.as_of and (spec.filters or spec.selected):
        text = "A commit is learnt from as a whole: leave filters and selected tasks out, or as_of."
        raise Invalid("as-of", text, fields={"as_of": [text]})


def _check_is_free(tx: Tx, backend: backends.Backend) -> None:
    """Of two that start at once the second waits here, and finds the first."""
    tx.execute(_LOCK_BACKEND, {"backend_id": backend.id})
    for row in tx.rows(_UNDER_WAY, {"backend_id": backend.id}):
        if row["job_state"] is None or JobState(row["job_state"]) in FINAL_STATES:
            end(tx, row["id"], "failed", "Its job ended without a word. The server's log says more.")
            continue
        raise Conflict(
            "training-under-way",
            f"{backend.name} is being trained already (training {row['id']}). Wait for its end, or stop it.",
            details={"training": row["id"]},
        )


def _check_is_followed(tx: Tx, training: Training) -> None:
    backend = None if training.backend_id is None else backends.get(tx, training.backend_id)
    if backend is None or not backend.can_follow:
        raise Unsupported(
            "training-not-followed",
            "This backend does not stop with what it has learnt. Cancel without keeping, or let it end.",
        )


def _tell_override(tx: Tx, grant: Grant, training_id: int, reason: str, findings: Sequence[Finding]) -> None:
    stops = [finding.code for finding in gate.stopping(findings)]
    write_audit(
        tx,
        "training.gate-overridden",
        actor_id=grant.actor.user_id,
        subject=f"training {training_id}",
        workspace_id=grant.workspace_id,
        detail={"project": grant.project_id, "reason": reason, "findings": stops},
    )
