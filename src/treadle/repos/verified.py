"""Which pieces of stored objects were found whole a short while ago."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from treadle.repos.shelf import Stamp

#: Bytes that rot where they lie are found by the next reader after so long.
_KEPT_S = 60.0
_MOST = 16_384


@dataclass
class _Found:
    stamp: Stamp
    pieces: int  # one bit for each
    until_s: float


class Verified:
    """What was verified last; for any number of threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, _Found] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, key: str, stamp: Stamp, pieces: range) -> None:
        """These pieces of the object were whole; the stamp was taken before they were read."""
        now_s = self._clock()
        with self._lock:
            found = self._kept.get(key)
            if found is None or found.stamp != stamp or found.until_s < now_s:
                found = self._kept[key] = _Found(stamp, 0, now_s + _KEPT_S)
            found.pieces |= _bits(pieces)
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)

    def stamp(self, key: str, pieces: range) -> Stamp | None:
        """The stamp with which all these pieces are whole; None where one was not looked at lately."""
        found = self._kept.get(key)
        if found is None or found.until_s < self._clock():
            return None
        wanted = _bits(pieces)
        return found.stamp if found.pieces & wanted == wanted else None


def _bits(pieces: range) -> int:
    return (1 << pieces.stop) - (1 << pieces.start)
