"""One exchange with the tracking process: what is sent of a request, and how its answer is passed on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from treadle.errors import Invalid, TreadleError, Unavailable
from treadle.streams import STALL_S, TAKE_S, Patience, stalled
from treadle.tracking import refusals
from treadle.tracking.channel import Connection, Head, Headers
from treadle.tracking.signing import VISITOR_HEADER, tell_visitor
from treadle.tracking.visitor import Visitor

WORKSPACE_HEADER = b"x-mlflow-workspace"
_OURS = b"x-treadle-"

#: What the door has read, what it alone may say, and what belongs to one connection.
_NOT_SENT = frozenset(
    {
        b"authorization",
        b"connection",
        b"content-length",
        b"cookie",
        b"expect",
        b"keep-alive",
        b"proxy-authorization",
        b"proxy-connection",
        b"remote-user",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"x-api-key",
        b"x-csrftoken",
        WORKSPACE_HEADER,
    }
)
#: What belongs to one connection, and what speaks to a browser of this address, which is not MLflow's alone.
_NOT_RETURNED = frozenset(
    {
        b"access-control-allow-credentials",
        b"access-control-allow-origin",
        b"clear-site-data",
        b"connection",
        b"keep-alive",
        b"set-cookie",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
#: What MLflow reads whole before it looks at it; of a packed body, what was packed.
MOST_BODY_BYTES = 64 * 1024**2
#: Whoever was let in when a request began may not be any more when it goes on.
_BODY_S = 600.0
_FIRST = asyncio.FIRST_COMPLETED
_LENGTH_DIGITS = 18
#: The tracking process answers there as long as it hears anything.
ALIVE = "/treadle/alive"
_PLAIN = "/:@!$&'()*+,;=~-._"


class Gone(Exception):
    """Who asked waits no more."""


@dataclass(frozen=True)
class Part:
    """Bytes of a request's body, and whether more follow."""

    content: bytes
    has_more: bool


@dataclass(frozen=True)
class Outgoing:
    """A request as the tracking process gets it, up to its body.

    size_bytes: what its head says of the length of its body; None: it comes in chunks.
    """

    method: str
    head: bytes
    size_bytes: int | None


def outgoing_of(scope: Scope, visitor: Visitor, path: str, key: bytes) -> Outgoing:
    """What is sent of a request that came from outside: nothing that only the door may say.

    key: of what it says. Raises Invalid("length-invalid").
    """
    given: Headers = scope["headers"]
    headers = [pair for pair in given if _is_sent(pair[0])]
    size_bytes = _size_of(given)
    if size_bytes is None:
        headers.append((b"transfer-encoding", b"chunked"))
    elif size_bytes or any(name == b"content-length" for name, _ in given):
        headers.append((b"content-length", b"%d" % size_bytes))
    method, target = scope["method"], _target_of(path, scope["query_string"])
    headers.append((VISITOR_HEADER, tell_visitor(key, visitor, method, target)))
    return Outgoing(method, _head_of(method, target, headers), size_bytes)


def _size_of(given: Headers) -> int | None:
    """How long the body is said to be; None: nobody knows. Raises Invalid("length-invalid")."""
    if any(name == b"transfer-encoding" for name, _ in given):
        return None
    told = {value for name, value in given if name == b"content-length"} or {b"0"}
    only = told.pop()
    if told or not only.isdigit() or len(only) > _LENGTH_DIGITS:
        raise Invalid("length-invalid", "Content-Length is not one number. Send the length of the body.")
    return int(only)


@lru_cache(maxsize=1024)
def _is_sent(name: bytes) -> bool:
    # A name with an underscore would be another header's on its way through WSGI.
    return name not in _NOT_SENT and not name.startswith(_OURS) and b"_" not in name


def outgoing_to(
    method: str, path: str, content_type: str, size_bytes: int, *, visitor: Visitor, key: bytes
) -> Outgoing:
    """A request of our own; ``path`` may end in a query."""
    path, _, query = path.partition("?")
    target = _target_of(path, query.encode())
    headers = (
        (b"host", b"tracking"),
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % size_bytes),
        (VISITOR_HEADER, tell_visitor(key, visitor, method, target)),
    )
    return Outgoing(method, _head_of(method, target, headers), size_bytes)


def _target_of(path: str, query: bytes) -> bytes:
    return quote(path, safe=_PLAIN).encode() + (b"?" + query if query else b"")


def _head_of(method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    lines = [method.encode(), b" ", target, b" HTTP/1.1\r\n"]
    for name, value in headers:
        lines += (name, b": ", value, b"\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


async def first_part_soon(receive: Receive) -> Part:
    """The same of who is not to be waited for. Raises Gone, Invalid("body-stalled")."""
    try:
        with Patience(STALL_S):
            return await first_part(receive)
    except asyncio.TimeoutError as error:
        raise stalled() from error


async def first_part(receive: Receive) -> Part:
    """The first bytes of a request's body. Raises Gone."""
    message = await receive()
    if message["type"] != "http.request":
        raise Gone
    return Part(message.get("body", b""), message.get("more_body", False))


async def converse(connection: Connection, outgoing: Outgoing, first: Part, receive: Receive) -> Head:
    """Send a request and wait for the head of its answer, which may come before all was sent.

    Raises ConnectionError, Silent, Gone, Invalid("length-invalid", "body-stalled"); the connection cannot be
    used after these.
    """
    body = _Body(outgoing.size_bytes)
    expects_body = outgoing.method != "HEAD"
    connection.write(outgoing.head + body.frame(first), is_last=not first.has_more, expects_body=expects_body)
    if first.has_more:
        answered = asyncio.ensure_future(connection.answered())
        try:
            await _send_rest(connection, body, receive, answered)
        finally:
            answered.cancel()
    return await connection.head()


async def _send_rest(
    connection: Connection, body: _Body, receive: Receive, answered: asyncio.Future[None]
) -> None:
    """The body as it comes, until its end or the answer's beginning."""
    ends_at_s = time.monotonic() + _BODY_S
    while not answered.done():
        patience_s = max(0.0, min(STALL_S, ends_at_s - time.monotonic()))
        taking = asyncio.ensure_future(first_part(receive))
        try:
            done, _ = await asyncio.wait((taking, answered), timeout=patience_s, return_when=_FIRST)
        finally:
            taking.cancel()
        if not done:
            raise stalled()
        if taking not in done:
            return
        part = taking.result()
        connection.write_more(body.frame(part), is_last=not part.has_more)
        if not part.has_more:
            return
        await connection.drain()


class _Body:
    """The body of one request: exactly as long as its head says, or in chunks."""

    def __init__(self, size_bytes: int | None) -> None:
        self._left_bytes = size_bytes

    def frame(self, part: Part) -> bytes:
        """The next bytes to be sent. Raises Invalid("length-invalid")."""
        if self._left_bytes is None:
            return _chunked(part)
        self._left_bytes -= len(part.content)
        if self._left_bytes < 0 or (self._left_bytes and not part.has_more):
            raise Invalid("length-invalid", "The body is not as long as its head says. Send all of it.")
        return part.content


def _chunked(part: Part) -> bytes:
    framed = b"%x\r\n%b\r\n" % (len(part.content), part.content) if part.content else b""
    return framed if part.has_more else framed + b"0\r\n\r\n"


async def pass_on(connection: Connection, head: Head, send: Send) -> None:
    """Pass an answer on as it comes.

    Raises ConnectionError and Silent when it breaks off, asyncio.TimeoutError when nobody takes it any more.
    """
    headers = [pair for pair in head.headers if pair[0] not in _NOT_RETURNED]
    await send({"type": "http.response.start", "status": head.status, "headers": headers})
    while True:
        content = await connection.chunk()
        if connection.is_last:
            await send({"type": "http.response.body", "body": content})
            return
        with Patience(TAKE_S):
            await send({"type": "http.response.body", "body": content, "more_body": True})


async def refuse(send: Send, error: TreadleError, retry_after_s: int) -> None:
    """Answer as MLflow does: its client repeats what is told to be unavailable, and nothing else."""
    status, headers, content = refusal(error, retry_after_s)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def refusal(error: TreadleError, retry_after_s: int) -> tuple[int, Headers, bytes]:
    """Status, headers and body of an answer in MLflow's words."""
    content = refusals.body_of(error)
    headers = [(b"content-type", refusals.JSON_TYPE), (b"content-length", b"%d" % len(content))]
    if isinstance(error, Unavailable):
        headers.append((b"retry-after", b"%d" % retry_after_s))
    return refusals.status_of(error), headers, content


def too_large() -> Invalid:
    """The error of a body that is longer than MLflow should read."""
    return Invalid(
        "body-too-large", f"The body has more than {MOST_BODY_BYTES} bytes. Log large things as artifacts."
    )
