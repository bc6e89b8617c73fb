"""Fetching a file from an address that a user gave."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import SplitResult, unquote, urljoin

from treadle.errors import Invalid, TreadleError, Unavailable
from treadle.outbound.addresses import AllowList
from treadle.outbound.connecting import LATE, reach
from treadle.outbound.speaking import end, host_of, parse_url, quoted, secure, told_by, without_query
from treadle.settings import Settings

_MOST_REDIRECTS = 5
_CHUNK_BYTES = 256 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OF_A_PART = frozenset({http.client.PARTIAL_CONTENT, http.client.REQUESTED_RANGE_NOT_SATISFIABLE})


@dataclass(frozen=True)
class Fetched:
    """A file as it arrives."""

    #: The last part of the address that answered.
    name: str
    content_type: str
    chunks: Iterator[bytes]


@dataclass(frozen=True)
class _Part:
    """Which bytes are wanted: from start up to, not including, end."""

    start: int
    end: int | None

    @property
    def headers(self) -> dict[str, str]:
        if self.start == 0 and self.end is None:
            return {}
        return {"Range": f"bytes={self.start}-{'' if self.end is None else self.end - 1}"}

    def cut(self, response: http.client.HTTPResponse, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The wanted bytes, of a server that sent them alone or, knowing no ranges, sent all."""
        if response.status == http.client.PARTIAL_CONTENT:
            yield from chunks
            return
        if response.status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return
        at = 0
        for chunk in chunks:
            last = len(chunk) if self.end is None else self.end - at
            if last <= 0:
                return
            yield chunk[max(0, self.start - at) : last]
            at += len(chunk)


@dataclass(frozen=True)
class Gate:
    """What may be called, and for how long and how much."""

    allowed: AllowList
    most_bytes: int
    #: For the whole of a call, redirects included.
    time_limit_s: float

    @contextmanager
    def fetch(self, url: str, start: int = 0, end: int | None = None) -> Iterator[Fetched]:
        """The file at ``url``; of its bytes those from ``start`` up to, not including, ``end``.

        Raises Invalid("url-invalid", "url-too-large"), Forbidden("address-private"),
        Unavailable("url-unreachable"), each naming the address.
        """
        deadline_s = time.monotonic() + self.time_limit_s
        shown = without_query(url)
        part = _Part(start, end)
        try:
            with self._follow(url, part, deadline_s) as (response, last):
                chunks = part.cut(response, self._chunks(response, shown, deadline_s))
                yield Fetched(_name_of(last), _type_of(response), chunks)
        except TreadleError:
            raise
        except (OSError, http.client.HTTPException) as error:
            told = LATE if time.monotonic() > deadline_s else told_by(error)
            text = f"{shown} could not be fetched: {told}. Look whether it can be reached from here."
            raise Unavailable("url-unreachable", text, fields={"url": [text]}) from error

    @contextmanager
    def _follow(
        self, url: str, part: _Part, deadline_s: float
    ) -> Iterator[tuple[http.client.HTTPResponse, SplitResult]]:
        for _ in range(_MOST_REDIRECTS + 1):
            target = parse_url(url)
            connection = self._connect(target, deadline_s)
            ending = threading.Timer(max(0.0, deadline_s - time.monotonic()), end, [connection])
            ending.daemon = True
            ending.start()
            try:
                if target.scheme == "https":
                    secure(connection, deadline_s)
                response = _ask(connection, target, part)
                place = response.headers.get("location")
                if response.status in _REDIRECTS and place:
                    url = urljoin(url, place)
                    continue
                _check_status(response, url, part)
                yield response, target
                return
            finally:
                ending.cancel()
                connection.close()
        text = f"{without_query(url)} leads on and on: over {_MOST_REDIRECTS} redirects."
        raise Unavailable("url-unreachable", text, fields={"url": [text]})

    def _connect(self, target: SplitResult, deadline_s: float) -> http.client.HTTPConnection:
        host = target.hostname or ""
        port = target.port or (443 if target.scheme == "https" else 80)
        # The connection is made here, to the address that was looked at; http.client only speaks over it.
        connection = http.client.HTTPConnection(host, port)
        connection.sock = reach(host, port, self.allowed, deadline_s)
        connection.sock.settimeout(max(0.1, deadline_s - time.monotonic()))
        return connection

    def _chunks(self, response: http.client.HTTPResponse, shown: str, deadline_s: float) -> Iterator[bytes]:
        size_bytes = 0
        while chunk := response.read1(_CHUNK_BYTES):
            size_bytes += len(chunk)
            if size_bytes > self.most_bytes:
                text = f"{shown} has more than {self.most_bytes} bytes, the most that the server takes."
                raise Invalid("url-too-large", text, fields={"url": [text]})
            if time.monotonic() > deadline_s:
                raise TimeoutError("it took too long")
            yield chunk
        if time.monotonic() > deadline_s:  # it was cut off, which looks like an end
            raise TimeoutError("it took too long")
        if response.length:
            raise OSError("it broke off before its end")


def open_gate(settings: Settings) -> Gate:
    """The gate as the settings say. Raises Invalid("setting")."""
    return Gate(
        AllowList.parse(settings.outbound_allow), settings.max_upload_bytes, settings.outbound_time_limit_s
    )


def _ask(
    connection: http.client.HTTPConnection, target: SplitResult, part: _Part
) -> http.client.HTTPResponse:
    path = target.path or "/"
    query = f"?{target.query}" if target.query else ""
    headers = {"User-Agent": "Treadle", "Accept": "*/*", "Accept-Encoding": "identity", **part.headers}
    headers["Host"] = host_of(target)
    connection.request("GET", quoted(path + query), headers=headers)
    return connection.getresponse()


def _check_status(response: http.client.HTTPResponse, url: str, part: _Part) -> None:
    if response.status != http.client.OK and not (part.headers and response.status in _OF_A_PART):
        text = f"{without_query(url)} answered {response.status} {response.reason}; it has no file to give."
        details = {"status": response.status}
        raise Unavailable("url-unreachable", text, fields={"url": [text]}, details=details)


def _name_of(target: SplitResult) -> str:
    return PurePosixPath(unquote(target.path)).name or target.hostname or "file"


def _type_of(response: http.client.HTTPResponse) -> str:
    return (response.headers.get("content-type") or "").partition(";")[0].strip().lower()
