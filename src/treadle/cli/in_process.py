"""The server's own application without a server: commands on a data folder that nobody holds."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from email.message import Message
from functools import partial
from urllib.parse import unquote

from starlette.types import ASGIApp

from treadle.backups.unfinished import check_is_whole
from treadle.client.archives import FilesAsTar, no_text
from treadle.client.transport import Body
from treadle.launch.lock import take_lock
from treadle.repos.contents import FileBytes
from treadle.repos.values import NewFile
from treadle.settings import Settings
from treadle.web import (
    routes_admin,
    routes_admin_people,
    routes_audit,
    routes_repos,
    routes_repos_files,
    routes_repos_history,
    routes_repos_refs,
    routes_service_accounts,
    routes_tokens,
    routes_workspaces,
)
from treadle.web.app import create_app
from treadle.web.handing import HANDED
from treadle.web.parts import open_parts
from treadle.web.routing import Route, RouteTree

_WITH_FOLDERS = ("put", "get")
_WITH_JOBS = ("gc", "fsck")
#: What the others ask for; archives and jobs take long to import.
_QUICK: tuple[Route, ...] = (
    *routes_repos.ROUTES,
    *routes_repos_refs.ROUTES,
    *routes_repos_files.ROUTES,
    *routes_repos_history.ROUTES,
)
_ADMINISTRATION: tuple[Route, ...] = (
    *routes_workspaces.ROUTES,
    *routes_tokens.ROUTES,
    *routes_service_accounts.ROUTES,
    *routes_admin_people.ROUTES,
    *routes_admin.ROUTES,
    *routes_audit.ROUTES,
)
_WAIT_S = 5.0
_WAITING_CHUNKS = 4
_CHUNK_BYTES = 256 * 1024


@contextmanager
def open_in_process(settings: Settings, verb: str) -> Iterator[InProcessTransport]:
    """The data folder, held while the block runs, and asked as its owner; for one command.


    Raises Conflict("data-dir-held", "restore-unfinished"), Unavailable("data-dir-unusable").
    """
    lock = take_lock(settings.data_dir, _WAIT_S)
    try:
        check_is_whole(settings.data_dir)
        parts = open_parts(settings)
        transport = InProcessTransport(create_app(parts, RouteTree(_routes(verb)), is_local=True))
        try:
            yield transport
        finally:
            transport.close()
            parts.close()
    finally:
        lock.release()


def _routes(verb: str) -> tuple[Route, ...]:
    if verb.startswith("admin "):
        return _ADMINISTRATION
    if verb in _WITH_FOLDERS:
        from treadle.web.repo_routes import ROUTES

        return ROUTES
    if verb in _WITH_JOBS:
        from treadle.cli.in_place import ROUTES as JOB_ROUTES

        return (*_QUICK, *JOB_ROUTES)
    return _QUICK


class InProcessTransport:
    """Carries requests to an application in this process, whose loop has a thread of its own."""

    takes_files = True

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="application", daemon=True)
        self._thread.start()

    def send(self, method: str, target: str, body: Body, headers: Mapping[str, str]) -> _Response:
        """The answer to one request, its body unread. Raises OSError where the application failed."""
        scope = _scope(method, target, headers)
        if isinstance(body, FilesAsTar):
            scope[HANDED], body = _FilesAsTheyLie(body), b""
        exchange = _Exchange(body)
        running = self._app(scope, exchange.receive, exchange.send)
        future = asyncio.run_coroutine_threadsafe(_awaited(running), self._loop)
        future.add_done_callback(lambda _ended: exchange.end())
        return _Response(exchange)

    def close(self) -> None:
        """End the loop; again: nothing."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _awaited(running: object) -> None:
    await running  # type: ignore[misc]


class _Exchange:
    """One request: its body is taken, and its answer handed over, a chunk at a time."""

    def __init__(self, body: Body) -> None:
        self._chunks = iter([body] if isinstance(body, bytes) else body or ())
        self._messages: queue.Queue[Mapping[str, object] | None] = queue.Queue(_WAITING_CHUNKS)
        self._is_sent = False
        self._is_unwanted = False

    async def receive(self) -> dict[str, object]:
        if self._is_sent:
            return {"type": "http.disconnect"}
        chunk = await asyncio.get_running_loop().run_in_executor(None, next, self._chunks, None)
        self._is_sent = chunk is None
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    async def send(self, message: Mapping[str, object]) -> None:
        if self._is_unwanted:
            raise OSError("nobody reads the answer any more")
        await asyncio.get_running_loop().run_in_executor(None, self._messages.put, message)

    def end(self) -> None:
        """Nothing more comes."""
        threading.Thread(target=self._messages.put, args=(None,), daemon=True).start()

    def take(self) -> Mapping[str, object] | None:
        """The next message; None at the end."""
        return self._messages.get()

    def leave(self) -> None:
        """Let the application end, whatever it still has to say."""
        self._is_unwanted = True
        while self.take() is not None:
            pass


class _Response:
    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange
        start = exchange.take()
        if start is None:
            raise OSError("the application failed")
        status = start["status"]
        assert isinstance(status, int)
        self.status = status
        self.headers = Message()
        for name, value in start["headers"]:  # type: ignore[attr-defined]
            self.headers[name.decode("latin-1")] = value.decode("latin-1")
        self._rest = b""
        self._is_over = False

    def read(self, most_bytes: int | None) -> bytes:
        """The next bytes; b"" at the end. Raises OSError where the application broke off."""
        wanted = [self._rest]
        size_bytes = len(self._rest)
        while not self._is_over and (most_bytes is None or size_bytes < most_bytes):
            chunk = self._next()
            wanted.append(chunk)
            size_bytes += len(chunk)
        content = b"".join(wanted)
        cut = len(content) if most_bytes is None else most_bytes
        self._rest = content[cut:]
        return content[:cut]

    def close(self) -> None:
        """Nothing more of it is wanted."""
        if not self._is_over:
            self._is_over = True
        self._exchange.leave()

    def _next(self) -> bytes:
        message = self._exchange.take()
        if message is None:
            self._is_over = True
            raise OSError("the application broke off")
        chunk = message.get("body", b"")
        assert isinstance(chunk, bytes)
        self._is_over = not message.get("more_body", False)
        return chunk


class _FilesAsTheyLie:
    """The files of a body as the store takes them."""

    def __init__(self, body: FilesAsTar) -> None:
        self._body = body

    def __iter__(self) -> Iterator[NewFile]:
        for new in self.unwatched():
            yield new
            self._body.progress(1, 0)

    def unwatched(self) -> Iterator[NewFile]:
        progress = partial(self._body.progress, 0)
        for file in self._body.files:
            try:
                file.path.encode()
            except UnicodeError as error:
                raise no_text(file.path) from error
            modified_at = datetime.fromtimestamp(file.modified_s, timezone.utc)
            yield NewFile(file.path, FileBytes(file.place, progress), modified_at=modified_at)


def _scope(method: str, target: str, headers: Mapping[str, str]) -> dict[str, object]:
    path, _, query = target.partition("?")
    told = {"host": "localhost", **{name.lower(): value for name, value in headers.items()}}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in told.items()],
        "client": None,
        "server": None,
    }
