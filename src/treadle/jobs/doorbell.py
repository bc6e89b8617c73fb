"""How a worker hears, within 50 ms and for next to nothing, that a job may be waiting."""

from __future__ import annotations

import threading
import time
from typing import Any, Protocol

from treadle.db import Database
from treadle.jobs.rows import CHANNEL

_LOOK_INTERVAL_S = 0.05
_LISTEN_S = 0.1

# The first of two numbers of an advisory lock in PostgreSQL; the second is the worker's.
SLOT_LOCKS = 7_234_072
SLOTS = 64


class Doorbell(Protocol):
    """Wakes a worker."""

    #: The number of this worker, which no other live worker has.
    slot: int

    def wait(self, nudge: threading.Event, timeout_s: float) -> None:
        """Return when a job may be waiting, soon after a ``nudge``, or after ``timeout_s`` seconds."""

    def dead_slots(self) -> list[int]:
        """The numbers that no live worker has."""

    def close(self) -> None:
        """Give the connection back, and with it the number."""


def hang_doorbell(database: Database) -> Doorbell:
    """The doorbell for the kind of database."""
    return SqliteDoorbell(database) if database.dialect == "sqlite" else PostgresqlDoorbell(database)


class SqliteDoorbell:
    """Looks whether another connection has committed: SQLite counts that, at some microseconds a look."""

    slot = 0  # The lock on the data folder lets one worker be.

    def __init__(self, database: Database) -> None:
        self._connection = database.engine.raw_connection()
        self._seen = self._count_commits()

    def wait(self, nudge: threading.Event, timeout_s: float) -> None:
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            now = self._count_commits()
            if now != self._seen:
                self._seen = now
                return
            if nudge.wait(_LOOK_INTERVAL_S):
                return

    def dead_slots(self) -> list[int]:
        return []

    def close(self) -> None:
        self._connection.close()

    def _count_commits(self) -> int:
        cursor = self._connection.cursor()
        try:
            cursor.execute("PRAGMA data_version")
            row: Any = cursor.fetchone()
            return int(row[0])
        finally:
            cursor.close()


class PostgresqlDoorbell:
    """Listens on a channel, and holds this worker's number as a lock of the same session.

    When the session breaks, so does the hold on the number: the error ends the worker, which begins anew.
    """

    def __init__(self, database: Database) -> None:
        self._pooled = database.engine.raw_connection()
        connection: Any = self._pooled.driver_connection
        self._connection = connection
        self._connection.autocommit = True
        self.slot = self._take_slot()
        self._connection.execute(f"LISTEN {CHANNEL}")

    def wait(self, nudge: threading.Event, timeout_s: float) -> None:
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s and not nudge.is_set():
            if list(self._connection.notifies(timeout=_LISTEN_S, stop_after=1)):
                return

    def dead_slots(self) -> list[int]:
        return [slot for slot in range(SLOTS) if slot != self.slot and self._is_free(slot)]

    def close(self) -> None:
        # Not back into the pool: the session ends, and its lock with it.
        self._pooled.invalidate()

    def _take_slot(self) -> int:
        for slot in range(SLOTS):
            if self._lock(slot):
                return slot
        raise RuntimeError(f"{SLOTS} workers serve this database already; stop one of them.")

    def _is_free(self, slot: int) -> bool:
        if not self._lock(slot):
            return False
        self._connection.execute("SELECT pg_advisory_unlock(%s, %s)", (SLOT_LOCKS, slot))
        return True

    def _lock(self, slot: int) -> bool:
        cursor = self._connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (SLOT_LOCKS, slot))
        return bool(cursor.fetchone()[0])
