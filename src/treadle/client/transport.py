"""How requests reach a server: over kept connections, by TCP or a Unix socket."""

from __future__ import annotations

import http.client
import os
import select
import socket
import ssl
import threading
from collections.abc import Iterable, Mapping
from email.message import Message
from typing import Protocol

from treadle.client.addresses import Address
from treadle.local_socket import socket_address

_CONNECT_S = 10.0
_ANSWER_S = 900.0  # a commit of a large archive is answered when it is durable
_MOST_KEPT = 8

Body = bytes | Iterable[bytes] | None


class Response(Protocol):
    """An answer as it comes in."""

    @property
    def status(self) -> int:
        """Its status."""

    @property
    def headers(self) -> Message:
        """Its headers, by names in any case."""

    def read(self, most_bytes: int | None) -> bytes:
        """The next bytes of the body, or all that is left; b"" at the end.

        Raises OSError or http.client.HTTPException where it breaks off.
        """

    def close(self) -> None:
        """Nothing more of it is wanted."""


class Transport(Protocol):
    """What carries requests."""

    #: Whether the files of a body of `FilesAsTar` are taken as they lie: then they may be of any size.
    takes_files: bool

    def send(self, method: str, target: str, body: Body, headers: Mapping[str, str]) -> Response:
        """The answer to one request, its body unread. Raises OSError, http.client.HTTPException."""

    def close(self) -> None:
        """End it."""


class HttpTransport:
    """Carries requests over HTTP, from any number of threads: each has a connection to itself meanwhile."""

    takes_files = False

    def __init__(self, address: Address) -> None:
        self._address = address
        self._kept: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._process_id = os.getpid()

    def send(self, method: str, target: str, body: Body, headers: Mapping[str, str]) -> Response:
        """The answer to one request, its body unread. Raises OSError, http.client.HTTPException."""
        connection = self._take()
        try:
            _send(connection, method, target, body=body, headers=headers)
            return _Response(connection, connection.getresponse(), self)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """End the connections that are kept."""
        with self._lock:
            kept, self._kept = self._kept, []
        for connection in kept:
            connection.close()

    def give_back(self, connection: http.client.HTTPConnection) -> None:
        """Keep a connection whose answer was read to its end."""
        with self._lock:
            if connection.sock is not None and len(self._kept) < _MOST_KEPT:
                self._kept.append(connection)
                return
        connection.close()

    def _take(self) -> http.client.HTTPConnection:
        with self._lock:
            if self._process_id != os.getpid():  # a fork: the sockets are the parent's
                self._kept, self._process_id = [], os.getpid()
            while self._kept:
                connection = self._kept.pop()
                if _is_open(connection):
                    return connection
                connection.close()
        return _connect(self._address)


class _Response:
    def __init__(
        self,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
        transport: HttpTransport,
    ) -> None:
        self._connection = connection
        self._response = response
        self._transport = transport
        self.status = response.status
        self.headers: Message = response.headers
        self._is_over = False

    def read(self, most_bytes: int | None) -> bytes:
        content = self._response.read(most_bytes)
        if self._response.length and not content and most_bytes != 0:
            raise ConnectionError(f"{self._response.length} bytes before its end")
        return content

    def close(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        is_whole = self._response.isclosed() or self._response.length == 0
        self._response.close()
        if is_whole:
            self._transport.give_back(self._connection)
        else:
            self._connection.close()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, address: Address) -> None:
        super().__init__("localhost", timeout=_ANSWER_S)
        self._address = address

    def connect(self) -> None:
        assert self._address.socket_path is not None
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        opened.settimeout(_ANSWER_S)
        try:
            with socket_address(self._address.socket_path) as place:
                opened.connect(place)
        except BaseException:
            opened.close()
            raise
        self.sock = opened


def _connect(address: Address) -> http.client.HTTPConnection:
    if address.scheme == "unix":
        return _UnixConnection(address)
    connection: http.client.HTTPConnection
    if address.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            address.host, address.port, timeout=_CONNECT_S, context=context
        )
    else:
        connection = http.client.HTTPConnection(address.host, address.port, timeout=_CONNECT_S)
    connection.connect()
    connection.sock.settimeout(_ANSWER_S)
    return connection


def _send(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    *,
    body: Body,
    headers: Mapping[str, str],
) -> None:
    is_chunked = body is not None and not isinstance(body, bytes) and "Content-Length" not in headers
    sent = {**headers, "Transfer-Encoding": "chunked"} if is_chunked else dict(headers)
    try:
        connection.request(method, target, body, sent, encode_chunked=is_chunked)
    except (BrokenPipeError, ConnectionResetError):
        # A server that refuses a body answers before its end: what it said is still to be read.
        if body is None or connection.sock is None:
            raise


def _is_open(connection: http.client.HTTPConnection) -> bool:
    """Nothing waits to be read: a server that hung up meanwhile left its goodbye there."""
    return connection.sock is not None and not select.select([connection.sock], [], [], 0)[0]
