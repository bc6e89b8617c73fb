"""Bodies between the event loop and a thread: a piece at a time, and no more of it in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, TimeoutError

from starlette.types import Message, Receive, Send

from treadle.errors import Invalid

_PIECE_BYTES = 1024 * 1024
#: How long a piece may take to come.
_PATIENCE_S = 60.0


class BodyCut(Exception):
    """The client went away within the body."""


class Body:
    """A body as it arrives: its beginning is taken in the event loop, the rest from a thread."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._first: list[bytes] = []
        self._is_over = True

    async def take_first(self) -> bool:
        """Take the beginning; is that all of it? A body of which none is taken is empty. Raises BodyCut."""
        self._is_over = False
        self._first = await self._take()
        return self._is_over

    def pieces(self) -> Iterator[bytes]:
        """All of it; in a thread. Raises BodyCut, Invalid("body-stalled")."""
        yield from self._first
        self._first = []
        while not self._is_over:
            taken = asyncio.run_coroutine_threadsafe(self._take(), self._loop)
            try:
                yield b"".join(taken.result(_PATIENCE_S))
            except TimeoutError as error:  # a thread is not held for who sends nothing
                taken.cancel()
                raise Invalid("body-stalled", "Nothing more came for a minute. Send it again.") from error
            except CancelledError as error:  # the server ends
                raise BodyCut from error

    async def _take(self) -> list[bytes]:
        taken, size_bytes = [], 0
        while size_bytes < _PIECE_BYTES and not self._is_over:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._is_over = True
                raise BodyCut
            if message.get("body"):
                taken.append(message["body"])
                size_bytes += len(message["body"])
            self._is_over = not message.get("more_body", False)
        return taken


async def send_pieces(pieces: Iterator[bytes], receive: Receive, send: Send, threads: Executor) -> None:
    """Send a body whose head was sent, and stop where nobody takes it any more."""
    gone = asyncio.ensure_future(_wait_until_gone(receive))
    loop = asyncio.get_running_loop()
    try:
        while not gone.done() and (piece := await loop.run_in_executor(threads, _next_piece, pieces)):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


def without_body(send: Send) -> Send:
    """Sends the head of an answer alone: what HEAD asks for."""

    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            if message.get("more_body"):
                return
            message = {"type": "http.response.body", "body": b""}
        await send(message)

    return send_head


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _next_piece(chunks: Iterator[bytes]) -> bytes:
    """The next chunk as it is where it is large, else several as one; b"" at the end."""
    taken, size_bytes = [], 0
    for chunk in chunks:
        taken.append(chunk)
        size_bytes += len(chunk)
        if size_bytes >= _PIECE_BYTES:
            break
    return taken[0] if len(taken) == 1 else b"".join(taken)
