"""What is only noted, such as a refusal: written in its turn, while nobody waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor

from sqlalchemy.exc import DBAPIError, IntegrityError
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
        self._waiting: set[Hashable] = set()

    def add(self, write: Callable[[Tx], None]) -> None:
        """Have ``write`` called in a transaction of its own, soon; where very many wait, never."""
        self._add(write, None)

    def add_once(self, what: Hashable, write: Callable[[Tx], None]) -> None:
        """The same, unless the last such note of ``what`` still waits."""
        if what not in self._waiting:
            self._waiting.add(what)
            self._add(write, what)

    def _add(self, write: Callable[[Tx], None], what: Hashable) -> None:
        if not self._room.acquire(blocking=False):
            self._lost += 1
            self._waiting.discard(what)
            return
        self._thread.submit(self._write, write, what).add_done_callback(_tell_defect)

    def _write(self, write: Callable[[Tx], None], what: Hashable) -> None:
        self._room.release()
        self._waiting.discard(what)
        lost, self._lost = self._lost, 0
        if lost:
            _LOG.warning("Refusals, or uses of tokens, are not noted: too many waited", extra={"count": lost})
        try:
            with self._database.write() as tx:
                write(tx)
        except IntegrityError:
            _LOG.warning(
                "A refusal, or the use of a token, was not noted: whose it was is gone", exc_info=True
            )
        except (DBAPIError, PoolTimeoutError, Unavailable):
            _LOG.warning("A refusal, or the use of a token, was not noted: the database did not answer")


def _tell_defect(written: Future[None]) -> None:
    error = written.exception()
    if error is not None:
        _LOG.error("A refusal, or the use of a token, was not noted, by a defect", exc_info=error)
