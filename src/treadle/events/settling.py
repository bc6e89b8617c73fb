"""Which events can be read for good.

Ids are given out before a transaction is committed: on PostgreSQL an event may show after one with a higher
id. A gap among the ids is passed only when every transaction that ran when it was seen has ended: also those
of other databases of the same server, so that for somebody's hours it is not waited.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import text

from treadle.db import Tx
from treadle.events.log import Event, read_events

_OLDEST = text("SELECT txid_snapshot_xmin(txid_current_snapshot())")
_NEWEST = text("SELECT txid_snapshot_xmax(txid_current_snapshot())")
#: No transaction of ours takes so long.
_LONGEST_S = 600.0


class SettledEvents:
    """Reads events in order, leaving none out."""

    def __init__(self) -> None:
        #: By the first id that is missing: a transaction that began after it was seen so, and when that was.
        self._gaps: dict[int, tuple[int, float]] = {}

    def read(self, tx: Tx, after: int, limit: int) -> Sequence[Event]:
        """The events with an id above ``after``, before none of which another can still appear."""
        if tx.dialect == "sqlite":  # who writes next begins when this one has ended
            return read_events(tx, after, limit)
        oldest = int(tx.execute(_OLDEST).scalar_one())
        found = read_events(tx, after, limit)
        self._gaps = {missing: seen for missing, seen in self._gaps.items() if missing > after}
        wanted = after + 1
        for place, event in enumerate(found):
            if event.id > wanted and not self._is_over(tx, wanted, oldest):
                return found[:place]
            wanted = event.id + 1
        return found

    def _is_over(self, tx: Tx, missing: int, oldest: int) -> bool:
        if missing not in self._gaps:
            self._gaps[missing] = int(tx.execute(_NEWEST).scalar_one()), time.monotonic()
            return False
        later, since_s = self._gaps[missing]
        return oldest >= later or time.monotonic() - since_s > _LONGEST_S
