"""A request within a body: sent where MLflow answers before it has read all that it was told would come."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from urllib.parse import urlsplit

import httpx
import pytest

from tests.tracking.door.world import V2, V3, World
from treadle.tracking.channel import Connection

#: Answered without a look at their bodies: by what may only be read, and by what lacks a header.
EARLY = (("GET", f"{V3}/mcp-servers"), ("POST", "/v1/traces"))
#: More than the head of any request: the rest of a body that is owed would swallow it.
OWED_BYTES = 4_000
SEARCH = f"{V2}/experiments/search"


def by_smuggling(world: World) -> Iterator[httpx.Response]:
    """A connection that is owed a body takes the next request for it, and what is in that for a request."""
    for early in EARLY:
        answer = smuggle(world, early)
        assert answer.status_code == 400, "the body was a body, and no JSON"
        yield answer
    with pytest.MonkeyPatch.context() as patch:
        # As if a connection carried on whatever it is owed: then the request is one, but nobody's.
        patch.setattr(Connection, "_is_clean", lambda self: self._is_kept and not self._is_lost)
        for early in EARLY:
            answer = smuggle(world, early)
            assert (answer.status_code, "did not pass the door" in answer.text) == (403, True), answer.text
            yield answer


def smuggle(world: World, early: tuple[str, str]) -> httpx.Response:
    """What the stranger is answered whose body holds a request with a visitor of their choice."""
    method, path = early
    with connected(world) as owing, connected(world) as line:
        send(owing, world, method, path, length=OWED_BYTES + 5)
        owing.sendall(b"12345")
        assert receive(owing).status_code < 500
        send(line, world, "POST", SEARCH, length=len(hidden := hidden_request(world)))
        line.sendall(hidden)
        return receive(line, httpx.Request("POST", world.server.url + SEARCH, content=hidden))


def hidden_request(world: World) -> bytes:
    """After empty lines, which a server passes over, however many of them are taken for the body before."""
    told = {"user_id": 1, "email": "x", "workspace_id": world.victim, "level": "manage", "workspaces": []}
    wanted = f"{V2}/experiments/get?experiment_id={world.ids['experiment_id']}"
    head = (
        f"GET {wanted} HTTP/1.1\r\nhost: x\r\nx-treadle-visitor: {json.dumps(told)}\r\n"
        f"x-mlflow-workspace: ws-{world.victim}\r\n\r\n"
    )
    return b"\r\n" * OWED_BYTES + head.encode()


def connected(world: World) -> socket.socket:
    """A connection to the server."""
    place = urlsplit(world.server.url)
    return socket.create_connection((place.hostname or "", place.port or 0), timeout=30)


def send(line: socket.socket, world: World, method: str, path: str, *, length: int) -> None:
    """The stranger's head of a request."""
    line.sendall(
        (
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.tokens['stranger']}\r\n"
            f"X-MLFLOW-WORKSPACE: ws-{world.stranger}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {length}\r\n\r\n"
        ).encode()
    )


def receive(line: socket.socket, asked: httpx.Request | None = None) -> httpx.Response:
    """The answer."""
    answer = HTTPResponse(line)
    answer.begin()
    return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read(), request=asked)
