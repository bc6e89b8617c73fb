"""Who is told of what happens, and how something is handed to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

from treadle.db import Database, Tx
from treadle.webhooks.actions import OF_WORKSPACE

#: Nobody took it, and nobody would take another: whoever is there is away, or too busy.
_AWAY = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


@dataclass(frozen=True)
class Receiver:
    """Somebody who is told. since: of what happened before they are not.  actions: None for all.

    project_id: None for every project of the workspace.
    """

    queue_id: int
    workspace_id: int
    project_id: int | None
    since: datetime
    actions: frozenset[str] | None
    wants_payload: bool = True

    def wants(self, action: str, *, workspace_id: int, project_id: int, at: datetime) -> bool:
        """Whether they are told that this happened there and then."""
        if at < self.since or workspace_id != self.workspace_id:
            return False
        if self.project_id is not None and (project_id != self.project_id or action in OF_WORKSPACE):
            return False
        return self.actions is None or action in self.actions


@dataclass(frozen=True)
class Parcel:
    """What is handed over. body: JSON.  attempt: from 1."""

    delivery_id: int
    #: The same however often, and by which delivery, it is sent; "": a test.
    event: str
    action: str
    body: bytes
    attempt: int


@dataclass(frozen=True)
class Answer:
    """What came of handing it over. status: None where there was no answer.  response: how it begins."""

    status: int | None = None
    response: str = ""
    problem: str = ""
    duration_ms: int = 0
    retry_after_s: float | None = None
    #: It was taken, though nobody said so.
    is_taken: bool = False
    #: It was heard, and would do harm a second time, whatever came of the first.
    is_final: bool = False

    @property
    def is_delivered(self) -> bool:
        """Whether it need not be sent again."""
        return self.is_taken or (self.status is not None and 200 <= self.status < 300)

    @property
    def is_away(self) -> bool:
        """Whether the next parcel would fare no better."""
        return not (self.is_delivered or self.is_final) and (self.status is None or self.status in _AWAY)


@dataclass(frozen=True)
class Way:
    """A way to a receiver. most_s: how long handing something over takes at most."""

    send: Callable[[Parcel], Answer]
    most_s: float


@dataclass(frozen=True)
class Queue:
    """What waits for one receiver."""

    id: int
    webhook_id: int | None
    backend_id: int | None
    failures: int
    failing_since: datetime | None


class Audience(Protocol):
    """Receivers of one kind: webhooks, or the backends of projects."""

    def enrol(self, database: Database) -> None:
        """Give each receiver that has none a queue."""

    def list_receivers(self, tx: Tx) -> list[Receiver]:
        """Who is to be told now."""

    def open_way(self, tx: Tx, queue: Queue) -> Way | None:
        """The way to the queue's receiver; None where it is none of these, or is told nothing now."""

    def give_up(self, tx: Tx, queue: Queue) -> None:
        """Tell a receiver that took nothing for days nothing any more, if that is for us to decide."""
