"""Credentials that were wrong, counted, so that a client that sends one again and again costs little."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

from treadle.errors import Unavailable

_WINDOW_S = 60.0
#: Of one credential: a notebook that retries, and no more.
_MOST_OF_ONE = 10
#: Of all from one address, behind which may be many people.
_MOST_OF_ADDRESS = 200
_REMEMBERED = 10_000


class WrongCredentials:
    """Counts by credential and by address in this process; what is over the limit is told so for a minute.

    A credential is looked up however many others of its address were wrong: that costs next to nothing, and
    many clients behind a proxy that nobody named have one address. Only a wrong one is told to wait for them.
    Credentials are given as what cannot be turned back into them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()

    def check(self, credential: Hashable) -> None:
        """Before it is looked up. Raises Unavailable("too-many-attempts") with the seconds to wait."""
        with self._lock:
            wait_s = self._wait_s(("credential", credential), _MOST_OF_ONE)
        if wait_s > 0:
            raise _too_many(wait_s)

    def add_wrong(self, credential: Hashable, address: str) -> None:
        """It was looked up, and nobody holds it.

        Raises Unavailable("too-many-attempts") where very many from there were wrong; then it is not counted.
        """
        with self._lock:
            wait_s = self._wait_s(("address", address), _MOST_OF_ADDRESS)
            if wait_s <= 0:
                self._count(("credential", credential))
                self._count(("address", address))
        if wait_s > 0:
            raise _too_many(wait_s)

    def add_right(self, credential: Hashable) -> None:
        """It was looked up, and somebody holds it."""
        with self._lock:
            self._counts.pop(("credential", credential), None)

    def _wait_s(self, key: Hashable, most: int) -> float:
        count, since = self._counts.get(key, (0, 0.0))
        return since + _WINDOW_S - self._clock() if count >= most else 0.0

    def _count(self, key: Hashable) -> None:
        now = self._clock()
        count, since = self._counts.pop(key, (0, now))
        if now - since > _WINDOW_S:
            count, since = 0, now
        self._counts[key] = (count + 1, since)
        while len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)


def _too_many(wait_s: float) -> Unavailable:
    seconds = int(wait_s) + 1
    text = f"Too many requests with a wrong token or password. Mend it, and try again in {seconds} s."
    return Unavailable("too-many-attempts", text, details={"retry_after_s": seconds})
