"""A server whose only door is a word: who says it is let in. For tests of what lies behind the real one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import Receive, Scope, Send

from treadle.tracking.process import Tracking, Visitor

EDITOR = Visitor(1, "edit@example.com", 1, "edit", ((1, "main"), (2, "Räume")))
STRANGER = Visitor(2, "other@example.com", 2, "edit", ((2, "Räume"),))
VISITORS = {"editor": EDITOR, "stranger": STRANGER}


@dataclass(frozen=True)
class Front:
    """Where it answers, and what it asks."""

    address: str
    port: int
    tracking: Tracking
    loop: asyncio.AbstractEventLoop


@contextmanager
def open_front(tracking: Tracking, visitors: Mapping[str, Visitor] = VISITORS) -> Iterator[Front]:
    """A server on a free port, in a thread; the word is the bearer's token."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        word = dict(scope["headers"]).get(b"authorization", b"Bearer editor").decode()
        visitor = visitors[word.removeprefix("Bearer ")]
        await tracking.hand_on(scope, receive, send, visitor, path=scope["path"])

    config = uvicorn.Config(answer, port=0, log_config=None, access_log=False, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    started = threading.Event()
    found: list[Front] = []

    async def serve() -> None:
        config.load()
        loop = asyncio.get_running_loop()
        serving = asyncio.ensure_future(server._serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        found.append(Front(f"http://127.0.0.1:{port}", port, tracking, loop))
        started.set()
        await serving
        await tracking.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(20)
    try:
        yield found[0]
    finally:
        server.should_exit = True
        thread.join(20)
