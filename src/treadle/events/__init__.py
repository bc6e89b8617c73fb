"""The log of what happened, written in the transaction of the change.

Promises: an event is there exactly when its change is. Followers read it after the commit, in the
order of ids, and must bear reading one twice.
"""

from __future__ import annotations

from treadle.events.log import Event, read_events, record

__all__ = ["Event", "read_events", "record"]
