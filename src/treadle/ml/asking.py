"""HTTP, asked from a thread: connections that are kept, and redirects that take no token along.

A connection belongs to one thread of one process: a worker that was forked opens its own.
"""

from __future__ import annotations

import http.client
import os
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from urllib.parse import quote, urlsplit

from treadle.errors import Invalid, Unavailable
from treadle.ml.servers import origin_of, redirected, shown

_TIMEOUT_S = 60.0
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
#: What an address may hold as it is; the rest, spaces and letters beyond ASCII, is encoded.
_AS_WRITTEN = "/?%:=&~#+!$,;'@()*[]-._"
#: So much of an answer that nobody reads is read all the same, to keep its connection.
_DRAINED_BYTES = 64 * 1024

Headers = Mapping[str, str]
Place = tuple[int, str, str, "int | None"]


class _Kept(threading.local):
    def __init__(self) -> None:
        self.idle: dict[Place, http.client.HTTPConnection] = {}


_kept = _Kept()


@contextmanager
def follow(
    url: str,
    headers: Headers,
    authorization: str | None,
    *,
    home: str,
    body: bytes | None = None,
    patience_s: float = _TIMEOUT_S,
) -> Iterator[http.client.HTTPResponse]:
    """The answer at the end of the redirects from ``url``; ``authorization`` goes to ``home`` alone.

    A ``body`` goes to ``url`` and nowhere else.  patience_s: how long a server may be silent.
    Raises Unavailable("file-unreachable"), Invalid("address-…").
    """
    for _ in range(_MOST_REDIRECTS + 1):
        if origin_of(url) != home:
            authorization = None
        told = {**headers, **({"Authorization": authorization} if authorization else {})}
        with _asked(url, told, body, patience_s) as answer:
            location = answer.getheader("Location")
            if answer.status not in _REDIRECTS or not location or body is not None:
                yield answer
                return
            url = redirected(url, location)
    raise Invalid("address-redirects", f"{shown(url)} leads from one address to the next without an end.")


@contextmanager
def telling(url: str) -> Iterator[None]:
    """Raises Unavailable("file-unreachable") where the network fails."""
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable("file-unreachable", f"{shown(url)} could not be fetched: {error}.") from error


@contextmanager
def _asked(
    url: str, headers: Headers, body: bytes | None, patience_s: float
) -> Iterator[http.client.HTTPResponse]:
    parts = urlsplit(url)
    place = (os.getpid(), parts.scheme, parts.hostname or "", parts.port)
    target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_AS_WRITTEN)
    with telling(url):
        connection, answer = _answer(place, target, headers, body, patience_s)
    try:
        yield answer
        _drain(answer)
    finally:
        if answer.isclosed() and not answer.will_close:
            _kept.idle[place] = connection
        else:
            connection.close()


def _answer(
    place: Place, target: str, headers: Headers, body: bytes | None, patience_s: float
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    """The beginning of an answer, over the kept connection where the server has not ended it meanwhile."""
    connection = _kept.idle.pop(place, None)
    if connection is not None and body is None:
        try:
            return connection, _ask(connection, target, headers, None, patience_s)
        except (ConnectionError, http.client.BadStatusLine):
            connection.close()
    fresh = _open(place)
    return fresh, _ask(fresh, target, headers, body, patience_s)


def _ask(
    connection: http.client.HTTPConnection,
    target: str,
    headers: Headers,
    body: bytes | None,
    patience_s: float,
) -> http.client.HTTPResponse:
    if connection.sock is None:
        connection.connect()
    connection.sock.settimeout(patience_s)
    connection.request("GET" if body is None else "POST", target, body, dict(headers))
    return connection.getresponse()


def _drain(answer: http.client.HTTPResponse) -> None:
    if answer.length is not None and answer.length <= _DRAINED_BYTES and not answer.isclosed():
        answer.read()


def _open(place: Place) -> http.client.HTTPConnection:
    _, scheme, host, port = place
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=_tls())
    return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Made once: reading the certificates takes longer than most files do."""
    return ssl.create_default_context()
