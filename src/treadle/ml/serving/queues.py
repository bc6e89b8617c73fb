"""Predictions that wait: in which order they go to a model, and which go together."""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from treadle.ml.serving.frames import NO_CONTEXT, PartAnswer, Project

_BEFORE_ALL = -1


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
    #: Its place among the parts of its request, from 0.
    part: int
    queued_at_s: float
    answer: asyncio.Future[PartAnswer]
    #: Its place in the queue.
    turn: int = 0


class Queue:
    """Tickets by turns: each request has one part a turn, so that a long one keeps no short one waiting.

    A turn is over when a batch was taken. Those that somebody draws for go first.
    """

    def __init__(self) -> None:
        self._tickets: list[Ticket] = []
        self._turn = 0
        #: How many tasks wait.
        self.tasks = 0

    def __len__(self) -> int:
        return len(self._tickets)

    def __iter__(self) -> Iterator[Ticket]:
        return iter(tuple(self._tickets))

    def add(self, ticket: Ticket) -> None:
        """Put a ticket into its place."""
        ticket.turn = _BEFORE_ALL if ticket.group.is_interactive else self._turn + ticket.part
        self.tasks += ticket.count
        insort(self._tickets, ticket, key=_turn_of)

    def take(self, group: Group, size: int) -> list[Ticket]:
        """Tickets of one group in their order: as many as have ``size`` tasks together, at least one."""
        taken: list[Ticket] = []
        rest: list[Ticket] = []
        count = 0
        for number, ticket in enumerate(self._tickets):
            if ticket.group != group or (taken and count + ticket.count > size):
                rest.append(ticket)
                continue
            taken.append(ticket)
            count += ticket.count
            if count >= size:
                rest += self._tickets[number + 1 :]
                break
        self._tickets = rest
        self._turn += 1
        self.tasks -= count
        return taken

    def drop(self, condition: Callable[[Ticket], bool]) -> list[Ticket]:
        """Take out all that a condition holds for."""
        dropped = [ticket for ticket in self._tickets if condition(ticket)]
        if dropped:
            self._tickets = [ticket for ticket in self._tickets if not condition(ticket)]
            self.tasks -= sum(ticket.count for ticket in dropped)
        return dropped


def _turn_of(ticket: Ticket) -> int:
    return ticket.turn
