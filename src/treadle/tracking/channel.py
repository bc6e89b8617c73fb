"""HTTP/1.1 to the tracking process over its Unix socket: connections that are kept, streams both ways.

One event loop uses a channel. A connection carries one exchange at a time; what comes faster than it is
taken, or is sent faster than it is read, waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import httptools

from treadle.local_socket import socket_address

#: More answer than this waits in the socket until what came is taken.
_ENOUGH_BYTES = 256 * 1024
_KEPT_CONNECTIONS = 32
#: For so long neither end waits for the other; MLflow's own client gives up after two minutes.
PATIENCE_S = 150.0

Headers = list[tuple[bytes, bytes]]


class Silent(Exception):
    """Nothing came from the other end for too long, or nothing was taken by it."""


@dataclass(frozen=True)
class Head:
    """The beginning of an answer; names of headers in small letters."""

    status: int
    headers: Headers


class Channel:
    """The connections to one socket."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop: asyncio.AbstractEventLoop | None = None
        self._kept: list[Connection] = []
        self._open: set[Connection] = set()

    async def connect(self) -> Connection:
        """A connection for one exchange. Raises OSError where nobody listens."""
        while self._kept:
            connection = self._kept.pop()
            if connection.is_usable:
                return connection
        self._loop = loop = asyncio.get_running_loop()
        with socket_address(self._path) as place:
            _, connection = await loop.create_unix_connection(lambda: Connection(self), place)
        return connection

    def close(self) -> None:
        """Break all connections; exchanges under way fail. To be called in the loop, or after its end."""
        if self._loop is None or self._loop.is_closed():
            return
        for connection in list(self._open):
            connection.abort()

    def _add(self, connection: Connection) -> None:
        self._open.add(connection)

    def _drop(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._kept:
            self._kept.remove(connection)

    def _keep(self, connection: Connection) -> bool:
        if len(self._kept) >= _KEPT_CONNECTIONS:
            return False
        self._kept.append(connection)
        return True


class Connection(asyncio.Protocol):
    """One connection: write a request, then take the head and the chunks of its answer, then let it go.

    What fails, since the other end is gone, raises ConnectionError; what waits for too long raises Silent.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._waiting: list[asyncio.Future[None]] = []
        self._is_lost = False
        self._is_silent = False
        self._is_write_paused = False
        self._is_read_paused = False
        self._begin(expects_body=True)

    def _begin(self, *, expects_body: bool) -> None:
        self._expects_body = expects_body
        self._headers: Headers = []
        self._head: Head | None = None
        self._chunks: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._is_complete = False
        self._is_kept = False
        self._is_sent = False

    @property
    def is_usable(self) -> bool:
        """Whether a request can be written."""
        return not self._is_lost and not self._transport.is_closing()

    @property
    def is_answered(self) -> bool:
        """Whether an answer has begun, or never will."""
        return self._head is not None or self._is_lost

    def write(self, request: bytes, *, is_last: bool = True, expects_body: bool = True) -> None:
        """Begin an exchange. is_last: all of the request. expects_body: not of the answer to a HEAD."""
        self._begin(expects_body=expects_body)
        self.write_more(request, is_last=is_last)

    def write_more(self, content: bytes, *, is_last: bool) -> None:
        """Write on of the same request. is_last: it ends here."""
        self._transport.write(content)
        self._is_sent = is_last

    async def drain(self) -> None:
        """Wait until more may be written, or an answer has begun."""
        while self._is_write_paused and not self.is_answered:
            await self._wait()

    async def answered(self) -> None:
        """Wait until an answer has begun, or never will: for as long as that takes."""
        while not self.is_answered:
            await self._wait_on()

    async def head(self) -> Head:
        """The beginning of the answer."""
        while self._head is None:
            if self._is_lost:
                raise ConnectionResetError("the tracking process ended before it answered")
            await self._wait()
        return self._head

    async def chunk(self) -> bytes:
        """The next bytes of the answer's body: all that are there; none at its end."""
        while not self._chunks:
            if self._is_complete:
                return b""
            if self._is_lost:
                raise ConnectionResetError("the tracking process ended in the middle of an answer")
            await self._wait()
        taken = self._chunks.popleft() if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._waiting_bytes = 0
        if self._is_read_paused:
            self._is_read_paused = False
            self._transport.resume_reading()
        return taken

    @property
    def is_last(self) -> bool:
        """Whether nothing follows what was taken."""
        return self._is_complete and not self._chunks

    def let_go(self) -> None:
        """The exchange is over: keep the connection where it can carry another one."""
        if not (self._is_clean() and self._channel._keep(self)):
            self.abort()

    def _is_clean(self) -> bool:
        # Where a part of this request is owed the other end takes the next one for it: somebody else's
        # request would be a body, and a body would be a request, with a visitor of its writer's choice.
        is_whole = self._is_sent and self._transport.get_write_buffer_size() == 0
        return is_whole and self.is_last and self._expects_body and self._is_kept and not self._is_lost

    def abort(self) -> None:
        """Break off: the other end sees that nobody waits."""
        if not self._is_lost:
            self._transport.abort()

    async def _wait(self) -> None:
        """Wait until anything happens. Raises Silent."""
        silence = asyncio.get_running_loop().call_later(PATIENCE_S, self._give_up)
        try:
            await self._wait_on()
        finally:
            silence.cancel()
        if self._is_silent:
            raise Silent

    async def _wait_on(self) -> None:
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            await waiting
        finally:
            self._waiting.remove(waiting)

    def _give_up(self) -> None:
        self._is_silent = True
        self.abort()
        self._wake()

    def _wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]
        self._channel._add(self)

    def data_received(self, data: bytes) -> None:
        if self._is_complete:  # an answer that nobody asked for would be taken for the next one's
            self._transport.abort()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self._is_lost = True
        self._channel._drop(self)
        self._wake()

    def pause_writing(self) -> None:
        self._is_write_paused = True

    def resume_writing(self) -> None:
        self._is_write_paused = False
        self._wake()

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self._is_complete:
            self._transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._head = Head(self._parser.get_status_code(), self._headers)
        self._is_kept = self._parser.should_keep_alive()  # it forgets, at the end of the message
        self._is_complete = not self._expects_body

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)
        self._waiting_bytes += len(body)
        if self._waiting_bytes > _ENOUGH_BYTES and not self._is_read_paused:
            self._is_read_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        self._is_complete = True
