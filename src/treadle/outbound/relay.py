"""The gate for libraries that make their own connections: a proxy of this process, on loopback.

A client of object storage looks names up by itself and follows redirects, so that looking at an endpoint
before says nothing about what is called. Through the relay each of its connections is made here, to an
address that was looked at.
"""

from __future__ import annotations

import base64
import secrets
import socket
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from treadle.errors import Forbidden
from treadle.outbound.addresses import AllowList
from treadle.outbound.connecting import reach

_HEAD_BYTES = 64 * 1024
_PIECE_BYTES = 256 * 1024
_CONNECT_S = 10.0
_IDLE_S = 120.0
_OPENED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_UNREACHABLE = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@lru_cache(maxsize=8)
def open_relay(allowed: AllowList) -> str:
    """The address of a proxy that calls what ``allowed`` lets it; it lives as long as the process."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    password = secrets.token_urlsafe(24)
    relay = _Relay(allowed, b"Basic " + base64.b64encode(f"treadle:{password}".encode()))
    threading.Thread(target=relay.serve, args=[listening], daemon=True, name="relay").start()
    return f"http://treadle:{password}@127.0.0.1:{listening.getsockname()[1]}"


@dataclass(frozen=True)
class _Request:
    """The head of what a client asks of a proxy, and what of its body came with it."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    rest: bytes

    @classmethod
    def read(cls, client: socket.socket) -> _Request:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(_HEAD_BYTES)
            if not piece or len(head) > _HEAD_BYTES:
                raise ValueError("it is no request")
            head += piece
        head, _, rest = head.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        method, target, _version = first.decode("ascii").split(" ")
        headers = tuple(
            (name.strip(), value.strip()) for name, _, value in (x.partition(b":") for x in lines)
        )
        return cls(method, target, headers, rest)

    def header(self, wanted: bytes) -> bytes:
        return next((value for name, value in self.headers if name.lower() == wanted), b"")

    @property
    def place(self) -> tuple[str, int]:
        parts = urlsplit(f"//{self.target}" if self.method == "CONNECT" else self.target)
        return parts.hostname or "", parts.port or 80

    def for_server(self) -> bytes:
        """The request as the server itself wants it; one a connection, since the next may be for another."""
        parts = urlsplit(self.target)
        path = self.target.partition(parts.netloc)[2] or "/"
        kept = [
            (name, value)
            for name, value in self.headers
            if name.lower() not in (b"proxy-authorization", b"proxy-connection", b"connection")
        ]
        lines = [b": ".join(each) for each in [*kept, (b"Connection", b"close")]]
        return b"\r\n".join([f"{self.method} {path} HTTP/1.1".encode(), *lines, b"", self.rest])


@dataclass(frozen=True)
class _Relay:
    allowed: AllowList
    authorization: bytes

    def serve(self, listening: socket.socket) -> None:
        while True:
            client, _place = listening.accept()
            threading.Thread(target=self._serve_one, args=[client], daemon=True, name="relay").start()

    def _serve_one(self, client: socket.socket) -> None:
        with client:
            client.settimeout(_IDLE_S)
            try:
                request = _Request.read(client)
                if not secrets.compare_digest(request.header(b"proxy-authorization"), self.authorization):
                    raise Forbidden("relay-key", "The relay is for this process alone.")
                server = reach(*request.place, self.allowed, time.monotonic() + _CONNECT_S)
            except Forbidden:
                _answer(client, _REFUSED)
            except (OSError, ValueError):
                _answer(client, _UNREACHABLE)
            else:
                with server:
                    server.settimeout(_IDLE_S)
                    _join(client, server, request)


def _join(client: socket.socket, server: socket.socket, request: _Request) -> None:
    try:
        if request.method == "CONNECT":
            client.sendall(_OPENED)
            server.sendall(request.rest)
        else:
            server.sendall(request.for_server())
    except OSError:
        return
    back = threading.Thread(target=_carry, args=[server, client], daemon=True, name="relay")
    back.start()
    _carry(client, server)
    back.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(_PIECE_BYTES):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # either end is gone: so is the call
        for each in (source, target):
            _end(each)


def _end(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _answer(client: socket.socket, answer: bytes) -> None:
    try:
        client.sendall(answer)
    except OSError:
        pass
