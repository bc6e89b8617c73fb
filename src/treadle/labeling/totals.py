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
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy.engine import Engine

from treadle.access import Grant
from treadle.db import Tx
from treadle.labeling import predictions
from treadle.labeling.filters import TaskQuery, column_names
from treadle.labeling.search import Facts, Totals, count, read_facts

T = TypeVar("T")

_LARGE = 100_000  # tasks, or predictions
_QUICK_S = 0.005
_PATIENCE = 50
_OLDEST_S = 60.0
_MOST = 1_000
_UNRECORDED = "draft_exists"  # a draft is no event, nor is that a task was handed to somebody


@dataclass(frozen=True)
class _Counted:
    value: Any
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

    def count(
        self, key: bytes, facts: Facts, count: Callable[[], T], *, is_recorded: bool, is_anew: bool = False
    ) -> T:
        """What was counted under the key, or else is now."""
        start_s = time.monotonic()
        with self._lock:
            known = self._counted.get(key)
        if known is not None and not is_anew and known.is_good(facts, start_s):
            value: T = known.value
            return value
        value = count()
        took_s = time.monotonic() - start_s
        with self._lock:
            self._counted[key] = _Counted(value, facts.last_event, is_recorded, start_s, took_s)
            self._counted.move_to_end(key)
            if len(self._counted) > _MOST:
                self._counted.popitem(last=False)
        return value


_memories: WeakKeyDictionary[Engine, _Memory] = WeakKeyDictionary()


def count_lately(tx: Tx, grant: Grant, query: TaskQuery, facts: Facts, *, is_anew: bool = False) -> Totals:
    """How many tasks, annotations and predictions the query finds, as the module promises.

    ``is_anew``: for one who just changed many of them and wants to see it.
    """
    if facts.task_number < _LARGE or (query.is_everything and not grant.is_narrow):
        return count(tx, grant, query, facts)
    user_id = grant.actor.user_id if grant.is_narrow else None
    key = msgspec.json.encode((grant.project_id, user_id, query.filters, query.selected))
    is_recorded = not grant.is_narrow and _UNRECORDED not in column_names(query.filters or {})
    counting = partial(count, tx, grant, query, facts)
    return _memory_of(tx).count(key, facts, counting, is_recorded=is_recorded, is_anew=is_anew)


def list_versions_lately(tx: Tx, grant: Grant) -> list[str]:
    """The model versions of the project's predictions, the newest first, as the module promises."""
    assert grant.project_id is not None
    facts = read_facts(tx, grant)
    listing = partial(_list_versions, tx, grant.project_id)
    if facts.total_predictions < _LARGE:
        return listing()
    key = msgspec.json.encode(("versions", grant.project_id))
    return _memory_of(tx).count(key, facts, listing, is_recorded=True)


def _list_versions(tx: Tx, project_id: int) -> list[str]:
    return list(predictions.count_versions(tx, project_id))


def _memory_of(tx: Tx) -> _Memory:
    return _memories.setdefault(tx.connection.engine, _Memory())
