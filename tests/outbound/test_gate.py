"""The gate: what it refuses to call, and when it stops listening."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from treadle.errors import Forbidden, Invalid, TreadleError, Unavailable
from treadle.outbound import AllowList, Gate, check_address, connecting
from treadle.outbound.speaking import parse_url

LOOPBACK = AllowList.parse("127.0.0.0/8")
FILE = bytes(range(250)) * 1_200


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self._send(302, b"", Location=self.path.removeprefix("/to/"))
        elif self.path == "/round":
            self._send(302, b"", Location="/round")
        elif self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "999")
            self.end_headers()
            self.wfile.write(b"short")
        elif self.path.startswith("/ranges") and "Range" in self.headers:
            first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
            piece = FILE[int(first) : int(last) + 1 if last else None]
            self._send(206 if piece else 416, piece)
        elif self.path.startswith("/missing"):
            self._send(404, b"")
        else:
            self._send(200, FILE)

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """A server on the loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def fetch(
    url: str, allowed: AllowList = LOOPBACK, most_bytes: int = 10**6, time_limit_s: float = 10
) -> bytes:
    with Gate(allowed, most_bytes, time_limit_s).fetch(url) as fetched:
        return b"".join(fetched.chunks)


def test_a_file_comes_with_its_name(site: str) -> None:
    with Gate(LOOPBACK, 10**6, 10).fetch(f"{site}/a/t%C3%A4sks.json?key=1") as fetched:
        assert fetched.name == "täsks.json"
        assert b"".join(fetched.chunks) == FILE


@pytest.mark.parametrize("path", ["ranges", "whole"])
def test_a_part_of_a_file_is_fetched_of_servers_with_and_without_ranges(site: str, path: str) -> None:
    size = len(FILE)
    for start, end in [(0, 1), (5, 270_001), (size - 2, None), (size - 2, size + 9), (size + 1, None)]:
        with Gate(LOOPBACK, 10**6, 10).fetch(f"{site}/{path}", start, end) as fetched:
            assert b"".join(fetched.chunks) == FILE[start:end]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00:ec2::254", "::ffff:127.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "64:ff9b:1::808:808", "2001:0:808:808::f7f7:f7f7",
        "::127.0.0.1", "::10.0.0.1", "::ffff:0:127.0.0.1", "fec0::1",
    ],
)  # fmt: skip
def test_a_private_address_is_refused(address: str) -> None:
    with pytest.raises(Forbidden, match="TREADLE_OUTBOUND_ALLOW"):
        check_address("host", address, AllowList())


def test_an_address_may_be_allowed_by_name_or_range() -> None:
    allowed = AllowList.parse("10.0.0.0/8, Files.Internal, fd00::/8")
    check_address("a", "10.9.9.9", allowed)
    check_address("a", "::ffff:10.9.9.9", allowed)
    check_address("files.internal.", "192.168.1.1", allowed)
    check_address("a", "fd00::1", allowed)
    check_address("a", "93.184.216.34", AllowList())
    check_address("a", "2606:2800:220:1::1", AllowList())
    check_address("a", "64:ff9b::5db8:d822", AllowList())
    with pytest.raises(Forbidden):
        check_address("other.internal", "192.168.1.1", allowed)
    with pytest.raises(Invalid, match="neither a host nor a range"):
        AllowList.parse("10.0.0.0/99")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1"])
def test_no_spelling_of_the_loopback_is_called(host: str, site: str) -> None:
    port = site.rpartition(":")[2]
    with pytest.raises(Forbidden):
        fetch(f"http://{host}:{port}/file", AllowList())


def test_a_redirect_passes_the_gate_again(site: str) -> None:
    assert fetch(f"{site}/to//file") == FILE
    with pytest.raises(Forbidden, match=r"169\.254\.169\.254"):
        fetch(f"{site}/to/http://169.254.169.254/latest/meta-data")
    with pytest.raises(Invalid, match="no http or https"):
        fetch(f"{site}/to/file:///etc/passwd")
    with pytest.raises(Unavailable, match="redirects"):
        fetch(f"{site}/round")


def test_the_address_that_was_looked_at_is_the_one_that_is_called(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers with a public address first, and with the loopback when it is asked again."""
    port = int(site.rpartition(":")[2])
    asked: list[str] = []

    def resolve(host: str, _port: int, **_options: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) > 1 else "192.0.2.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(Forbidden):
        fetch(f"http://rebinding.example:{port}/file", AllowList())
    assert asked == ["rebinding.example"]


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("ftp://example.com/a", Invalid),
        ("//example.com/a", Invalid),
        ("http://", Invalid),
        ("http://user:secret@example.com/", Invalid),
        ("http://example.com:99999/", Invalid),
        ("http://exa mple.com/\r\nHost: x", Invalid),
        ("http://" + "a" * 64 + ".com/", Invalid),
    ],
)
def test_what_is_no_address_is_told(url: str, error: type[TreadleError]) -> None:
    with pytest.raises(error) as caught:
        fetch(url)
    assert "secret" not in caught.value.message.replace("holds a name", "")[60:]


@pytest.mark.parametrize(
    "url",
    [
        "http://me:pa?sword@h/x",
        "http://me:pa#sword@h/x",
        "http://me:pa/sword@h/x",
        "https:me:sword@h",
        "http:\\\\me:sword@h",
        "http://me:sword@h/x",
    ],
)
def test_no_refusal_tells_a_password(url: str) -> None:
    with pytest.raises(Invalid, match=r"\*\*\*@h") as refused:
        parse_url(url)
    assert not {"pa", "sword", "me"} & set(re.findall("[a-z]+", f"{refused.value} {refused.value.fields}"))


def test_a_file_that_is_missing_cut_or_too_large_is_told(site: str) -> None:
    with pytest.raises(Unavailable, match="404"):
        fetch(f"{site}/missing?signature=secret")
    with pytest.raises(Unavailable, match=r"broke off|IncompleteRead"):
        fetch(f"{site}/cut")
    with pytest.raises(Invalid, match="more than 1000 bytes"):
        fetch(f"{site}/file", most_bytes=1000)


def test_whoever_sends_a_byte_now_and_then_is_cut_off() -> None:
    with drip(b"HTTP/1.1 200 OK\r\nX: ") as port, pytest.raises(Unavailable, match="in time"):
        fetch(f"http://127.0.0.1:{port}/", time_limit_s=0.5)


def test_a_handshake_that_takes_its_time_is_cut_off() -> None:
    record = b"\x16\x03\x03\x00\x20"  # of 32 bytes: as long as without a limit this test takes
    with drip(record) as port, pytest.raises(Unavailable, match="in time"):
        fetch(f"https://127.0.0.1:{port}/", time_limit_s=0.5)


def test_the_many_addresses_of_a_name_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    place = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_options: [place] * 100)
    clock_s, given_s = [0.0], []

    def reach(plain: socket.socket, _place: Any, timeout_s: float) -> socket.socket:
        plain.close()
        given_s.append(timeout_s)
        clock_s[0] += timeout_s
        raise TimeoutError

    monkeypatch.setattr(connecting, "_connect", reach)
    monkeypatch.setattr(time, "monotonic", lambda: clock_s[0])
    with pytest.raises(Unavailable, match="in time"):
        fetch("http://many.example/", time_limit_s=25)
    assert given_s == [10, 10, 5]


class drip:
    """A server that begins an answer and never ends it."""

    def __init__(self, beginning: bytes) -> None:
        self._beginning = beginning

    def __enter__(self) -> int:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._is_over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self._listener.getsockname()[1])

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._listener.close()

    def _serve(self) -> None:
        connection, _address = self._listener.accept()
        send: Callable[[bytes], object] = connection.sendall
        try:
            send(self._beginning)
            while not self._is_over.wait(0.05):
                send(b"x")
        except OSError:
            pass
        finally:
            connection.close()
