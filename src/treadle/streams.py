"""Bodies between the event loop and a thread: a piece at a time, and no more of it in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, TimeoutError

from starlette.types import Message, Receive, Send

from treadle.errors import Invalid

_PIECE_BYTES = 1024 * 1024
#: How long a body may stand still.
STALL_S = 60.0
#: How long a piece may take to come, be it byte by byte: a thread waits for it.
_PIECE_S = 600.0
#: How long a client may take nothing.
TAKE_S = 300.0


class BodyCut(Exception):
    """The client went away within the body."""


def stalled() -> Invalid:
    """The error of a body that stands still."""
    return Invalid("body-stalled", "Nothing more of the body came for a minute. Send it again.")


class Patience:
    """Ends what is awaited inside the block, with asyncio.TimeoutError, when it has stood still for so long.

    It costs a timer; `asyncio.wait_for` would cost a task for each wait.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._is_over = False

    def __enter__(self) -> Patience:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._loop = asyncio.get_running_loop()
        self.renew()
        self._timer = self._loop.call_later(self._seconds, self._look)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._timer.cancel()
        if self._is_over and kind is asyncio.CancelledError:
            getattr(self._task, "uncancel", int)()  # from Python 3.11 on it is counted
            raise asyncio.TimeoutError

    def renew(self) -> None:
        """Something has moved."""
        self._since_s = self._loop.time()

    def _look(self) -> None:
        left_s = self._since_s + self._seconds - self._loop.time()
        if left_s > 0:
            self._timer = self._loop.call_later(left_s, self._look)
        else:
            self._is_over = self._task.cancel()


class Body:
    """A body as it arrives: its beginning is taken in the event loop, the rest from a thread."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._first: list[bytes] = []
        self._is_over = True
        self._has_stalled = False

    async def take_first(self) -> bool:
        """Take the beginning; is that all of it? A body of which none is taken is empty. Raises BodyCut."""
        self._is_over = False
        try:
            self._first = await self._take()
        except Invalid:
            self._has_stalled = True  # told where all errors are, by whoever takes the pieces
        return self._is_over

    def pieces(self) -> Iterator[bytes]:
        """All of it; in a thread. Raises BodyCut, Invalid("body-stalled")."""
        if self._has_stalled:
            raise stalled()
        yield from self._first
        self._first = []
        while not self._is_over:
            taken = asyncio.run_coroutine_threadsafe(self._take(), self._loop)
            try:
                yield b"".join(taken.result(_PIECE_S))
            except TimeoutError as error:  # a thread is not held for who sends next to nothing
                taken.cancel()
                raise stalled() from error
            except CancelledError as error:  # the server ends
                raise BodyCut from error

    async def _take(self) -> list[bytes]:
        try:
            with Patience(STALL_S) as patience:
                return await self._take_piece(patience)
        except asyncio.TimeoutError as error:
            self._is_over = True
            raise stalled() from error

    async def _take_piece(self, patience: Patience) -> list[bytes]:
        taken, size_bytes = [], 0
        while size_bytes < _PIECE_BYTES and not self._is_over:
            message = await self._receive()
            patience.renew()
            if message["type"] == "http.disconnect":
                self._is_over = True
                raise BodyCut
            if message.get("body"):
                taken.append(message["body"])
                size_bytes += len(message["body"])
            self._is_over = not message.get("more_body", False)
        return taken


async def send_pieces(pieces: Iterator[bytes], receive: Receive, send: Send, threads: Executor) -> None:
    """Send a body whose head was sent, and stop where nobody takes it any more.

    Of one that is not taken for a while the rest is left out, so that its connection ends.
    """
    gone = asyncio.ensure_future(_wait_until_gone(receive))
    loop = asyncio.get_running_loop()
    try:
        while not gone.done() and (piece := await loop.run_in_executor(threads, _next_piece, pieces)):
            with Patience(TAKE_S):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except asyncio.TimeoutError:
        return
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
