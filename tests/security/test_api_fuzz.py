"""Whatever is sent to the API, it answers, and never by a fault of its own."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from schemathesis import Case

from tests.conftest import DATABASES
from tests.postgresql import PostgresqlServer
from tests.security.api_cases import Target, cases, targets, to_request
from tests.security.in_process import Answer, InnerServer, Request, serve_inside
from tests.web.operations.world import World, build_world
from tests.working import working

#: What is said with 501 or 503 and is meant so.
MEANT = frozenset(("backend-busy",))
#: What starts the process of experiments and models, which a short round does without.
_OF_TRACKING = ("/api/tracking/", "/version")
PER_WORLD = 25
PER_TURN = 22


@dataclass
class Round:
    """What was asked and what came of it."""

    asked: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    reached: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def note(self, target: Target, request: Request, answer: Answer) -> None:
        """Count an answer, and keep a fault with what reproduces it."""
        self.asked += 1
        self.statuses[answer.status] += 1
        if answer.status < 400:
            self.reached.add(target.label)
        if answer.status >= 500 and not is_meant(answer):
            said = answer.body[:300].decode("utf-8", "replace")
            self.faults.append(f"{target.label} {shown(request)} -> {answer.status} {said}")


def is_meant(answer: Answer) -> bool:
    """Whether a 501 or 503 tells what is not there or away."""
    if answer.status not in (501, 503):
        return False
    return answer.status == 501 or any(f'"code":"{code}"'.encode() in answer.body for code in MEANT)


def shown(request: Request) -> str:
    """A request, short enough to be read."""
    body = b"".join(request.body)[:600]
    told = [
        pair
        for pair in request.headers
        if pair[0] not in (b"user-agent", b"accept-encoding", b"authorization")
    ]
    return f"{request.method} {request.path!r}?{request.query[:300]!r} {told} {body!r}"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are of nobody; addresses are asked as they are."""
    look_up = socket.getaddrinfo

    def look_up_numbers(host: Any, *rest: Any, **more: Any) -> Any:
        if host is None or str(host).replace(".", "").isdigit() or host in ("localhost", b"localhost"):
            return look_up(host, *rest, **more)
        raise socket.gaierror(socket.EAI_NONAME, "no network here")

    monkeypatch.setattr(socket, "getaddrinfo", look_up_numbers)


@contextmanager
def opened(kind: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[InnerServer]:
    """A server with a worker, on a kind of database."""
    only_here = {"ml_allow": "127.0.0.1", "builtin_backends": False}
    if kind == "sqlite":
        with serve_inside("", folder, **only_here) as server, working(server):
            yield server
        return
    postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
    with (
        postgresql.fresh_database() as url,
        serve_inside(url, folder, **only_here) as server,
        working(server),
    ):
        yield server


def token_of(server: InnerServer) -> str:
    """A new token of the administrator, whatever has become of the others."""
    with server.owner() as owner:
        answer = owner.post("/api/tokens", json={"name": "fuzz"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def refresh_of(client: httpx.Client) -> str:
    """The administrator's refresh token, of which there is one at a time."""
    answer = client.post("/api/token/")
    if answer.status_code == 201:
        return str(answer.json()["token"])
    there = client.get("/api/token/").json()
    return str(there[0]["token"]) if there else "none"


def fuzz(
    servers: Sequence[InnerServer], target: Target, made: Sequence[Case], number: int, noted: Sequence[Round]
) -> None:
    """Ask ``target`` by each case on each server; a change gets a new world now and then."""
    for server, its in zip(servers, noted, strict=True):
        chance = Random(f"{target.label} {number}")
        world, token = World({}), ""
        for at, case in enumerate(made):
            if at % PER_WORLD == 0:
                token = token_of(server)
                with server.client(token) as client:
                    world = build_world(client, *target.names - {"refresh"})
                    refresh = refresh_of(client) if "refresh" in target.names else ""
                world = World({**world.ids, "user": "1", "refresh": refresh})
            asked = to_request(case, target, world, chance)
            asked = asked.with_header(b"authorization", f"Token {token}".encode())
            asked = asked.with_header(b"host", b"treadle.test")
            its.note(target, asked, server.inside.ask(asked))


@pytest.mark.parametrize("kind", DATABASES)
def test_some_requests_of_every_kind_find_no_fault(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, no_network: None
) -> None:
    """Of other operations on each database, and of all in the long one."""
    noted = Round()
    every = [each for each in targets() if not each.described.path.startswith(_OF_TRACKING)]
    with opened(kind, tmp_path / "data", request) as server:
        for target in every[DATABASES.index(kind) :: 16]:
            fuzz([server], target, cases(target, 4, 1), 1, [noted])
    assert noted.faults == []
    assert len(noted.reached) > 5


@pytest.mark.long
def test_twenty_thousand_cases_find_no_fault_on_either_database(
    tmp_path: Path, request: pytest.FixtureRequest, no_network: None
) -> None:
    """FUZZ_SEED gives other ones, FUZZ_CASES more or fewer, FUZZ_PART (0/2, 1/2) a share of operations."""
    number, most = int(os.environ.get("FUZZ_SEED", "1")), int(os.environ.get("FUZZ_CASES", "20000"))
    part, of = (int(each) for each in os.environ.get("FUZZ_PART", "0/1").split("/"))
    every = list(targets())[part::of]
    noted = [Round() for _ in DATABASES]
    with ExitStack() as stack:
        servers = [stack.enter_context(opened(kind, tmp_path / kind, request)) for kind in DATABASES]
        turn = 0
        while noted[0].asked < most // of:
            for target in every:
                fuzz(servers, target, cases(target, PER_TURN, number + turn), number + turn, noted)
                print(target.label, noted[0].asked, *(each.faults[-1:] for each in noted), flush=True)
            turn += 1
    for kind, its in zip(DATABASES, noted, strict=True):
        reached = f"{len(its.reached)} of {len(every)} operations answered well"
        print(f"{kind}: {its.asked} cases, {sorted(its.statuses.items())}, {reached}")
    assert [fault for its in noted for fault in its.faults] == []
    assert min(len(its.reached) for its in noted) > 0.8 * len(every)
