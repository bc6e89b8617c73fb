"""Backends hear what happens in their project, as Label Studio tells it: a POST to /webhook with their auth.

So models that train on events of annotations do. Built-in ones, which do not, are left alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select, text

from treadle.db import Database, Tx
from treadle.db.learning_tables import ml_backends
from treadle.db.prepared import Prepared
from treadle.db.schema import projects
from treadle.db.webhook_tables import webhook_queues
from treadle.errors import NotFound, TreadleError
from treadle.learning.connections import backends
from treadle.learning.connections.backends import Backend
from treadle.learning.connections.client import BackendClient, open_client
from treadle.learning.connections.telling import Told, told_of
from treadle.settings import Secret, Settings
from treadle.webhooks import Answer, Parcel, Receiver, Way
from treadle.webhooks.receivers import Queue

_CONNECT_S = 10.0
#: So long it is told of an event at the most, whatever time it is given for predictions.
_MOST_S = 60.0
_BUSY = 503
#: It was reached, and what it answered is its last word: to ask again would train again.
_FINAL = frozenset({"backend-failed", "backend-answer"})

_b, _q, _p = ml_backends.c, webhook_queues.c, projects.c
_IS_TOLD = _b.builtin == ""
_WITHOUT_QUEUE = Prepared(
    select(_b.id).outerjoin(webhook_queues, _q.backend_id == _b.id).where(_IS_TOLD, _q.id.is_(None))
)
_ENROL = text("INSERT INTO webhook_queues (backend_id) VALUES (:backend_id) ON CONFLICT DO NOTHING")
_TOLD = Prepared(
    select(_q.id, _p.workspace_id, _b.project_id, _b.created_at)
    .join(ml_backends, _b.id == _q.backend_id)
    .join(projects, _p.id == _b.project_id)
    .where(_IS_TOLD, _p.deleted_at.is_(None))
)


@dataclass(frozen=True)
class BackendAudience:
    """The backends of all projects, as receivers of what happens."""

    settings: Settings
    key: Secret

    def enrol(self, database: Database) -> None:
        """Give each backend that was connected a queue."""
        with database.read() as tx:
            found = tx.rows(_WITHOUT_QUEUE, {})
        if found:
            with database.write() as tx:
                tx.execute(_ENROL, [{"backend_id": row["id"]} for row in found])

    def list_receivers(self, tx: Tx) -> list[Receiver]:
        """Every backend of a project that is there: it hears all since it was connected."""
        return [
            Receiver(row["id"], row["workspace_id"], row["project_id"], row["created_at"], None)
            for row in tx.rows(_TOLD, {})
        ]

    def open_way(self, tx: Tx, queue: Queue) -> Way | None:
        """The way to the queue's backend, by its own patience."""
        if queue.backend_id is None:
            return None
        try:
            backend = backends.get(tx, queue.backend_id)
        except NotFound:
            return None
        if backend.builtin:
            return None
        patient_s = min(backend.timeout_s, _MOST_S)
        told = told_of(tx, backend) if backend.generation == "old" else None
        teller = Teller(self.settings, self.key, replace(backend, timeout_s=patient_s), told)
        calls = 1 if told is None else 3  # with what it hears of its project, and the event again
        return Way(teller, calls * patient_s + _CONNECT_S)

    def give_up(self, _tx: Tx, _queue: Queue) -> None:
        """Nothing: how a backend fares is shown where it is connected, and it is told until it is removed."""


@dataclass(frozen=True)
class Teller:
    """Tells one backend. told: what it hears of its project first, where it fails before it has heard."""

    settings: Settings
    key: Secret
    backend: Backend
    told: Told | None = None

    def __call__(self, parcel: Parcel) -> Answer:
        """What came of it; whatever goes wrong is told in the answer."""
        began_s = time.monotonic()
        try:
            with open_client(self.settings, self.key, self.backend) as client:
                self._send(client, parcel)
        except TreadleError as error:
            return _answer(error, round((time.monotonic() - began_s) * 1000))
        return Answer(200, duration_ms=round((time.monotonic() - began_s) * 1000))

    def _send(self, client: BackendClient, parcel: Parcel) -> None:
        """Once; of those of 2022, which fail until they have heard of the project since they began, twice."""
        try:
            client.send_event(parcel.body)
        except TreadleError as error:
            if error.code != "backend-failed" or self.told is None:
                raise
            client.setup(self.told)
            client.send_event(parcel.body)


def _answer(error: TreadleError, duration_ms: int) -> Answer:
    told: dict[str, Any] = {"problem": error.message, "duration_ms": duration_ms}
    if error.code == "backend-slow":
        # Backends of Label Studio's kind train within the request, and answer when they are done.
        return Answer(**told, is_taken=True)
    if error.code == "backend-busy":
        seconds = error.details.get("retry_after_s")
        return Answer(_BUSY, **told, retry_after_s=float(str(seconds)) if seconds else None)
    status = error.details.get("status")
    known = int(status) if isinstance(status, int) else None
    return Answer(known, **told, is_final=error.code in _FINAL and known is not None)
