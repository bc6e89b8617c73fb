"""Connections to a model server, as careless, slow and hostile callers use them."""

from __future__ import annotations

import asyncio
import json
import socket
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

import pytest
import uvloop

from tests.ml.serving.running import CONFIG, KEY, Running, running
from treadle.ml.serving.answers import Answer
from treadle.ml.serving.connections import Connection, Front, Handler
from treadle.ml.serving.requests import Request

HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = json.dumps(
    {"tasks": [{"id": 1, "data": {"text": "x"}}], "project": KEY, "label_config": CONFIG, "params": None}
).encode()
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED_HEAD = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("connections"), "--max-body-mb", "1") as found:
        found.predict()
        yield found


@contextmanager
def connected(served: Running) -> Iterator[socket.socket]:
    parts = urlsplit(served.url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=20) as line:
        yield line


def heard(line: socket.socket, *, count: int = 1) -> list[tuple[int, bytes]]:
    """Status and body of the next answers."""
    found: list[tuple[int, bytes]] = []
    text = b""
    while len(found) < count:
        while b"\r\n\r\n" not in text:
            text += _more(line)
        head, _, text = text.partition(b"\r\n\r\n")
        status = int(head.split(b" ")[1])
        named = dict(part.lower().split(b": ", 1) for part in head.split(b"\r\n")[1:])
        length = int(named.get(b"content-length", b"0"))
        while len(text) < length:
            text += _more(line)
        if status != 100:
            found.append((status, text[:length]))
        text = text[length:]
    return found


def _more(line: socket.socket) -> bytes:
    received = line.recv(65536)
    assert received, "it was closed"
    return received


def is_closed(line: socket.socket) -> bool:
    try:
        return line.recv(65536) == b""
    except ConnectionResetError:
        return True


def test_one_connection_serves_requests_in_their_order_however_they_come(served: Running) -> None:
    whole = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"
    with connected(served) as line:
        line.sendall(whole + HEALTH + chunked + HEALTH * 40)
        found = heard(line, count=43)
        assert [status for status, _ in found] == [200] * 43
        assert [b"results" in body for _, body in found[:4]] == [True, False, True, False]
        for byte in whole[: len(HEAD) + 8], whole[len(HEAD) + 8 : -3], whole[-3:]:
            line.sendall(byte)
        assert b"results" in heard(line)[0][1]


def test_who_asks_whether_to_send_is_answered_before_the_body(served: Running) -> None:
    with connected(served) as line:
        line.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY))
        assert line.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(BODY)
        assert heard(line)[0][0] == 200


def test_a_body_that_is_too_large_is_refused_at_once_and_what_follows_is_answered(served: Running) -> None:
    size = 3 * 1024**2
    with connected(served) as line:
        line.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % size)
        assert heard(line)[0][0] == 413
        line.sendall(b"x" * size + HEALTH)
        assert heard(line)[0][0] == 200
    with connected(served) as line:  # one that does not say how large it is
        line.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % size + b"x" * size)
        assert heard(line)[0][0] == 413


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\n" + b"x-long: " + b"y" * 100_000, 431),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
        (b"GET /health HTTP/1.0\r\n\r\n", 200),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 200),
        (CHUNKED_HEAD + b"0\r\n" + b"x-more: %s\r\n" % (b"y" * 1000) * 700, 431),
        (CHUNKED_HEAD + b"0\r\nx-more: " + b"y" * 700_000, 431),
        (b"GET http://other/health?a=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
    ],
)
def test_what_is_odd_is_answered_and_the_connection_closed(served: Running, sent: bytes, status: int) -> None:
    with connected(served) as line:
        line.sendall(sent)
        assert heard(line)[0][0] == status
        assert is_closed(line)


def test_what_is_asked_before_what_cannot_be_read_is_answered_first(served: Running) -> None:
    for sent in HEALTH * 3 + b"nonsense\r\n\r\n", HEALTH * 3 + CHUNKED_HEAD + b"nonsense":
        with connected(served) as line:
            line.sendall(sent)
            assert [status for status, _ in heard(line, count=4)] == [200, 200, 200, 400]
            assert is_closed(line)


def test_who_is_refused_before_sending_a_body_is_not_kept(served: Running) -> None:
    with connected(served) as line:
        line.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 3000000\r\n\r\n")
        head = line.recv(65536)
        assert head.startswith(b"HTTP/1.1 413")
        assert b"\r\nconnection: close\r\n" in head


def test_what_breaks_off_within_a_body_keeps_nobody_waiting(served: Running) -> None:
    with connected(served) as line:
        line.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
    with connected(served) as line:
        line.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\nnonsense")
        assert heard(line)[0][0] == 400
        assert is_closed(line)
    assert served.get("/health")["status"] == "UP"


def test_head_is_answered_without_a_body(served: Running) -> None:
    with connected(served) as line:
        line.sendall(HEALTH.replace(b"GET", b"HEAD") + HEALTH)
        text = b""
        while text.count(b"\r\n\r\n") < 2:
            text += _more(line)
        assert text.split(b"\r\n\r\n")[1].startswith(b"HTTP/1.1 200")


@asynccontextmanager
async def fronted(handler: Handler) -> AsyncIterator[tuple[Front, socket.socket]]:
    """A front in this process, and who asks it; the latter takes little that it does not read."""
    front = Front(handler)
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setblocking(False)
        await front.start(listening)
        await loop.sock_connect(line, listening.getsockname())
        try:
            yield front, line
        finally:
            await front.end(0)


async def connection_of(front: Front) -> Connection:
    while not front.connections:
        await asyncio.sleep(0)
    return next(iter(front.connections))


async def settled() -> None:
    """When all that could happen has."""
    for _ in range(1500):
        await asyncio.sleep(0)


def test_nothing_more_is_answered_before_the_answers_are_taken() -> None:
    count, size = 400, 64 * 1024
    answered: list[str] = []

    async def answer(request: Request, _connection: Connection) -> Answer:
        answered.append(request.path)
        return Answer(b"x" * size)

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        async with fronted(answer) as (_, line):
            await loop.sock_sendall(line, HEALTH * count)
            await settled()
            assert 0 < len(answered) < count / 2
            taken = 0
            while taken < count * size:
                taken += len(await loop.sock_recv(line, 1024**2))

    uvloop.run(ask())
    assert len(answered) == count


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "to be closed"])
def test_who_takes_nothing_of_an_answer_is_let_go(is_kept: bool) -> None:
    async def answer(_request: Request, _connection: Connection) -> Answer:
        return Answer(b"", pieces=iter([b"x" * 2**20] * 16)) if is_kept else Answer(b"x" * 2**24)

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        async with fronted(answer) as (front, line):
            await loop.sock_sendall(line, HEALTH if is_kept else HEALTH[:-2] + b"Connection: close\r\n\r\n")
            connection = await connection_of(front)
            await settled()
            now_s, looks = loop.time(), iter(range(0, 600, 10))
            # The system may take a piece between two looks, and the time begins anew.
            while connection in front.connections:
                later_s = next(looks)
                connection.close_if_silent(now_s + later_s)
                await settled()
            assert later_s > 120

    uvloop.run(ask())


@pytest.mark.parametrize(
    ("sent", "more", "kept_s", "most_s"),
    [
        (b"", b"", 29, 31),
        (b"GET /health HT", b"T", 29, 31),
        (CHUNKED_HEAD + b"2\r\n{", b"", 119, 121),
    ],
    ids=["nothing", "a slow head", "a body that breaks off"],
)
def test_who_sends_too_slowly_is_let_go(sent: bytes, more: bytes, kept_s: float, most_s: float) -> None:
    async def answer(request: Request, _connection: Connection) -> Answer:
        return Answer(await request.body(1000))

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        async with fronted(answer) as (front, line):
            connection = await connection_of(front)
            for part in sent, more:
                await loop.sock_sendall(line, part)
                await settled()
            now_s = loop.time()
            connection.close_if_silent(now_s + kept_s)
            await settled()
            assert connection in front.connections
            connection.close_if_silent(now_s + most_s)
            await settled()
            assert connection not in front.connections

    uvloop.run(ask())


def test_what_stands_behind_a_body_is_no_part_of_the_head() -> None:
    async def answer(request: Request, _connection: Connection) -> Answer:
        return Answer(await request.body(1000) + request.header(b"authorization"))

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        async with fronted(answer) as (_, line):
            await loop.sock_sendall(line, CHUNKED_HEAD + b"1\r\nx\r\n0\r\nAuthorization: Bearer y\r\n\r\n")
            assert (await loop.sock_recv(line, 65536)).endswith(b"\r\n\r\nx")

    uvloop.run(ask())


def test_a_body_in_crumbs_takes_no_more_memory_than_it_has_bytes() -> None:
    async def read() -> bytes:
        request = Request("POST", b"/", [], keeps_alive=True, set_pace=lambda: None)
        tracemalloc.start()
        try:
            for number in range(20_000):
                request.feed(b"%02d" % (number % 100))
            request.end()
            whole = await request.body(1024**2)
            assert tracemalloc.get_traced_memory()[1] < 4 * len(whole)
        finally:
            tracemalloc.stop()
        return whole

    assert asyncio.run(read()) == b"".join(b"%02d" % (number % 100) for number in range(20_000))
