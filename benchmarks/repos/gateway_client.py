"""A client of S3 and of plain HTTP that costs little: requests made before, threads on kept connections."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_HEAD_BYTES = 16 * 1024
_LONGEST_BODY_BYTES = 4 * 1024**2


@dataclass(frozen=True)
class Key:
    """An access key of the gateway at ``url``."""

    url: str
    id: str
    secret: str

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """A signed request as it goes over the wire; the signature covers the body."""
        signed = AWSRequest(method, f"{self.url}{path}", data=body)
        S3SigV4Auth(Credentials(self.id, self.secret), "s3", "us-east-1").add_auth(signed)
        return plain_request(method, f"{self.url}{path}", body, dict(signed.headers.items()))


def plain_request(method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """A request as it goes over the wire."""
    place = urlsplit(url)
    path = f"{place.path}?{place.query}" if place.query else place.path
    lines = [f"{method} {path} HTTP/1.1", f"Host: {place.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def ask_all(url: str, requests: Sequence[bytes], connections: int) -> float:
    """Send each request, several at a time, and read each answer whole; how many seconds it took."""
    place = urlsplit(url)
    shares = [requests[at::connections] for at in range(connections)]
    with ThreadPoolExecutor(connections) as threads:
        began_s = time.perf_counter()
        for _share in threads.map(lambda share: _ask_each((place.hostname, place.port or 80), share), shares):
            pass
        return time.perf_counter() - began_s


def _ask_each(address: tuple[str | None, int], requests: Sequence[bytes]) -> None:
    into = memoryview(bytearray(_HEAD_BYTES + _LONGEST_BODY_BYTES))
    with socket.create_connection(address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            connection.sendall(request)
            _read_answer(connection, into)


def _read_answer(connection: socket.socket, into: memoryview) -> None:
    taken, end = 0, -1
    while end < 0:
        count = connection.recv_into(into[taken:], _HEAD_BYTES)
        if not count:
            raise ConnectionError("The server ended the connection.")
        taken += count
        end = bytes(into[:_HEAD_BYTES]).find(b"\r\n\r\n", 0, taken)
    status, *fields = bytes(into[:end]).decode("latin-1").split("\r\n")
    if not status.split()[1].startswith("2"):
        raise RuntimeError(f"{status}: {bytes(into[end:taken])!r}")
    length = next(int(field[15:]) for field in fields if field.lower().startswith("content-length:"))
    left = end + 4 + length - taken
    while left:
        # One call for what is left: the client is to cost as little as it can.
        count = connection.recv_into(into[end + 4 + length - left :], left, socket.MSG_WAITALL)
        if not count:
            raise ConnectionError("The server ended the connection within the body.")
        left -= count
