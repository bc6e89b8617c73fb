"""Whatever is sent to the S3 door, it answers in S3's words, and never by a fault of its own."""

from __future__ import annotations

import os
import resource
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.conftest import DATABASES
from tests.postgresql import PostgresqlServer
from tests.security.in_process import PATIENCE_S, InnerServer, Request, serve_inside
from tests.security.s3_cases import Draft, Key, make_case, sign
from tests.serving import RunningServer, serve

#: What the memory of the process may grow by, whatever was sent: a document is 4 MiB at most.
_MOST_GROWTH_KIB = 400 * 1024


@contextmanager
def opened(kind: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[InnerServer]:
    """A server on a kind of database."""
    if kind == "sqlite":
        with serve_inside("", folder) as server:
            yield server
        return
    postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
    with postgresql.fresh_database() as url, serve_inside(url, folder) as server:
        yield server


def make_ground(server: RunningServer) -> Key:
    """A key, a bucket with two objects, and an upload that has begun."""
    with server.client() as admin:
        made = admin.post("/api/s3-keys", json={"name": "fuzz"}).json()
        repo = admin.post("/api/repos/", json={"name": "fuzzed", "workspace": 1}).json()["id"]
        for path in ("a.txt", "folder/b.bin"):
            answer = admin.put(f"/api/repos/{repo}/files/{path}?branch=master", content=path.encode() * 100)
            assert answer.status_code == 201, answer.text
    return Key(made["access_key_id"], made["secret_access_key"], b"master.fuzzed", b"none")


def with_upload(server: InnerServer, key: Key) -> Key:
    """The same with an upload that is there."""
    begin = Draft("POST", b"/s3/" + key.bucket + b"/up.bin", b"uploads")
    answer = server.inside.ask(sign(key, begin, datetime.now(timezone.utc)))
    assert answer.status == 200, answer.body
    upload = answer.body.partition(b"<UploadId>")[2].partition(b"<")[0]
    return replace(key, upload=upload)


def fuzz(server: InnerServer, first: int, count: int) -> Counter[int]:
    """Ask cases by their numbers; the statuses."""
    key = with_upload(server, make_ground(server))
    statuses: Counter[int] = Counter()
    faults = []
    for number in range(first, first + count):
        case = make_case(key, number, datetime.now(timezone.utc))
        answer = server.inside.ask(case)
        statuses[answer.status] += 1
        if answer.status >= 500 and answer.status != 501:
            faults.append(
                f"{number}: {case.method} {case.path[:200]!r} {answer.status} {answer.body[:300]!r}"
            )
    assert faults == []
    return statuses


@pytest.mark.parametrize("kind", DATABASES)
def test_some_hundred_requests_at_the_s3_door_find_no_fault(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with opened(kind, tmp_path / "data", request) as server:
        statuses = fuzz(server, 0, 400)
    assert statuses[200] + statuses[204] + statuses[206] > 50
    assert {400, 403, 404} <= set(statuses)


@pytest.mark.long
@pytest.mark.parametrize("kind", DATABASES)
def test_thirty_thousand_requests_at_the_s3_door_find_no_fault_and_take_no_memory(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """FUZZ_SEED is the number of the first case, FUZZ_CASES how many."""
    first, count = int(os.environ.get("FUZZ_SEED", "1000")), int(os.environ.get("FUZZ_CASES", "30000"))
    with opened(kind, tmp_path / "data", request) as server:
        before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        statuses = fuzz(server, first, count)
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    print(sum(statuses.values()), sorted(statuses.items()), f"{grown_kib // 1024} MiB more")
    assert grown_kib < _MOST_GROWTH_KIB


def test_what_is_hardly_http_ends_its_own_connection_alone(tmp_path: Path) -> None:
    """Over a socket: what a parser of HTTP gets to see, and bodies that break off."""
    with serve("", tmp_path / "data") as server:
        key = make_ground(server)
        for number in range(60):
            case = make_case(key, number, datetime.now(timezone.utc))
            answer = exchange(server.url, raw(case, is_cut=number % 3 == 0))
            assert answer == b"" or answer.startswith(b"HTTP/1.1 "), answer[:100]
            assert not answer.startswith((b"HTTP/1.1 500", b"HTTP/1.1 502")), (number, answer[:500])
        with server.client() as client:
            assert client.get("/health").status_code == 200


def raw(case: Request, *, is_cut: bool) -> bytes:
    """The request as bytes of HTTP/1.1, with a length that may promise more than comes."""
    body = b"".join(case.body)
    target = case.path + (b"?" + case.query if case.query else b"")
    lines = [case.method.encode() + b" " + target + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in case.headers if name != b"content-length"]
    lines.append(b"Content-Length: %d" % (len(body) + 10 * is_cut))
    return b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body


def exchange(url: str, sent: bytes) -> bytes:
    """What comes back until the connection ends."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        got = []
        while piece := connection.recv(65536):
            got.append(piece)
    return b"".join(got)
