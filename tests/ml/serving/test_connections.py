"""Connections to a model server, as careless, slow and hostile callers use them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.ml.serving.running import CONFIG, KEY, Running, running

HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = json.dumps(
    {"tasks": [{"id": 1, "data": {"text": "x"}}], "project": KEY, "label_config": CONFIG, "params": None}
).encode()
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


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
        (b"GET http://other/health?a=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
    ],
)
def test_what_is_odd_is_answered_and_the_connection_closed(served: Running, sent: bytes, status: int) -> None:
    with connected(served) as line:
        line.sendall(sent)
        assert heard(line)[0][0] == status
        assert is_closed(line)


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
