"""What is only noted, such as a refusal: written in its turn, while nobody waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from treadle.db import Database, Tx
from treadle.errors import Unavailable

_LOG = logging.getLogger(__name__)

#: As many as are written within seconds, where nothing else writes.
_MOST_WAITING = 1_000


class Notes:
    """One thread that writes, and a queue with an end: a database that is busy holds up nobody else."""

    def __init__(self, database: Database, most_waiting: int = _MOST_WAITING) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(1, "notes")
        self._room = threading.Semaphore(most_waiting)
        self._lost = 0

    def add(self, write: Callable[[Tx], None]) -> None:
        """Have ``write`` called in a transaction of its own, soon; where very many wait, never."""
        if not self._room.acquire(blocking=False):
            self._lost += 1
            return
        self._thread.submit(self._write, write)

    def _write(self, write: Callable[[Tx], None]) -> None:
        self._room.release()
        lost, self._lost = self._lost, 0
        if lost:
            _LOG.warning("Refusals, or uses of tokens, are not noted: too many waited", extra={"count": lost})
        try:
            with self._database.write() as tx:
                write(tx)
        except (DBAPIError, PoolTimeoutError, Unavailable):
            _LOG.warning("A refusal, or the use of a token, was not noted: the database did not answer")
