"""Whether the process can serve: what it needs is tried, seldom enough that probes cost nothing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from treadle.db import Database
from treadle.db.migrate import load_migrations
from treadle.errors import TreadleError
from treadle.jobs.liveness import is_worker_alive
from treadle.objects import ObjectStore
from treadle.settings import Settings

logger = logging.getLogger(__name__)

_KEY = "checks/ready"
_SCHEMA = text("SELECT max(number) FROM schema_migrations")
_FAULTS = (DBAPIError, PoolTimeoutError, TreadleError, OSError)


#: What takes longer to answer than this is not there.
_PATIENCE_S = 10.0


@dataclass
class _Check:
    """A question whose answer is kept for a while, and that one thread at a time waits for."""

    ask: Callable[[], str]
    kept_s: float
    _answer: str = "It was not tried yet."
    _answered_at_s: float | None = None
    #: Since when a thread waits for an answer.
    _asking_since_s: float | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def problem(self) -> str:
        """Empty: there is none.

        While another thread waits for an answer, the one before counts: probes of what hangs are not to
        take every thread that answers requests.
        """
        if not self._turn.acquire(blocking=False):
            since_s = self._asking_since_s
            hangs = since_s is not None and time.monotonic() - since_s > _PATIENCE_S
            return "It does not answer." if hangs else self._answer
        try:
            if self._answered_at_s is None or time.monotonic() - self._answered_at_s > self.kept_s:
                self._asking_since_s = time.monotonic()
                self._answer = self._try()
                self._answered_at_s = time.monotonic()
            return self._answer
        finally:
            self._asking_since_s = None
            self._turn.release()

    def _try(self) -> str:
        try:
            return self.ask()
        except _FAULTS as error:
            return str(error).partition("\n")[0] or type(error).__name__


class Readiness:
    """What must be there for requests to be answered, and the worker, without which jobs wait."""

    def __init__(self, settings: Settings, database: Database, objects: ObjectStore) -> None:
        self._settings = settings
        self._database = database
        self._objects = objects
        self._checks = {
            "database": _Check(self._ask_database, 2.0),
            "migrations": _Check(self._ask_migrations, 2.0),
            # It writes an object, which costs a little in a bucket.
            "objects": _Check(self._ask_objects, 60.0 if settings.objects_url else 10.0),
            "worker": _Check(self._ask_worker, 2.0),
        }
        self._told: dict[str, str] = {}

    def problems(self) -> dict[str, str]:
        """By check what is wrong, in words for the log alone; empty where nothing is."""
        found = {name: check.problem() for name, check in self._checks.items()}
        self._tell(found)
        return found

    def _tell(self, found: dict[str, str]) -> None:
        """Once, when it changes."""
        for name, problem in found.items():
            if problem and self._told.get(name) != problem:
                logger.warning("Not ready: %s", name, extra={"problem": problem})
        self._told = found

    def _ask_database(self) -> str:
        with self._database.peek() as tx:
            tx.execute(_SCHEMA).scalar()
        return ""

    def _ask_migrations(self) -> str:
        with self._database.peek() as tx:
            found = tx.execute(_SCHEMA).scalar()
        newest = _newest(self._database.dialect)
        return "" if found == newest else f"The database has schema {found} and this Treadle {newest}."

    def _ask_objects(self) -> str:
        self._objects.put(_KEY, [b"ready"])
        return ""

    def _ask_worker(self) -> str:
        with self._database.peek() as tx:
            return "" if is_worker_alive(tx, self._settings) else "No worker runs: jobs wait."


@lru_cache(maxsize=2)
def _newest(dialect: str) -> int:
    return load_migrations("sqlite" if dialect == "sqlite" else "postgresql")[-1].number
