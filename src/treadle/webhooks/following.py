"""From the log of events to what is to be sent.

What is told is put into words when its event is read, a moment after the commit, and kept: so what is sent
again is the same, whatever became of the task since. How far was read moves in the transaction that adds
deliveries, so that a kill loses nothing and tells nothing twice.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import bindparam, select, update

from treadle import events
from treadle.db import Database, Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import projects
from treadle.db.webhook_tables import webhook_position
from treadle.errors import TreadleError
from treadle.events import Event
from treadle.events.settling import SettledEvents
from treadle.webhooks import deliveries
from treadle.webhooks.receivers import Audience, Receiver

logger = logging.getLogger(__name__)

_EVENTS = "events"
WHOLE = -1
_AT_ONCE = 500
#: So much is written in one transaction, which saves may have to wait for.
_BATCH_BYTES = 1024**2
_BATCH_ROWS = 1_000
#: So many events that nobody is told of are passed over for good.
_PASSED = 2_000

_c = webhook_position.c
_PLACE = Prepared(select(_c.event_id, _c.part).where(_c.follower == _EVENTS))
_MOVE = Prepared(
    update(webhook_position)
    .where(_c.follower == _EVENTS, _c.event_id == bindparam("was_event"), _c.part == bindparam("was_part"))
    .values(event_id=bindparam("to_event"), part=bindparam("to_part"))
)
_WORKSPACES = Prepared(select(projects.c.id, projects.c.workspace_id).where(one_of(projects.c.id, "ids")))


@dataclass(frozen=True)
class Position:
    """How far the events were told. part: of an event in several parts the last one; `WHOLE`: all of it."""

    event_id: int
    part: int = WHOLE

    @property
    def rank(self) -> tuple[int, float]:
        """By which the later of two is the greater."""
        return self.event_id, math.inf if self.part == WHOLE else self.part


@dataclass(frozen=True)
class Worded:
    """An event, or a part of one, in words. part: the number to go on behind; `WHOLE` where it is all."""

    action: str
    body: bytes
    part: int = WHOLE


class Renderer(Protocol):
    """Puts events into words."""

    def action_of(self, event: Event) -> str | None:
        """The action that it is told as; None where it is not told at all."""

    def render(self, tx: Tx, event: Event, after: int) -> Iterator[Worded]:
        """Its parts behind ``after``, or all for `WHOLE`; none where what it tells of is gone."""


@dataclass
class _Batch:
    """What one transaction is to write."""

    place: Position
    told: list[tuple[Event, Worded, Sequence[Receiver]]] = field(default_factory=list)
    size_bytes: int = 0
    rows: int = 0

    @property
    def is_full(self) -> bool:
        return self.size_bytes >= _BATCH_BYTES or self.rows >= _BATCH_ROWS

    def add(self, event: Event, told: Worded, receivers: Sequence[Receiver]) -> None:
        self.told.append((event, told, receivers))
        self.size_bytes += len(told.body)
        self.rows += len(receivers)
        self.place = Position(event.id, told.part)


class Follower:
    """Reads what happened since it last did, and lets it be sent to who is told of it."""

    def __init__(self, database: Database, renderer: Renderer, audiences: Sequence[Audience]) -> None:
        self._database = database
        self._renderer = renderer
        self._audiences = audiences
        self._events = SettledEvents()
        #: Events up to here concern nobody, behind the place that is written down.
        self._seen = Position(0)

    def look(self) -> bool:
        """Do a part of what there is to do; whether there may be more."""
        with self._database.read() as tx:
            is_idle = not self._ahead(tx, self._start(_place(tx)))
        if is_idle:  # who there is to tell is not asked before there is something to tell
            return False
        for audience in self._audiences:
            audience.enrol(self._database)
        with self._database.read() as tx:
            written = _place(tx)
            start = self._start(written)
            found = self._ahead(tx, start)
            receivers = [each for audience in self._audiences for each in audience.list_receivers(tx)]
            batch = self._gather(tx, start, found, receivers)
        if batch.told or batch.place.event_id - written.event_id > _PASSED:
            self._write(written, batch)
        else:
            self._seen = batch.place
        return batch.place.rank > start.rank

    def _start(self, written: Position) -> Position:
        return max(written, self._seen, key=lambda place: place.rank)

    def _ahead(self, tx: Tx, start: Position) -> list[tuple[Event, int]]:
        """Events to be told, each with the part behind which to go on."""
        begun = [] if start.part == WHOLE else events.read_events(tx, start.event_id - 1, 1)
        rest = self._events.read(tx, start.event_id, _AT_ONCE)
        return [*((event, start.part) for event in begun), *((event, WHOLE) for event in rest)]

    def _gather(
        self, tx: Tx, start: Position, found: Sequence[tuple[Event, int]], receivers: Sequence[Receiver]
    ) -> _Batch:
        batch = _Batch(start)
        workspaces = _workspaces(tx, [event for event, _after in found]) if receivers else {}
        for event, after in found:
            wanting = self._wanting(event, workspaces, receivers)
            for told in self._render(tx, event, after) if wanting else ():
                batch.add(event, told, wanting)
                if batch.is_full:
                    return batch
            batch.place = Position(event.id)
        return batch

    def _render(self, tx: Tx, event: Event, after: int) -> Iterator[Worded]:
        """Its parts; one event that cannot be put into words does not keep all others from being told."""
        try:
            yield from self._renderer.render(tx, event, after)
        except (TreadleError, ValueError, TypeError, LookupError):
            logger.exception("An event is not told", extra={"event": event.id, "kind": event.kind})

    def _wanting(
        self, event: Event, workspaces: dict[int, int], receivers: Sequence[Receiver]
    ) -> list[Receiver]:
        action = self._renderer.action_of(event)
        if action is None or event.project_id is None or event.project_id not in workspaces:
            return []
        place = {"workspace_id": workspaces[event.project_id], "project_id": event.project_id}
        return [each for each in receivers if each.wants(action, **place, at=event.at)]

    def _write(self, written: Position, batch: _Batch) -> None:
        with self._database.write() as tx:
            if not _move(tx, written, batch.place):
                return  # another worker did it
            rows: list[dict[str, Any]] = []
            for event, told, receivers in batch.told:
                rows += _rows(tx, event, told, receivers)
            if rows:
                deliveries.add(tx, rows)


def _rows(tx: Tx, event: Event, told: Worded, receivers: Sequence[Receiver]) -> list[dict[str, Any]]:
    body_id = None
    if any(each.wants_payload for each in receivers):
        body_id = deliveries.add_body(tx, event_id=event.id, part=told.part, body=told.body)
    shared = {"event_id": event.id, "part": told.part, "action": told.action, "project_id": event.project_id}
    return [
        {**shared, "queue_id": each.queue_id, "body_id": body_id if each.wants_payload else None}
        for each in receivers
    ]


def _place(tx: Tx) -> Position:
    row = tx.execute(_PLACE, {}).one()
    return Position(row["event_id"], row["part"])


def _move(tx: Tx, was: Position, to: Position) -> bool:
    wanted = {"was_event": was.event_id, "was_part": was.part, "to_event": to.event_id, "to_part": to.part}
    return tx.execute(_MOVE, wanted).rowcount == 1


def _workspaces(tx: Tx, found: Sequence[Event]) -> dict[int, int]:
    ids = {event.project_id for event in found if event.project_id is not None}
    return {row["id"]: row["workspace_id"] for row in tx.rows(_WORKSPACES, {"ids": id_list(sorted(ids))})}
