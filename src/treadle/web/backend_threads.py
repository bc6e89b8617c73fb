"""Handlers that speak with model backends: in threads of their own, since a backend takes its time.

However many backends hang, whoever asks for something else is answered: each backend has a share of the
threads, and who comes when that is taken is told to come again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from treadle.errors import Unavailable
from treadle.learning.connections.interactive import Interactions
from treadle.web.bodies import MAX_BODY_BYTES, read_whole
from treadle.web.call import Call
from treadle.web.routing import AnyReply, StreamHandler

_THREADS = 64
#: Requests that wait for one backend as long as it takes; those of who draws are counted beside them.
_MOST_WAITING = 4
#: All that is being connected just now, which is no backend yet.
_NEW = "new"


class BackendThreads:
    """The threads, and who waits for what in them."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(_THREADS, "backends")
        self.interactions = Interactions()
        self._waiting: Counter[str] = Counter()

    @contextmanager
    def waiting(self, backend: str) -> Iterator[None]:
        """While a request waits for a backend. For the event loop alone.

        Raises Unavailable("backend-busy").
        """
        if self._waiting[backend] >= _MOST_WAITING:
            text = f"{_MOST_WAITING} requests wait for this backend already. Try again when it has answered."
            raise Unavailable("backend-busy", text, details={"retry_after_s": 5})
        self._waiting[backend] += 1
        try:
            yield
        finally:
            self._waiting[backend] -= 1
            if not self._waiting[backend]:
                del self._waiting[backend]


def speaking(handler: Callable[[Call], AnyReply]) -> StreamHandler:
    """``handler``, which limits its waiting itself, in a thread of those that wait for backends.

    Its route has ``stream=True``.
    """

    async def answer(call: Call) -> AnyReply:
        call.body = await read_whole(call.chunks(), MAX_BODY_BYTES)
        threads = call.parts.backend_threads.threads
        return await asyncio.get_running_loop().run_in_executor(threads, handler, call)

    return answer


def waiting_for(handler: Callable[[Call], AnyReply]) -> StreamHandler:
    """As `speaking`, for a handler that waits as long as its backend may take: only some at once."""
    speak = speaking(handler)

    async def answer(call: Call) -> AnyReply:
        with call.parts.backend_threads.waiting(call.path_params.get("id", _NEW)):
            return await speak(call)

    return answer
