"""A real server in this process, on a port of its own."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from treadle.db import Database, connect_url, migrate
from treadle.launch.application import create_application
from treadle.settings import Secret, Settings
from treadle.web import Parts, open_parts
from treadle.web.routing import Route, RouteTree

ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "correct horse"
ADMIN_TOKEN = "0123456789abcdef0123456789abcdef01234567"
PASSWORD = "eight or more"


@dataclass(frozen=True)
class Person:
    """Somebody who signed up, with a token."""

    id: int
    email: str
    token: str


@dataclass(frozen=True)
class RunningServer:
    """A server that answers at ``url``."""

    url: str
    parts: Parts

    @property
    def database(self) -> Database:
        return self.parts.database

    def client(self, token: str | None = ADMIN_TOKEN, **headers: str) -> httpx.Client:
        """A client with a token; None: nobody."""
        if token is not None:
            headers["Authorization"] = f"Token {token}"
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60)

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        """A client as a browser would be, with the cookie of a loaded sign-in page."""
        with self.client(None) as client:
            client.get("/user/login/")
            yield client

    def sign_up(self, email: str, **fields: str) -> Person:
        """A new person through the form, with their legacy token."""
        with self.browser() as client:
            fields = {"email": email, "password": PASSWORD, **fields}
            answer = post_form(client, "/user/signup/", fields)
            assert answer.status_code == 302, answer.text
            user_id = client.get("/api/current-user/whoami").json()["id"]
            return Person(user_id, email, client.get("/api/current-user/token").json()["token"])

    def member(self, email: str, role: str, workspace_id: int = 1) -> Person:
        """A new person with a role that the administrator gives them."""
        person = self.sign_up(email)
        with self.client() as admin:
            body = {"user": person.id, "role": role}
            answer = admin.post(f"/api/workspaces/{workspace_id}/members", json=body)
            assert answer.status_code == 201, answer.text
        return person


def post_form(client: httpx.Client, path: str, fields: dict[str, str], **more: Any) -> httpx.Response:
    """Send a form with the CSRF cookie repeated, as our pages do."""
    token = client.cookies.get("csrftoken", "")
    return client.post(path, data={**fields, "csrfmiddlewaretoken": token}, **more)


def _config(application: ASGIApp) -> uvicorn.Config:
    """As the web process has it: what proxies say is for ourselves to believe."""
    return uvicorn.Config(application, log_config=None, access_log=False, lifespan="off", proxy_headers=False)


@contextmanager
def serve(
    database_url: str, data_dir: Path, *, routes: tuple[Route, ...] = (), **settings: Any
) -> Iterator[RunningServer]:
    """Serve until the block ends; with the administrator above unless ``admin_email`` is empty.

    database_url: "" for a file of SQLite in ``data_dir``.
    """
    if not database_url:
        keep_migrated_file(data_dir)
    given: dict[str, Any] = {"admin_email": ADMIN_EMAIL, **settings}
    if given["admin_email"]:
        given.setdefault("admin_password", Secret(ADMIN_PASSWORD))
        given.setdefault("admin_token", Secret(ADMIN_TOKEN))
    parts = open_parts(Settings(database_url=database_url, data_dir=data_dir, **given))
    application = create_application(parts, RouteTree(routes) if routes else None)
    listening = socket.create_server(("127.0.0.1", 0))
    server = _Server(_config(application))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield RunningServer(f"http://127.0.0.1:{listening.getsockname()[1]}", parts)
    finally:
        server.stop()
        thread.join()
        listening.close()
        parts.close()


class _Server(uvicorn.Server):
    """Ends when it is told to, where uvicorn's looks ten times a second whether it is."""

    _wake: Callable[[], object] = staticmethod(lambda: None)

    def stop(self) -> None:
        """End soon; from another thread."""
        self.should_exit = True
        self._wake()

    async def main_loop(self) -> None:
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(told.set)
        while not await self.on_tick(0):
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(told.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for each in sockets or []:
            each.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.002)


def keep_migrated_file(data_dir: Path) -> None:
    """Put a migrated database where a server would make one, unless there is one: it takes much longer."""
    path = data_dir / "treadle.sqlite3"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        path.write_bytes(migrated_file())


@cache
def migrated_file() -> bytes:
    """An SQLite database with every table and nothing in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "treadle.sqlite3"
        database = Database.open(connect_url(path), journal_mode="DELETE")
        migrate(database)
        database.close()
        return path.read_bytes()
