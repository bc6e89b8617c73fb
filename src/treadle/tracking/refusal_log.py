"""Refusals at the door in the audit log: each kind once a minute, however often it happens."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from treadle.access.audit import write_audit
from treadle.db import Database
from treadle.errors import TreadleError, Unavailable

_LOG = logging.getLogger(__name__)

_WINDOW_S = 60.0
#: Of one person or address in a window; the rest is a number in the next line.
_MOST_LINES = 20
_REMEMBERED = 4096


@dataclass(frozen=True)
class Refusal:
    """What was refused to whom; ``actor_id`` is None for a stranger, who is told apart by address.

    route: as the table writes it, so that names in an address do not make a new kind of it.
    """

    error: TreadleError
    method: str
    route: str
    address: str
    actor_id: int | None = None
    #: As the request named it.
    workspace: str = ""
    #: Where somebody who may see it was refused.
    workspace_id: int | None = None

    @property
    def kind(self) -> Hashable:
        """What counts as the same again."""
        return self.error.code, self.method, self.route, self.workspace


@dataclass
class _Window:
    ends_at: float
    kinds: set[Hashable]
    left_out: int = 0


class RefusalLog:
    """Writes refusals down, for any number of threads."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: OrderedDict[Hashable, _Window] = OrderedDict()

    def note(self, refusal: Refusal) -> None:
        """One line in the audit log, unless this person had the same one, or very many, within a minute."""
        left_out = self._take_turn(refusal)
        if left_out is None:
            return
        detail = {
            "code": refusal.error.code,
            "method": refusal.method,
            "path": refusal.route,
            "workspace": refusal.workspace[:80],
            "address": refusal.address,
            "left_out": left_out,
        }
        try:
            with self._database.write() as tx:
                write_audit(
                    tx,
                    "access.refused",
                    actor_id=refusal.actor_id,
                    subject=refusal.error.message[:500],
                    workspace_id=refusal.workspace_id,
                    detail=detail,
                )
        except (DBAPIError, PoolTimeoutError, Unavailable):
            _LOG.warning("A refusal was not noted in the audit log: the database did not answer.")

    def _take_turn(self, refusal: Refusal) -> int | None:
        """How many before it were left out; None: this one is, too."""
        who = refusal.actor_id if refusal.actor_id is not None else refusal.address
        now = self._clock()
        with self._lock:
            window = self._windows.get(who)
            left_out = 0
            if window is None or window.ends_at <= now:
                left_out = window.left_out if window else 0
                window = self._windows[who] = _Window(now + _WINDOW_S, set())
                self._windows.move_to_end(who)
                while len(self._windows) > _REMEMBERED:
                    self._windows.popitem(last=False)
            if refusal.kind in window.kinds or len(window.kinds) >= _MOST_LINES:
                window.left_out += 1
                return None
            window.kinds.add(refusal.kind)
            return left_out
