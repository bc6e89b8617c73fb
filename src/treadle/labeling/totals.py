"""How many tasks a query finds, counted seldom: among a million that takes longer than a page.

Promises: of a project of fewer than `_LARGE` tasks a total is as of the answer. Of a larger one it is as
of the answer, too, where nothing was changed since it was counted or counting took less than a few
milliseconds; else it may be as old as fifty times what counting took, and never older than a minute.
The rows of a page are never old.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy.engine import Engine

from treadle.access import Grant
from treadle.db import Tx
from treadle.labeling.filters import TaskQuery, column_names
from treadle.labeling.search import Facts, Totals, count

_LARGE = 100_000  # tasks
_QUICK_S = 0.005
_PATIENCE = 50
_OLDEST_S = 60.0
_MOST = 1_000
_UNRECORDED = "draft_exists"  # a draft is no event, nor is that a task was handed to somebody


@dataclass(frozen=True)
class _Counted:
    totals: Totals
    last_event: int | None
    #: Every change of what was counted records an event.
    is_recorded: bool
    at_s: float
    took_s: float

    def is_good(self, facts: Facts, now_s: float) -> bool:
        if self.is_recorded and self.last_event == facts.last_event:
            return True
        if self.took_s < _QUICK_S:
            return False
        return now_s - self.at_s < min(_OLDEST_S, _PATIENCE * self.took_s)


class _Memory:
    """What was counted in one database, the latest `_MOST` of it."""

    def __init__(self) -> None:
        self._counted: OrderedDict[bytes, _Counted] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes) -> _Counted | None:
        with self._lock:
            return self._counted.get(key)

    def put(self, key: bytes, counted: _Counted) -> None:
        with self._lock:
            self._counted[key] = counted
            self._counted.move_to_end(key)
            if len(self._counted) > _MOST:
                self._counted.popitem(last=False)


_memories: WeakKeyDictionary[Engine, _Memory] = WeakKeyDictionary()


def count_lately(tx: Tx, grant: Grant, query: TaskQuery, facts: Facts) -> Totals:
    """How many tasks, annotations and predictions the query finds, as the module promises."""
    if facts.task_number < _LARGE or (query.is_everything and not grant.is_narrow):
        return count(tx, grant, query, facts)
    memory = _memories.setdefault(tx.connection.engine, _Memory())
    key = _key(grant, query)
    known = memory.get(key)
    start_s = time.monotonic()
    if known is not None and known.is_good(facts, start_s):
        return known.totals
    totals = count(tx, grant, query, facts)
    is_recorded = not grant.is_narrow and _UNRECORDED not in column_names(query.filters or {})
    took_s = time.monotonic() - start_s
    memory.put(key, _Counted(totals, facts.last_event, is_recorded, start_s, took_s))
    return totals


def _key(grant: Grant, query: TaskQuery) -> bytes:
    user_id = grant.actor.user_id if grant.is_narrow else None
    return msgspec.json.encode((grant.project_id, user_id, query.filters, query.selected))
