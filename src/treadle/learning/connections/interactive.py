"""Interactive annotating: a backend answers to what somebody has just drawn, and only to the last of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from treadle.errors import Unavailable
from treadle.learning.connections.client import BackendClient

_Place = tuple[int, int]
#: For one backend at once; further requests are told, so that threads are left for other backends.
_MOST_WAITING = 16


@dataclass(eq=False)
class Request:
    """Of somebody to a backend; the next one of theirs ends it, whatever it waits for."""

    _turn: threading.Lock
    _client: BackendClient | None = None
    _is_ended: bool = False

    def speak_by(self, client: BackendClient) -> None:
        """What waits for the backend from now on: it is ended with the request, or at once."""
        with self._turn:
            self._client, is_ended = client, self._is_ended
        if is_ended:
            client.abort()

    def end(self) -> None:
        """Let it wait no longer, from any thread."""
        with self._turn:
            self._is_ended, client = True, self._client
        if client is not None:
            client.abort()


class Interactions:
    """Who waits for which backend just now: a request of theirs ends the one before it."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._counts: dict[int, int] = {}
        self._last: dict[_Place, Request] = {}

    @contextmanager
    def waiting(self, user_id: int, backend_id: int) -> Iterator[Request]:
        """While a request of theirs is on its way; the one before it is ended.

        Raises Unavailable("backend-busy") where too many wait for the backend, for its /setup too.
        """
        place, request = (user_id, backend_id), Request(threading.Lock())
        with self._turn:
            before = self._last.get(place)
            count = self._counts.get(backend_id, 0)
            is_full = count >= _MOST_WAITING
            if not is_full:
                self._counts[backend_id], self._last[place] = count + 1, request
        if before is not None:
            before.end()
        if is_full:
            text = f"{_MOST_WAITING} requests wait for this backend already. Try again in a moment."
            raise Unavailable("backend-busy", text, details={"retry_after_s": 2})
        try:
            yield request
        finally:
            self._leave(place, request)

    def _leave(self, place: _Place, request: Request) -> None:
        with self._turn:
            self._counts[place[1]] -= 1
            if not self._counts[place[1]]:
                del self._counts[place[1]]
            if self._last.get(place) is request:
                del self._last[place]
