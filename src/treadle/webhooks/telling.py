"""Tells of what happens, as long as the worker lives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from treadle.db import Database
from treadle.events.repeating import outliving, start_repeating
from treadle.webhooks.dispatching import Dispatcher
from treadle.webhooks.following import Follower, Renderer
from treadle.webhooks.receivers import Audience

_EVERY_S = 1.0


def start_telling(database: Database, renderer: Renderer, audiences: Sequence[Audience]) -> None:
    """Read events and send what is due until the process ends."""
    follower, dispatcher = Follower(database, renderer, audiences), Dispatcher(database, audiences)
    start_repeating("webhooks", _EVERY_S, partial(_look, follower, dispatcher))


def _look(follower: Follower, dispatcher: Dispatcher) -> None:
    """Read what there is, and send meanwhile; what cannot be read keeps nothing else from being sent."""
    has_more = True
    while has_more:
        has_more = False
        with outliving("webhooks"):
            has_more = follower.look()
        dispatcher.look()
