"""Interactive annotating: a backend answers to what somebody has just drawn, and only to the last of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from treadle.errors import Unavailable
from treadle.learning.connections.client import BackendClient

_Place = tuple[int, int]
#: For one backend at once; further people are told, so that threads are left for other backends.
_MOST_WAITING = 16


class Interactions:
    """Who waits for which backend just now: a request of theirs ends the one before it."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._count = 0
        self._numbers: dict[_Place, int] = {}
        self._waiting: dict[_Place, tuple[int, BackendClient]] = {}

    def begin(self, user_id: int, backend_id: int) -> int:
        """The number of a new request; one of theirs that waits for the same backend is ended.

        Raises Unavailable("backend-busy") where too many others wait for it.
        """
        place = (user_id, backend_id)
        with self._turn:
            before = self._waiting.pop(place, None)
            if before is None and sum(backend_id == other for _, other in self._waiting) >= _MOST_WAITING:
                text = f"{_MOST_WAITING} people wait for this backend already. Try again in a moment."
                raise Unavailable("backend-busy", text, details={"retry_after_s": 2})
            self._count += 1
            number = self._numbers[place] = self._count
        if before is not None:
            before[1].abort()
        return number

    @contextmanager
    def waiting(self, user_id: int, backend_id: int, number: int, client: BackendClient) -> Iterator[None]:
        """While somebody waits for what ``client`` asks by their request ``number``."""
        place = (user_id, backend_id)
        with self._turn:
            is_last = self._numbers.get(place) == number
            if is_last:
                self._waiting[place] = (number, client)
        if not is_last:
            client.abort()
        try:
            yield
        finally:
            with self._turn:
                if self._waiting.get(place, (0, client))[0] == number:
                    self._waiting.pop(place, None)
                if self._numbers.get(place) == number:
                    del self._numbers[place]
