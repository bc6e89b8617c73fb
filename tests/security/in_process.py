"""The whole application in this process, asked without a socket: raw paths and headers go in as they are."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import httpx
from starlette.types import ASGIApp, Message, Scope

from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_TOKEN, RunningServer, keep_migrated_file
from treadle.launch.application import create_application
from treadle.settings import Secret, Settings
from treadle.web import Parts, open_parts

Made = TypeVar("Made")

URL = "http://treadle.test"
#: Whoever asks gets an answer long before; what takes longer hangs.
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Request:
    """One request as it stands on the wire, its path and query encoded."""

    method: str
    path: bytes
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    #: In which pieces the body comes.
    body: tuple[bytes, ...] = ()

    def with_header(self, name: bytes, value: bytes) -> Request:
        """The same with a header more, or in its place."""
        kept = tuple(pair for pair in self.headers if pair[0] != name)
        return replace(self, headers=(*kept, (name, value)))


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The first header of that name, "" for none."""
        wanted = name.lower().encode()
        return next((value.decode("latin-1") for each, value in self.headers if each == wanted), "")


class InProcess:
    """An application with a loop of its own in a thread."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def ask(self, request: Request) -> Answer:
        """The answer. Raises TimeoutError for one that does not come, and whatever the application raised."""
        asked = asyncio.run_coroutine_threadsafe(_ask(self._application, request), self._loop)
        return asked.result(PATIENCE_S)

    def run(self, verb: Callable[[], Any]) -> Any:
        """Await something in the loop."""
        return asyncio.run_coroutine_threadsafe(verb(), self._loop).result(PATIENCE_S)

    def close(self) -> None:
        """End the loop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Transport(httpx.BaseTransport):
    """Lets an `httpx.Client` ask an application in this process."""

    def __init__(self, inside: InProcess) -> None:
        self._inside = inside

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path, _, query = request.url.raw_path.partition(b"?")
        headers = tuple((name.lower(), value) for name, value in request.headers.raw)
        answer = self._inside.ask(Request(request.method, path, query, headers, (request.read(),)))
        return httpx.Response(answer.status, headers=list(answer.headers), content=answer.body)


@dataclass(frozen=True)
class InnerServer(RunningServer):
    """A server that is asked in this process."""

    inside: InProcess
    #: The same for who holds the data folder: its owner, without any token.
    own: InProcess

    def client(self, token: str | None = ADMIN_TOKEN, **headers: str) -> httpx.Client:
        """As `RunningServer.client`."""
        if token is not None:
            headers["Authorization"] = f"Token {token}"
        return httpx.Client(base_url=URL, headers=headers, transport=Transport(self.inside))

    def owner(self) -> httpx.Client:
        """The owner of the data folder."""
        return httpx.Client(base_url=URL, transport=Transport(self.own))


@contextmanager
def serve_inside(database_url: str, data_dir: Path, **settings: Any) -> Iterator[InnerServer]:
    """An application with the administrator of `tests.serving`; ``database_url`` "": a file of SQLite."""
    if not database_url:
        keep_migrated_file(data_dir)
    given = {
        "admin_email": ADMIN_EMAIL,
        "admin_password": Secret(ADMIN_PASSWORD),
        "admin_token": Secret(ADMIN_TOKEN),
        **settings,
    }
    parts = open_parts(Settings(database_url=database_url, data_dir=data_dir, **given))
    inside = InProcess(create_application(parts))
    own = InProcess(create_application(parts, is_local=True))
    try:
        yield InnerServer(URL, parts, inside, own)
    finally:
        _end(parts, inside)
        inside.close()
        own.close()
        parts.close()


def _end(parts: Parts, inside: InProcess) -> None:
    inside.run(parts.end_tracking)


async def _ask(application: ASGIApp, request: Request) -> Answer:
    told: list[Message] = []
    coming = iter(_messages(request.body))
    is_over = asyncio.Event()

    async def receive() -> Message:
        message = next(coming, None)
        if message is None:
            await is_over.wait()
            return {"type": "http.disconnect"}
        return message

    async def send(message: Message) -> None:
        told.append(message)

    await application(_scope(request), receive, send)
    is_over.set()
    return _answer(told)


def _messages(pieces: Sequence[bytes]) -> Iterable[Message]:
    last = len(pieces) - 1
    for number, piece in enumerate(pieces or (b"",)):
        yield {"type": "http.request", "body": piece, "more_body": number < last}


def _scope(request: Request) -> Scope:
    path = request.path.decode("ascii", "replace")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": request.path,
        "root_path": "",
        "query_string": request.query,
        "headers": list(request.headers),
        "client": ("127.0.0.1", 40_000),
        "server": ("treadle.test", 80),
        "state": {},
    }


def _answer(told: Sequence[Message]) -> Answer:
    assert told, "the application ended without a word"
    start = told[0]
    assert start["type"] == "http.response.start", start
    assert not told[-1].get("more_body"), "the answer broke off"
    body = b"".join(message.get("body", b"") for message in told[1:])
    return Answer(start["status"], tuple(start.get("headers", ())), body)
