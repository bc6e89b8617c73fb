"""What was told, or is to be: one row for each receiver, with what came of it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    delete,
    exists,
    insert,
    literal_column,
    select,
    update,
)

from treadle.db import Database, Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.webhook_tables import webhook_bodies, webhook_deliveries
from treadle.errors import NotFound
from treadle.webhooks.receivers import Answer, Parcel
from treadle.webhooks.retrying import Verdict

#: So long a delivery can be looked at and sent again.
KEPT = timedelta(days=7)
#: What a replay of the oldest may still need.
_KEPT_BODIES = KEPT + timedelta(days=2)
TEST = "TEST"
#: A word of the statement and no parameter: an index holds what waits alone.
WAITING: ColumnElement[str] = literal_column("'waiting'")
#: Rows in one transaction.
_AT_ONCE = 1_000
_LONGEST_TOLD = 2_000

_d, _b = webhook_deliveries.c, webhook_bodies.c
_LISTED = [column for column in webhook_deliveries.columns if column.name != "body_id"]
_WITH_BODY = select(*_LISTED, _b.data).select_from(
    webhook_deliveries.outerjoin(webhook_bodies, _b.id == _d.body_id)
)
_ONE = Prepared(_WITH_BODY.where(_d.id == bindparam("delivery_id"), _d.queue_id == bindparam("queue_id")))
_NEXT = Prepared(
    _WITH_BODY.where(_d.queue_id == bindparam("queue_id"), _d.state == WAITING, _d.due_at <= bindparam("now"))
    .order_by(_d.id)
    .limit(1)
)
_PAGE = Prepared(
    select(_d.id, _d.state, _d.created_at)
    .where(_d.id > bindparam("after"))
    .order_by(_d.id)
    .limit(bindparam("limit"))
)
# What still waits, or was sent again, goes by its body however old that is: who deletes it deletes those.
_is_needed = exists().where(_d.body_id == _b.id)
_BODY_PAGE = Prepared(
    select(_b.id)
    .where(_b.created_at < bindparam("before"), _b.id > bindparam("after"), ~_is_needed)
    .order_by(_b.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_OF_QUEUE = Prepared(
    select(_d.id)
    .where(_d.queue_id == bindparam("queue_id"), _d.state == bindparam("state"), _d.cause != "test")
    .where(_d.id > bindparam("after"))
    .order_by(_d.id)
    .limit(bindparam("limit"))
)
_FORGET = Prepared(
    delete(webhook_deliveries).where(
        one_of(_d.id, "ids"), _d.created_at < bindparam("before"), _d.state != WAITING
    )
)
_FORGET_BODIES = Prepared(delete(webhook_bodies).where(one_of(_b.id, "ids"), ~_is_needed))


@dataclass(frozen=True)
class Delivery:
    """One row of the log. body: what is or was sent, JSON; of a list b""."""

    id: int
    queue_id: int
    event_id: int | None
    part: int
    action: str
    project_id: int | None
    cause: str
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    status_code: int | None
    duration_ms: int | None
    response: str
    problem: str
    body: bytes = b""

    @property
    def parcel(self) -> Parcel:
        """As it is handed over once more."""
        event = "" if self.event_id is None else f"{self.event_id}.{max(0, self.part)}"
        return Parcel(self.id, event, self.action, self.body, self.attempts + 1)


def add_body(tx: Tx, *, event_id: int, part: int, body: bytes) -> int:
    """Keep what is told of a part of an event; its id."""
    values = {"event_id": event_id, "part": part, "data": zlib.compress(body, 3), "created_at": tx.now}
    return int(tx.execute(insert(webhook_bodies).returning(_b.id), values).scalar_one())


def add(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Let these be sent: queue_id, body_id, event_id, part, action, project_id of each."""
    fixed = {"cause": "event", "state": "waiting", "created_at": tx.now, "due_at": tx.now}
    tx.execute(insert(webhook_deliveries), [{**row, **fixed} for row in rows])


def add_test(tx: Tx, queue_id: int, project_id: int | None) -> Delivery:
    """A delivery that tells nothing, to be sent by who asked for it."""
    values = {"queue_id": queue_id, "action": TEST, "project_id": project_id, "part": -1}
    values |= {"cause": "test", "state": "failed", "created_at": tx.now, "due_at": tx.now}
    return _get(tx, queue_id, tx.execute(insert(webhook_deliveries).returning(_d.id), values).scalar_one())


def replay(tx: Tx, queue_id: int, delivery_id: int) -> Delivery:
    """Send once more what was sent, as it was then; the new delivery. Raises NotFound."""
    _get(tx, queue_id, delivery_id)
    columns = ("queue_id", "body_id", "event_id", "part", "action", "project_id")
    old = tx.execute(select(*(_d[name] for name in columns)).where(_d.id == delivery_id)).mappings().one()
    values = {**old, "cause": "replay", "state": "waiting", "created_at": tx.now, "due_at": tx.now}
    return _get(tx, queue_id, tx.execute(insert(webhook_deliveries).returning(_d.id), values).scalar_one())


def replay_failed(database: Database, queue_id: int) -> int:
    """Send everything once more that was given up, oldest first; how many.

    Saves get their turn between a thousand of them and the next: killed here, the rest is still failed.
    """
    count, after = 0, 0
    while True:
        with database.write() as tx:
            wanted = {"queue_id": queue_id, "state": "failed", "after": after, "limit": _AT_ONCE}
            ids = [row["id"] for row in tx.execute(_OF_QUEUE, wanted).all()]
            failed = one_of(_d.id, "ids") & (_d.state == "failed")
            anew = {"state": "waiting", "attempts": 0, "created_at": tx.now, "due_at": tx.now, "problem": ""}
            again = update(webhook_deliveries).where(failed).values(**anew)
            count += tx.execute(again, {"ids": id_list(ids)}).rowcount
        if len(ids) < _AT_ONCE:
            return count
        after = ids[-1]


def get(tx: Tx, queue_id: int, delivery_id: int) -> Delivery:
    """A delivery of the queue with its body. Raises NotFound("delivery-not-found")."""
    return _get(tx, queue_id, delivery_id)


def list_page(
    tx: Tx, queue_id: int, *, before: int | None = None, state: str = "", limit: int = 50
) -> list[Delivery]:
    """The newest deliveries first, older than ``before``, without bodies."""
    found: Select[Any] = select(*_LISTED).where(_d.queue_id == queue_id)
    if before is not None:
        found = found.where(_d.id < before)
    if state:
        found = found.where(_d.state == state)
    return [Delivery(**row) for row in tx.rows(found.order_by(_d.id.desc()).limit(limit))]


def take_next(tx: Tx, queue_id: int) -> Delivery | None:
    """The oldest delivery of the queue that is due."""
    row = tx.execute(_NEXT, {"queue_id": queue_id, "now": tx.now}).first()
    return None if row is None else _delivery(row)


def drop_waiting(tx: Tx, queue_id: int, why: str) -> None:
    """Send nothing of what waits in the queue, each saying why: of many the oldest; whoever finds more calls
    again, so that no save waits for a day's backlog.
    """
    some = select(_d.id).where(_d.queue_id == queue_id, _d.state == WAITING).order_by(_d.id).limit(_AT_ONCE)
    dropping = update(webhook_deliveries).where(_d.id.in_(some), _d.state == WAITING)
    tx.execute(dropping.values(state="failed", problem=why))


def note(tx: Tx, delivery: Delivery, answer: Answer, verdict: Verdict | None = None) -> None:
    """Write down what came of handing it over; without a verdict it is not tried again."""
    is_delivered = answer.is_delivered if verdict is None else verdict.is_delivered
    is_over = verdict is None or verdict.due_at is None
    values = {
        "state": "delivered" if is_delivered else "failed" if is_over else "waiting",
        "attempts": delivery.attempts + 1,
        "due_at": tx.now if verdict is None or verdict.due_at is None else verdict.due_at,
        "sent_at": tx.now,
        "status_code": answer.status,
        "duration_ms": answer.duration_ms,
        "response": _kept(answer.response),
        "problem": _kept(answer.problem),
    }
    noting = update(webhook_deliveries).where(_d.id == delivery.id)
    if values["state"] == "waiting":  # not where the hook was switched off meanwhile
        noting = noting.where(_d.state == WAITING)
    tx.execute(noting.values(**values))


def forget_old(database: Database) -> int:
    """Forget what ended over a week ago; how many."""
    count, after = 0, 0
    while True:
        with database.read() as tx:
            page = tx.execute(_PAGE, {"after": after, "limit": _AT_ONCE}).all()
            before = tx.now - KEPT
        # Young ones may stand before old ones: what is sent again keeps its id.
        gone = [row["id"] for row in page if row["created_at"] < before and row["state"] != "waiting"]
        if gone:
            with database.write() as tx:
                count += tx.execute(_FORGET, {"ids": id_list(gone), "before": before}).rowcount
        if len(page) < _AT_ONCE:
            break
        after = page[-1]["id"]
    _forget_bodies(database)
    return count


def _forget_bodies(database: Database) -> None:
    after = 0
    while True:
        with database.write() as tx:
            page = tx.execute(
                _BODY_PAGE, {"before": tx.now - _KEPT_BODIES, "after": after, "limit": _AT_ONCE}
            ).all()
            ids = [row["id"] for row in page]
            tx.execute(_FORGET_BODIES, {"ids": id_list(ids)})
        if len(ids) < _AT_ONCE:
            return
        after = ids[-1]


def _get(tx: Tx, queue_id: int, delivery_id: int) -> Delivery:
    row = tx.execute(_ONE, {"queue_id": queue_id, "delivery_id": delivery_id}).first()
    if row is None:
        raise NotFound("delivery-not-found", f"There is no delivery {delivery_id} of this webhook any more.")
    return _delivery(row)


def _delivery(row: Mapping[str, Any]) -> Delivery:
    rest = {name: value for name, value in row.items() if name != "data"}
    if row["data"] is not None:
        return Delivery(**rest, body=zlib.decompress(row["data"]))
    return Delivery(**rest, body=msgspec.json.encode({"action": row["action"]}))


def _kept(text: str) -> str:
    """As much as is kept of what somebody else said; PostgreSQL has no NUL in its texts."""
    return text[:_LONGEST_TOLD].replace("\x00", "\ufffd")
