"""MLflow's Flask application, called directly: bodies spooled, answers streamed, a bounded number at once."""

from __future__ import annotations

import asyncio
import contextvars
import io
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from starlette.types import Message, Receive, Scope, Send

from treadle.tracking.channel import Headers
from treadle.tracking.exchanges import Part, first_part

WsgiApplication = Callable[..., Iterable[bytes]]

_NAMES = {b"content-type": "CONTENT_TYPE"}
_NOT_HANDED_ON = frozenset({b"content-length", b"transfer-encoding"})

#: What is longer is spooled to a file, and streamed back piece by piece.
IN_MEMORY_BYTES = 1024 * 1024


async def read_body(receive: Receive) -> BinaryIO:
    """The whole body, from its beginning. Raises Gone when it breaks off: then nothing of it is kept."""
    part = await first_part(receive)
    if not part.has_more:
        return io.BytesIO(part.content)
    spooled = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - its reader closes it
    file = cast(BinaryIO, spooled)
    try:
        await _spool(part, receive, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


async def _spool(part: Part, receive: Receive, file: BinaryIO) -> None:
    file.write(part.content)
    while part.has_more:
        part = await first_part(receive)
        file.write(part.content)


def whole_body(body: BinaryIO, limit_bytes: int) -> bytes:
    """All bytes of a body that is going to be read again; none of one that is longer than ``limit_bytes``."""
    content = body.read(limit_bytes + 1)
    body.seek(0)
    return content if len(content) <= limit_bytes else b""


@dataclass(frozen=True)
class Exchange:
    """A request and the way back."""

    scope: Scope
    receive: Receive
    send: Send


@dataclass
class Answer:
    """What an application has answered so far."""

    status: int = 500
    headers: Headers = field(default_factory=list)
    #: What was gathered of its body, and what is still to come.
    content: bytes = b""
    rest: Iterator[bytes] | None = None
    close: Callable[[], None] | None = None


class Bridge:
    """Calls a WSGI application in a pool of threads."""

    def __init__(self, application: WsgiApplication, threads: ThreadPoolExecutor) -> None:
        self._application = application
        self._threads = threads

    async def answer(self, exchange: Exchange, body: BinaryIO, then: Callable[[int], None]) -> None:
        """Answer a request; ``then`` is called with the status, in the thread, before the answer goes out."""
        loop = asyncio.get_running_loop()
        environ = environ_of(exchange.scope, body)
        call = contextvars.copy_context().run
        answer = await loop.run_in_executor(self._threads, call, self._call, environ, then)
        start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        await exchange.send(start)
        if answer.rest is not None:
            with _noticing(exchange.receive) as gone:
                while answer.rest is not None and not gone.done():
                    await exchange.send(_piece(answer, has_more=True))
                    await loop.run_in_executor(self._threads, call, _gather, answer)
            _finish(answer)
        await exchange.send(_piece(answer, has_more=False))

    def _call(self, environ: dict[str, Any], then: Callable[[int], None]) -> Answer:
        answer = Answer()

        def start(status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
            answer.status = int(status[:3])
            answer.headers = [
                (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
            ]

        content = self._application(environ, start)
        answer.rest, answer.close = iter(content), getattr(content, "close", None)
        _gather(answer)
        then(answer.status)
        return answer


def _piece(answer: Answer, *, has_more: bool) -> Message:
    return {"type": "http.response.body", "body": answer.content, "more_body": has_more}


@contextmanager
def _noticing(receive: Receive) -> Iterator[asyncio.Future[Message]]:
    """What is done as soon as nobody waits for the answer any more."""
    gone = asyncio.ensure_future(receive())
    try:
        yield gone
    finally:
        gone.cancel()


def _gather(answer: Answer) -> None:
    """Take the next pieces of the body: all of them where they are few."""
    pieces, size_bytes = [], 0
    try:
        for piece in answer.rest or ():
            pieces.append(piece)
            size_bytes += len(piece)
            if size_bytes >= IN_MEMORY_BYTES:
                break
        else:
            _finish(answer)
    except BaseException:
        _finish(answer)
        raise
    answer.content = b"".join(pieces)


def _finish(answer: Answer) -> None:
    answer.rest = None
    if answer.close is not None:
        answer.close()
        answer.close = None


def environ_of(scope: Scope, body: BinaryIO) -> dict[str, Any]:
    """What the WSGI specification (PEP 3333) asks for."""
    size_bytes = body.seek(0, io.SEEK_END)
    body.seek(0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "tracking",
        "SERVER_PORT": "80",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if name not in _NOT_HANDED_ON:
            key = _NAMES.get(name) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
            text = value.decode("latin-1")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    environ["CONTENT_LENGTH"] = str(size_bytes)
    return environ
