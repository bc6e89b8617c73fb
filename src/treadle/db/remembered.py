"""What was found in the database, until anything in it changes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")
#: What hangs on the clock as well is found anew so often.
_KEPT_S = 10.0


class Remembered(Generic[Value]):
    """The values found last, each with the `Database.version` from before it was looked for.

    A value is given as long as the version is still that one: it is what a look would find now.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[int, float, Value]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, version: int | None) -> Value | None:
        """What was kept under the key at this version; None for no version."""
        kept = self._kept.get(key)
        if kept is None or kept[0] != version or kept[1] < time.monotonic():
            return None
        return kept[2]

    def keep(self, key: Hashable, value: Value, version: int | None) -> None:
        """Keep what was looked for after the version was read; nothing for no version."""
        if version is None:
            return
        with self._lock:
            self._kept[key] = (version, time.monotonic() + _KEPT_S, value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
