"""Tells of what happens, as long as the worker lives."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from treadle.db import Database
from treadle.errors import TreadleError
from treadle.webhooks.dispatching import Dispatcher
from treadle.webhooks.following import Follower, Renderer
from treadle.webhooks.receivers import Audience

logger = logging.getLogger(__name__)

_EVERY_S = 1.0


def start_telling(database: Database, renderer: Renderer, audiences: Sequence[Audience]) -> None:
    """Read events and send what is due until the process ends."""
    follower, dispatcher = Follower(database, renderer, audiences), Dispatcher(database, audiences)
    threading.Thread(target=_repeat, args=(follower, dispatcher), name="webhooks", daemon=True).start()


def _repeat(follower: Follower, dispatcher: Dispatcher) -> None:
    pause = threading.Event()
    while True:
        has_more = _look(follower, dispatcher)
        if not has_more:
            pause.wait(_EVERY_S)


def _look(follower: Follower, dispatcher: Dispatcher) -> bool:
    try:
        has_more = follower.look()
        dispatcher.look()
    except (DBAPIError, OSError, TreadleError) as error:
        logger.warning("Webhooks wait for the next look", extra={"error": str(error)})
        return False
    return has_more
