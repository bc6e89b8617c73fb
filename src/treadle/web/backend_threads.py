"""Handlers that speak with model backends: in threads of their own, since a backend takes its time.

However many backends hang, whoever asks for something else is answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from treadle.learning.connections.interactive import Interactions
from treadle.web.bodies import MAX_BODY_BYTES, read_whole
from treadle.web.call import Call
from treadle.web.routing import AnyReply, StreamHandler

_THREADS = 32


class BackendThreads:
    """The threads, and who waits for what somebody has just drawn."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(_THREADS, "backends")
        self.interactions = Interactions()


def speaking(handler: Callable[[Call], AnyReply]) -> StreamHandler:
    """``handler`` in a thread of those that wait for backends; its route has ``stream=True``."""

    async def answer(call: Call) -> AnyReply:
        call.body = await read_whole(call.chunks(), MAX_BODY_BYTES)
        threads = call.parts.backend_threads.threads
        return await asyncio.get_running_loop().run_in_executor(threads, handler, call)

    return answer
