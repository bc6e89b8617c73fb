"""Handlers that speak with model backends: in threads of their own, since a backend takes its time.

However many backends hang, whoever asks for something else is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import anyio
import anyio.to_thread

from treadle.learning.interactive import Interactions
from treadle.web.bodies import MAX_BODY_BYTES, read_whole
from treadle.web.call import Call
from treadle.web.routing import AnyReply, StreamHandler

_THREADS = 32


class BackendThreads:
    """The threads, and who waits for what somebody has just drawn."""

    def __init__(self) -> None:
        self.limiter = anyio.CapacityLimiter(_THREADS)
        self.interactions = Interactions()


def speaking(handler: Callable[[Call], AnyReply]) -> StreamHandler:
    """``handler`` in a thread of those that wait for backends; its route has ``stream=True``."""

    async def answer(call: Call) -> AnyReply:
        call.body = await read_whole(call.chunks(), MAX_BODY_BYTES)
        limiter = call.parts.backend_threads.limiter
        return await anyio.to_thread.run_sync(partial(handler, call), limiter=limiter)

    return answer
