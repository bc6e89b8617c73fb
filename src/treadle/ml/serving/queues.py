"""Predictions that wait: in which order they go to a model, and which go together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from treadle.ml.serving.frames import NO_CONTEXT, PartAnswer, Project


class Group(NamedTuple):
    """What tasks must have in common to be predicted together."""

    project: Project
    version: str
    context: bytes
    settings: bytes

    @property
    def is_interactive(self) -> bool:
        """Whether somebody waits with a pen in the hand."""
        return self.context != NO_CONTEXT


@dataclass(eq=False)
class Ticket:
    """Some tasks of a request: ``tasks`` is a JSON list of ``count``."""

    group: Group
    tasks: bytes
    count: int
    queued_at_s: float
    answer: asyncio.Future[PartAnswer]


class Queue:
    """Tickets in the order in which they came, but for those that somebody draws for: these go first."""

    def __init__(self) -> None:
        self._tickets: deque[Ticket] = deque()
        self.tasks = 0

    def __len__(self) -> int:
        return len(self._tickets)

    def __iter__(self) -> Iterator[Ticket]:
        return iter(self._tickets)

    def add(self, ticket: Ticket) -> None:
        """Put a ticket into its place."""
        self.tasks += ticket.count
        if ticket.group.is_interactive:
            self._tickets.appendleft(ticket)
        else:
            self._tickets.append(ticket)

    def take(self, group: Group, size: int) -> list[Ticket]:
        """Tickets of one group, the oldest first: as many as have ``size`` tasks together, at least one."""
        taken: list[Ticket] = []
        rest: deque[Ticket] = deque()
        count = 0
        while self._tickets:
            ticket = self._tickets.popleft()
            if ticket.group != group or (taken and count + ticket.count > size):
                rest.append(ticket)
                continue
            taken.append(ticket)
            count += ticket.count
            if count >= size:
                break
        rest.extend(self._tickets)
        self._tickets = rest
        self.tasks -= count
        return taken

    def drop(self, condition: Callable[[Ticket], bool]) -> list[Ticket]:
        """Take out all that a condition holds for."""
        dropped = [ticket for ticket in self._tickets if condition(ticket)]
        if dropped:
            self._tickets = deque(ticket for ticket in self._tickets if not condition(ticket))
            self.tasks -= sum(ticket.count for ticket in dropped)
        return dropped
