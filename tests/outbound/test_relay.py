"""The relay: what a client of object storage reaches through it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import obstore
import pytest
from obstore.exceptions import GenericError, PermissionDeniedError
from obstore.store import S3Store

from treadle.outbound import AllowList, open_relay

#: This name, and no address that somebody else leads to.
BY_NAME = AllowList.parse("localhost")


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/photographs/elsewhere":
            self.send_response(302)
            port = self.headers["Host"].rpartition(":")[2]
            self.send_header("Location", f"http://127.0.0.1:{port}/secret")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        for name, value in {"ETag": '"1"', "Last-Modified": "Sat, 21 Nov 2026 20:00:00 GMT"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.path)))
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of a server on the loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def open_bucket(endpoint: str, relay: str) -> S3Store:
    return S3Store(
        "photographs",
        endpoint=endpoint,
        access_key_id="key",
        secret_access_key="secret",
        region="us-east-1",
        client_options={"allow_http": True, "proxy_url": relay},
        retry_config={"max_retries": 0},
    )


def test_what_is_allowed_is_called_as_often_as_asked(port: int) -> None:
    bucket = open_bucket(f"http://localhost:{port}", open_relay(BY_NAME))
    for key in ("a", "b c", "d"):
        assert bytes(obstore.get(bucket, key).bytes()) == b"/photographs/" + key.replace(" ", "%20").encode()


def test_a_redirect_to_a_private_address_is_not_followed(port: int) -> None:
    bucket = open_bucket(f"http://localhost:{port}", open_relay(BY_NAME))
    with pytest.raises(PermissionDeniedError, match="403"):
        obstore.get(bucket, "elsewhere")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_private_endpoint_is_not_called(scheme: str, port: int) -> None:
    bucket = open_bucket(f"{scheme}://127.0.0.1:{port}", open_relay(BY_NAME))
    with pytest.raises((PermissionDeniedError, GenericError)):
        obstore.get(bucket, "a")


def test_the_relay_serves_nobody_without_its_password(port: int) -> None:
    place = open_relay(BY_NAME).rpartition("@")[2]
    bucket = open_bucket(f"http://localhost:{port}", f"http://treadle:guess@{place}")
    with pytest.raises(PermissionDeniedError, match="403"):
        obstore.get(bucket, "a")
