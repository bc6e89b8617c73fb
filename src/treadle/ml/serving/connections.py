"""HTTP/1.1 for the front: what comes over a connection becomes requests, answered in their order.

Made for short requests on connections of their own, as Label Studio sends them: the parser is compiled, an
answer is one write, and nothing is set up that a request does not need. What a public server needs beyond
that stands in front of it: TLS, and limits on who may connect.

Promises: no head, and nothing else that is no body, is held beyond 64 KB and what one read brings. A body is
taken at the pace of who reads it, and no request is answered before the answer to the one before it is taken.
Who sends or takes nothing for two minutes within a request, or half a minute between two, is let go; so is
who needs more than half a minute for a head, or two minutes for what nobody reads of a body. A body that is
read may come as slowly as it likes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from typing import cast

import httptools

from treadle.ml.serving.answers import Answer
from treadle.ml.serving.requests import Headers, Request

logger = logging.getLogger("treadle.ml")

_MOST_HEAD_BYTES = 64 * 1024
#: Of what is sent after its answer, before the connection is closed in the middle of it.
_MOST_DROPPED_BYTES = 64 * 1024 * 1024
#: Requests that wait for the one before them on the same connection.
_MOST_WAITING = 16
_IDLE_S, _HEAD_S, _SILENT_S = 30.0, 30.0, 120.0
_LOOK_EVERY_S = 5.0
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

#: None: whoever asked is gone.
Handler = Callable[[Request, "Connection"], Awaitable[Answer | None]]


class Front:
    """All connections of a server."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.connections: set[Connection] = set()
        self.is_ending = False
        self._server: asyncio.Server | None = None

    async def start(self, listening: object) -> None:
        """Take connections of a socket that listens."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), sock=listening)  # type: ignore[call-overload]
        loop.call_later(_LOOK_EVERY_S, self._look)

    async def end(self, within_s: float) -> None:
        """Take no more, and give those that are being answered so long to be."""
        self.is_ending = True
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.close_if_idle()
        tasks = [each.task for each in self.connections if each.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=within_s)
        for connection in list(self.connections):
            connection.close()

    def _look(self) -> None:
        if self.is_ending:
            return
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for connection in list(self.connections):
            connection.close_if_silent(now_s)
        loop.call_later(_LOOK_EVERY_S, self._look)


class Connection(asyncio.Protocol):
    """One connection."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        #: Of the request whose head is being read.
        self._target = b""
        self._headers: Headers = []
        #: What came since the last request or piece of a body: of a head, or of what frames a body.
        self._head_bytes = 0
        self._head_began_s = 0.0
        #: The request whose body is being read, the one that is being answered, and those behind it.
        self._incoming: Request | None = None
        self._current: Request | None = None
        self._waiting: deque[Request] = deque()
        self._dropped_bytes = 0
        self._is_paused = False
        self._is_lost = False
        #: Whether nothing more can be read; and what is said of that, once all before it is answered.
        self._is_deaf = False
        self._refusal = b""
        self._heard_s = 0.0
        self._answered_s = 0.0
        self._can_write: asyncio.Future[None] | None = None
        #: What was left of the answers when somebody looked, and when some of it had last been taken.
        self._unsent_bytes = 0
        self._taken_s = 0.0
        #: What answers the current request.
        self.task: asyncio.Task[None] | None = None

    @property
    def client(self) -> str:
        """The address of who asks, "" where it has none."""
        name = self._transport.get_extra_info("peername")
        return str(name[0]) if isinstance(name, tuple) else ""

    def close(self) -> None:
        """Close it, whatever it does."""
        self._transport.close()

    def close_if_idle(self) -> None:
        """Close it where it is between requests."""
        if self._current is None:
            self._transport.close()

    def close_if_silent(self, now_s: float) -> None:
        """Close it where nothing has come, or been taken, for long that was to be."""
        if self._takes_nothing(now_s) or (not self._is_paused and self._sends_nothing(now_s)):
            self._transport.abort()

    def _takes_nothing(self, now_s: float) -> bool:
        unsent = self._transport.get_write_buffer_size()
        if unsent != self._unsent_bytes or not unsent:
            self._unsent_bytes, self._taken_s = unsent, now_s
        return now_s - self._taken_s > _SILENT_S

    def _sends_nothing(self, now_s: float) -> bool:
        body = self._incoming
        if body is not None and body.is_dropped:
            return now_s - self._answered_s > _SILENT_S
        if body is not None:
            return body.is_awaited and now_s - self._heard_s > _SILENT_S
        if self._head_bytes:
            return self.task is None and now_s - self._head_began_s > _HEAD_S
        return self._current is None and not self._unsent_bytes and now_s - self._heard_s > _IDLE_S

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._heard_s = self._loop.time()
        self._front.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._is_lost = True
        self._front.connections.discard(self)
        self._waiting.clear()
        for request in (self._incoming, self._current):
            if request is not None:
                request.lose()
        self.resume_writing()
        # Each knows this connection: what knows each other is found by the collector alone.
        self._incoming = self._current = None
        del self._parser

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        self._heard_s = self._loop.time()
        if not self._head_bytes:
            self._head_began_s = self._heard_s
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._hear_no_more()
        except httptools.HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST, "This is no HTTP/1.1.")
            return
        if self._head_bytes > _MOST_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head of the request is too long.")
            return
        if self._incoming is not None:
            self._offer(self._incoming)
        self._set_pace()

    def pause_writing(self) -> None:
        self._can_write = self._loop.create_future()

    def resume_writing(self) -> None:
        can_write, self._can_write = self._can_write, None
        if can_write is not None and not can_write.done():
            can_write.set_result(None)

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._target, self._headers = b"", []

    def on_url(self, target: bytes) -> None:
        self._target += target

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._incoming is None:  # what stands behind a body is no part of the head, and nobody's
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        keeps_alive = parser.should_keep_alive() and parser.get_http_version() == "1.1"
        target = self._target if self._target.startswith(b"/") else _path_of(self._target)
        method = parser.get_method().decode("latin-1")
        self._head_bytes = 0
        self._incoming = Request(
            method, target, self._headers, keeps_alive=keeps_alive, set_pace=self._set_pace
        )

    def on_body(self, piece: bytes) -> None:
        self._head_bytes = 0
        request = self._incoming
        if request is None:
            return
        request.feed(piece)
        if request.is_dropped:
            self._dropped_bytes += len(piece)
            if self._dropped_bytes > _MOST_DROPPED_BYTES:
                self._transport.abort()

    def on_message_complete(self) -> None:
        request, self._incoming = self._incoming, None
        self._head_bytes = 0
        if request is None:
            return
        request.end()
        if request.is_dropped and self.task is None:
            self._answer_next()
        else:
            self._offer(request)

    # Requests in their order.

    def _offer(self, request: Request) -> None:
        """Answer it, when those before it are."""
        if self._current is None:
            self._begin(request)
        elif request is not self._current and (not self._waiting or self._waiting[-1] is not request):
            self._waiting.append(request)

    def _begin(self, request: Request) -> None:
        self._current = request
        self.task = self._loop.create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        try:
            answer = await self._front.handler(request, self)
            if answer is None or self._is_lost:
                self._transport.write(self._refusal)
                self._transport.close()
                return
            if self._front.is_ending or request.expects:
                # Who was to be told whether to send the body, and was not, may send it or leave it out.
                request.keeps_alive = False
            await self._write(request, answer)
            self._answered_s = self._loop.time()
            request.drop()
            if self._can_write is not None:
                await self._can_write
        finally:
            self.task = None
        if request.is_whole or self._is_deaf:
            self._answer_next()
        else:  # the next one stands behind its body
            self._set_pace()

    async def _write(self, request: Request, answer: Answer) -> None:
        head = _head(answer, keeps_alive=request.keeps_alive)
        if request.method == "HEAD":
            self._transport.write(head)
        elif answer.pieces is None:
            self._transport.write(head + answer.body)
        else:
            self._transport.write(head)
            await self._write_pieces(answer)

    async def _write_pieces(self, answer: Answer) -> None:
        assert answer.pieces is not None
        try:
            while piece := await asyncio.to_thread(next, answer.pieces, b""):
                if self._can_write is not None:
                    await self._can_write
                if self._is_lost:
                    return
                self._transport.write(piece)
        except OSError:
            logger.exception("An answer broke off: a file of it cannot be read")
            self._transport.abort()

    def _answer_next(self) -> None:
        if self._is_lost:
            return
        if self._current is not None and not self._current.keeps_alive:
            self._transport.close()
            return
        self._current, self._dropped_bytes, self._heard_s = None, 0, self._loop.time()
        if self._waiting:
            self._begin(self._waiting.popleft())
            self._set_pace()
        elif self._is_deaf or self._front.is_ending:
            self._transport.write(self._refusal)
            self._transport.close()

    def _hear_no_more(self) -> None:
        """Answer what was read, and close: it would become something else, which nobody here speaks."""
        self._is_deaf, self._head_bytes = True, 0
        last = self._waiting[-1] if self._waiting else self._current
        if last is None:
            self._transport.close()
        else:
            last.keeps_alive = False

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        """Answer what cannot be read, when all before it is answered, and close."""
        self._is_deaf, self._head_bytes = True, 0
        refusal = Answer(text.encode(), status, b"text/plain; charset=utf-8")
        self._refusal = _head(refusal, keeps_alive=False) + refusal.body
        broken, self._incoming = self._incoming, None
        if broken is not None:
            broken.keeps_alive = False
            broken.lose()
        if self._waiting and self._waiting[-1] is broken:
            self._waiting.pop()
        if self._current is None or (self._current is broken and self.task is None):
            self._answer_next()

    def _set_pace(self) -> None:
        """Take more, or let whoever sends wait; say that a body may come to who asked whether it may."""
        request = self._incoming
        if request is not None and request.is_awaited and request.expects:
            request.expects = False
            self._transport.write(_CONTINUE)
        is_full = len(self._waiting) >= _MOST_WAITING or (request is not None and request.is_full)
        if is_full is not self._is_paused and not self._is_lost:
            self._is_paused = is_full
            # Whoever sends was made to wait, and has all the time again.
            self._heard_s = self._head_began_s = self._loop.time()
            with suppress(RuntimeError):  # it is closing
                (self._transport.pause_reading if is_full else self._transport.resume_reading)()


def _path_of(target: bytes) -> bytes:
    """Of an address as proxies are asked it, the path with what follows; else as it is."""
    try:
        found = httptools.parse_url(target)
    except httptools.HttpParserInvalidURLError:
        return b"/" + target
    path = found.path or b"/"
    return path + b"?" + found.query if found.query else path


def _head(answer: Answer, *, keeps_alive: bool) -> bytes:
    lines = [_STATUS_LINES[answer.status], b"content-type: ", answer.kind, b"\r\n"]
    if answer.pieces is None:
        lines.append(b"content-length: %d\r\n" % len(answer.body))
    for name, value in answer.headers:
        lines += (name, b": ", value, b"\r\n")
    if not keeps_alive:
        lines.append(b"connection: close\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


_STATUS_LINES = {each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\n".encode() for each in HTTPStatus}
