"""HTTP/1.1 for the front: what comes over a connection becomes requests, answered in their order.

Made for short requests on connections of their own, as Label Studio sends them: the parser is compiled, an
answer is one write, and nothing is set up that a request does not need. What a public server needs beyond
that stands in front of it: TLS, and limits on who may connect.

Promises: no head grows beyond 64 KB; a body is taken at the pace of who reads it; who sends nothing for two
minutes within a request, or half a minute between two, is let go.
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
_IDLE_S, _SILENT_S = 30.0, 120.0
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
        self._head_bytes = 0
        #: The request whose body is being read, the one that is being answered, and those behind it.
        self._incoming: Request | None = None
        self._current: Request | None = None
        self._waiting: deque[Request] = deque()
        self._dropped_bytes = 0
        self._is_paused = False
        self._is_lost = False
        #: What is said of what could not be read, once all before it is answered.
        self._refusal = b""
        self._heard_s = 0.0
        self._can_write: asyncio.Future[None] | None = None
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
        """Close it where nothing has come for long that was to come."""
        silent_s = now_s - self._heard_s
        is_between = self._current is None and self._incoming is None and not self._head_bytes
        body = self._incoming
        is_slow = body is not None and (self._current is None or body.is_awaited or body.is_dropped)
        if (is_between and silent_s > _IDLE_S) or (
            (is_slow or self._head_bytes) and silent_s > _SILENT_S and not self._is_paused
        ):
            self._transport.abort()

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
        self._heard_s = self._loop.time()
        if self._incoming is None:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Whatever it would become, it stays what it is; nothing that follows can be read.
            self._let_close()
        except httptools.HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST, "This is no HTTP/1.1.")
            return
        if self._incoming is not None:
            self._offer(self._incoming)
        elif self._head_bytes > _MOST_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head of the request is too long.")
            return
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
        if request is None:
            return
        request.end()
        if request.is_dropped:
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
            request.keeps_alive = request.keeps_alive and not self._front.is_ending
            head = _head(answer, keeps_alive=request.keeps_alive)
            if request.method == "HEAD":
                self._transport.write(head)
            elif answer.pieces is None:
                self._transport.write(head + answer.body)
            else:
                self._transport.write(head)
                await self._write_pieces(answer)
        finally:
            self.task = None
        request.drop()
        if request.is_whole:
            self._answer_next()
        else:  # the next one stands behind its body
            self._set_pace()

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
        if self._current is not None and not self._current.keeps_alive:
            self._transport.close()
            return
        self._current, self._dropped_bytes, self._heard_s = None, 0, self._loop.time()
        if self._waiting:
            self._begin(self._waiting.popleft())
            self._set_pace()
        elif self._front.is_ending:
            self._transport.close()

    def _let_close(self) -> None:
        for request in (*self._waiting, self._incoming, self._current):
            if request is not None:
                request.keeps_alive = False

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        """Answer what cannot be read, and close; where another is being answered, after that."""
        refusal = Answer(text.encode(), status, b"text/plain; charset=utf-8")
        self._refusal = _head(refusal, keeps_alive=False) + refusal.body
        if self._current is None:
            self._transport.write(self._refusal)
            self._transport.close()
            return
        self._let_close()
        self._waiting.clear()
        if self._incoming is not None:
            self._incoming.lose()

    def _set_pace(self) -> None:
        """Take more, or let whoever sends wait; say that a body may come to who asked whether it may."""
        request = self._incoming
        if request is not None and request.is_awaited and request.expects:
            request.expects = False
            self._transport.write(_CONTINUE)
        is_full = len(self._waiting) >= _MOST_WAITING or (request is not None and request.is_full)
        if is_full is not self._is_paused and not self._is_lost:
            self._is_paused = is_full
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
