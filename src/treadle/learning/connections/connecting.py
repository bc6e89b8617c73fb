"""Connecting backends: a try before they are there, telling them of their project, seeing how they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Protocol

from sqlalchemy import bindparam, or_, select, update

from treadle.access import Grant
from treadle.access.signing_key import load_signing_key
from treadle.db import Database, Tx
from treadle.db.learning_tables import ml_backends, trainings
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.errors import Invalid, NotFound, TreadleError, Unavailable
from treadle.late import late
from treadle.learning.connections import backends
from treadle.learning.connections.backends import Backend, NewBackend, State
from treadle.learning.connections.client import BackendClient, Health, Told, open_client, told_of
from treadle.learning.connections.connection_settings import extra_params_of
from treadle.objects import ObjectStore
from treadle.settings import Settings

settle = late("treadle.learning.serving.promoting:settle")

#: How old what is known of a backend may be when somebody looks.
FRESH = timedelta(seconds=20)
_AT_ONCE = 8
_QUICK_S = 2.0
#: So long somebody waits for a /setup who connects a backend or looks at one, whatever its own limit is.
_LOOKED_AT_S = 300.0
#: Who has drawn and looks on waits no longer for a backend to hear of its project.
ATTENDED_S = 20.0
#: Its server is not there, or not to be had.
_AWAY = frozenset({"backend-down", "backend-slow", "backend-auth", "address-private"})
_ENDED = "backend-ended"
_FAULTS = "validation"
_b = ml_backends.c
_CLAIM = (
    update(ml_backends)
    .where(one_of(_b.id, "ids"))
    .where(or_(_b.checked_at.is_(None), _b.checked_at < bindparam("before")))
    .values(checked_at=bindparam("instant"))
    .returning(_b.id)
)
_TRAINED = Prepared(
    select(trainings.c.id)
    .where(trainings.c.backend_id == bindparam("backend_id"))
    .where(or_(*(trainings.c.state == each for each in ("queued", "running", "stopping", "evaluating"))))
    .limit(1)
)


class LearningParts(Protocol):
    """What is open in each process that speaks to backends."""

    @property
    def settings(self) -> Settings:
        """What the server was told."""

    @property
    def database(self) -> Database:
        """The open database."""

    @property
    def objects(self) -> ObjectStore:
        """Where archives are."""


def connect(parts: LearningParts, grant: Grant, new: NewBackend) -> Backend:
    """Connect a backend that answers to the grant's project; it is told of the project at once.

    Raises Invalid("validation") as Label Studio words it where it is away or no backend, Forbidden.
    """
    assert grant.project_id is not None
    key = load_signing_key(parts.settings.data_dir)
    with parts.database.read() as tx:
        draft = backends.draft_of(new, grant.project_id, tx.now, key)
        told = told_of(tx, draft)
    check_answers(parts, draft, told)
    with parts.database.write() as tx:
        added = backends.add(tx, grant, new, key)
    return look(parts, added.id)


def check_answers(parts: LearningParts, backend: Backend, told: Told) -> None:
    """Nothing, when a backend is there, and takes the project. Raises Invalid("validation"), Forbidden."""
    with _open(parts, backend) as client:
        try:
            health = client.health()
        except (Unavailable, Invalid) as error:
            raise _refusal(_away(backend, error)) from error
        if health.state == "failed":
            raise _refusal(f"{backend.url} is there, but its model failed: {health.reason}")
        try:
            client.setup(told, limit_s=min(_LOOKED_AT_S, backend.timeout_s))
        except (Unavailable, Invalid) as error:
            text = (
                f"Successfully connected to {backend.url} but it doesn't look like a valid ML backend. "
                f"Reason: {error.message}\nLook into the log of the backend: something may be wrong with the "
                "model, or it does not fit this labelling config."
            )
            raise _refusal(text) from error


def look(
    parts: LearningParts, backend_id: int, request_base: str = "", *, limit_s: float | None = None
) -> Backend:
    """See how a backend is, tell it of its project, and write down what came of it; the backend.

    limit_s: so long it may take to hear of its project; one that answers and has no time for it is left.
    Raises NotFound("backend-not-found").
    """
    with parts.database.read() as tx:
        backend = backends.get(tx, backend_id)
        told = told_of(tx, backend, request_base)
    try:
        with _client(parts, backend) as client:
            health = client.health()
            if health.state == "failed":
                return _note_health(parts.database, backend, health)
            # Of which age it is says how it is to be told.
            told = replace(told, extra_params=extra_params_of(replace(backend, generation=health.generation)))
            if limit_s is None:
                _tell(parts, client, told, limit_s=min(_LOOKED_AT_S, backend.timeout_s))
            else:
                _tell_quickly(parts, client, limit_s)
    except TreadleError as error:
        return note_fault(parts.database, backend, error)
    with parts.database.read() as tx:
        return backends.get(tx, backend.id)


def ready(
    parts: LearningParts,
    backend_id: int,
    request_base: str = "",
    *,
    limit_s: float | None = None,
    opened: Callable[[BackendClient], None] = lambda _client: None,
) -> tuple[BackendClient, Told]:
    """A client of a backend that has heard of its project as it is now, and what it heard.

    Close it when done. Where the backend has not heard, it is told before.  limit_s: how long that may take;
    None: as long as predictions.  opened: is given the client before, to end it by. Raises
    NotFound("backend-not-found"), and as `BackendClient` does; what went wrong there is written down.
    """
    with parts.database.read() as tx:
        backend = backends.get(tx, backend_id)
        told = told_of(tx, backend, request_base)
    try:
        client = _client(parts, backend)
    except TreadleError as error:
        note_fault(parts.database, backend, error)
        raise
    opened(client)
    if backend.generation and told.digest(client.token_for(told)) == backend.told_digest:
        return client, told
    try:
        _tell(parts, client, told, limit_s=None if limit_s is None else min(limit_s, backend.timeout_s))
    except TreadleError as error:
        client.close()
        if error.code != _ENDED:  # by us: nothing is wrong there
            note_fault(parts.database, backend, error)
        raise
    return client, told


def refresh(parts: LearningParts, found: Sequence[Backend]) -> None:
    """Look at those of the backends that nobody looked at just now, for a few seconds at most.

    Not at our own: a look would start what has ended since nobody needs it.
    """
    now = datetime.now(timezone.utc)
    stale = [each for each in found if each.checked_at is None or each.checked_at < now - FRESH]
    due = _claim(parts.database, stale) if stale else []
    if not due:
        return
    with ThreadPoolExecutor(min(_AT_ONCE, len(due)), "backends") as threads:
        list(threads.map(lambda backend: _glance(parts, backend), due))


def note_fault(database: Database, backend: Backend, error: TreadleError) -> Backend:
    """Write down what kept a backend from answering; the backend, as it is then.

    It is told of its project before it is asked again.
    """
    state: State = "DI" if error.code in _AWAY else "ER"
    with database.write() as tx:
        backends.note(tx, backend.id, state=state, problem=error.message, told_digest="")
        return backends.get(tx, backend.id)


def state_of(tx: Tx, backend: Backend) -> State:
    """As Label Studio says it: one that answers and trains is TR."""
    if backend.state == "CO" and tx.rows(_TRAINED, {"backend_id": backend.id}):
        return "TR"
    return backend.state


def _claim(database: Database, stale: Sequence[Backend]) -> list[Backend]:
    """Those that are ours to look at: of many who would at once, one does."""
    with database.write() as tx:
        wanted = {"ids": id_list(sorted(each.id for each in stale)), "before": tx.now - FRESH}
        ours = set(tx.execute(_CLAIM, {**wanted, "instant": tx.now}).scalars())
    return [each for each in stale if each.id in ours]


def _glance(parts: LearningParts, backend: Backend) -> None:
    try:
        with _client(parts, backend) as client:
            health = client.health()
            if backend.generation == "current":  # it may learn by itself, and /setup alone tells its version
                _tell_quickly(parts, client)
    except TreadleError as error:
        note_fault(parts.database, backend, error)
        return
    if backend.state != "CO" or health.state == "failed" or health.generation != backend.generation:
        _note_health(parts.database, backend, health)


def _tell_quickly(parts: LearningParts, client: BackendClient, limit_s: float = _QUICK_S) -> None:
    with parts.database.read() as tx:
        told = told_of(tx, client.backend)
    try:
        _tell(parts, client, told, limit_s=limit_s)
    except Unavailable as error:
        # It answers, and has no time for this: most train where they answer.
        if error.code != "backend-slow":
            raise


def _tell(parts: LearningParts, client: BackendClient, told: Told, *, limit_s: float | None = None) -> None:
    """Tell a backend of its project, write down what it said, and see to it that the right version serves."""
    version, backend = client.setup(told, limit_s=limit_s), client.backend
    with parts.database.write() as tx:
        backends.note(
            tx,
            backend.id,
            state="CO",
            generation=client.generation,
            model_version=version,
            told_digest=told.digest(client.token_for(told)),
        )
        told_backend = backends.get(tx, backend.id)
    settle(parts, told_backend, version, told.hostname)


def _client(parts: LearningParts, backend: Backend) -> BackendClient:
    return open_client(parts.settings, load_signing_key(parts.settings.data_dir), backend)


def _note_health(database: Database, backend: Backend, health: Health) -> Backend:
    is_failed = health.state == "failed"
    problem = f"The model of {backend.name} failed: {health.reason}" if is_failed else ""
    with database.write() as tx:
        backends.note(
            tx,
            backend.id,
            state="ER" if is_failed else "CO",
            problem=problem,
            generation=health.generation,
            told_digest="",
        )
        return backends.get(tx, backend.id)


def _open(parts: LearningParts, backend: Backend) -> BackendClient:
    try:
        return _client(parts, backend)
    except NotFound as error:
        raise _refusal(error.message) from error


def _away(backend: Backend, error: TreadleError) -> str:
    if error.code == "backend-auth":
        return (
            "Able to connect to ML Server, but authentication parameters were either not provided or are "
            f"incorrect. {error.message}"
        )
    return (
        f"Can't connect to ML backend {backend.url}, health check failed. Make sure it is up and your "
        f"firewall is properly configured. Additional info: {error.details.get('why') or error.message}"
    )


def _refusal(text: str) -> Invalid:
    return Invalid(_FAULTS, text, fields={"non_field_errors": [text]})
