"""Queues: one for each receiver, from which one of us sends at a time, in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, exists, or_, select, update

from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.webhook_tables import webhook_deliveries, webhook_queues
from treadle.webhooks.deliveries import WAITING
from treadle.webhooks.receivers import Queue
from treadle.webhooks.retrying import Verdict

#: A sender is given so much longer than its call may take.
_SPARE = timedelta(seconds=20)

_q, _d = webhook_queues.c, webhook_deliveries.c
_is_free = or_(
    _q.claimed_by.is_(None), _q.claimed_by == bindparam("name"), _q.claimed_until < bindparam("now")
)
_is_awake = or_(_q.rests_until.is_(None), _q.rests_until <= bindparam("now"))
_DUE = Prepared(
    select(_q.id, _q.backend_id)
    .where(
        exists().where(_d.queue_id == _q.id, _d.state == WAITING, _d.due_at <= bindparam("now")),
        _is_free,
        _is_awake,
    )
    .order_by(_q.id)
)
_CLAIM = Prepared(
    update(webhook_queues)
    .where(_q.id == bindparam("queue_id"), _is_free, _is_awake)
    .values(claimed_by=bindparam("name"), claimed_until=bindparam("until"))
)
_ONE = Prepared(
    select(_q.id, _q.webhook_id, _q.backend_id, _q.failures, _q.failing_since).where(
        _q.id == bindparam("queue_id")
    )
)
_OF_BACKEND = Prepared(select(_q.id).where(_q.backend_id == bindparam("backend_id")))


@dataclass(frozen=True)
class Claim:
    """That a sender of that name sends from a queue, and nobody else does."""

    queue_id: int
    name: str


def list_due(tx: Tx) -> dict[int, bool]:
    """The queues from which something is to be sent now, and nobody does; of each whether a backend's."""
    return {row["id"]: row["backend_id"] is not None for row in tx.rows(_DUE, {"now": tx.now, "name": ""})}


def claim(tx: Tx, mine: Claim, most_s: float) -> Queue | None:
    """Send from the queue, or go on to, for so long at most; None where it rests or another does."""
    until = tx.now + timedelta(seconds=most_s) + _SPARE
    wanted = {"queue_id": mine.queue_id, "name": mine.name, "now": tx.now, "until": until}
    if tx.execute(_CLAIM, wanted).rowcount == 0:
        return None
    return get(tx, mine.queue_id)


def get(tx: Tx, queue_id: int) -> Queue | None:
    """The queue, if its receiver is still there."""
    row = tx.execute(_ONE, {"queue_id": queue_id}).first()
    return None if row is None else Queue(**row)


def of_backend(tx: Tx, backend_id: int) -> int | None:
    """The queue of a backend, once it was told of anything."""
    found: int | None = tx.execute(_OF_BACKEND, {"backend_id": backend_id}).scalar()
    return found


def note(tx: Tx, queue: Queue, verdict: Verdict) -> None:
    """Write down how the receiver fares."""
    values = {
        "failures": verdict.failures,
        "failing_since": verdict.failing_since,
        "rests_until": verdict.rests_until,
    }
    tx.execute(update(webhook_queues).where(_q.id == queue.id).values(**values))


def release(tx: Tx, mine: Claim) -> None:
    """Let somebody else send from the queue."""
    own = (_q.id == mine.queue_id) & (_q.claimed_by == mine.name)
    tx.execute(update(webhook_queues).where(own).values(claimed_by=None, claimed_until=None))
