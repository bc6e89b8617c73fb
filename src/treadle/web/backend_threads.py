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
#: The same for all that is being connected just now, which is no backend yet.
_NEW, _MOST_NEW = 0, 16


class BackendThreads:
    """The threads, and who waits for what in them."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(_THREADS, "backends")
        self.interactions = Interactions()
        self._waiting: Counter[int] = Counter()

    @contextmanager
    def waiting(self, backend_id: int) -> Iterator[None]:
        """While a request waits for a backend. For the event loop alone.

        Raises Unavailable("backend-busy").
        """
        most = _MOST_NEW if backend_id == _NEW else _MOST_WAITING
        if self._waiting[backend_id] >= most:
            text = f"{most} requests wait there already. Try again when one of them was answered."
            raise Unavailable("backend-busy", text, details={"retry_after_s": 5})
        self._waiting[backend_id] += 1
        try:
            yield
        finally:
            self._waiting[backend_id] -= 1
            if not self._waiting[backend_id]:
                del self._waiting[backend_id]


def speaking(handler: Callable[[Call], AnyReply]) -> StreamHandler:
    """``handler``, which limits its waiting itself, in a thread of those that wait for backends.

    Its route has ``stream=True``.
    """

    async def answer(call: Call) -> AnyReply:
        call.body = await read_whole(call.chunks(), MAX_BODY_BYTES)
        return await _run(handler, call)

    return answer


def waiting_for(handler: Callable[[Call], AnyReply]) -> StreamHandler:
    """As `speaking`, for a handler that waits as long as its backend may take: only some at once."""

    async def answer(call: Call) -> AnyReply:
        backend_id = call.path_int("id") if "id" in call.path_params else _NEW
        call.body = await read_whole(call.chunks(), MAX_BODY_BYTES)  # who drips it takes no place
        with call.parts.backend_threads.waiting(backend_id):
            return await _run(handler, call)

    return answer


async def _run(handler: Callable[[Call], AnyReply], call: Call) -> AnyReply:
    threads = call.parts.backend_threads.threads
    return await asyncio.get_running_loop().run_in_executor(threads, handler, call)
