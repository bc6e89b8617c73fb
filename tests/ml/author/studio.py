"""A small real server with files behind tokens, as Label Studio and Treadle serve them."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


def jwt(kind: str, ends_in_s: float = 300) -> str:
    """A token of three parts, as personal access tokens are."""
    claims = base64.urlsafe_b64encode(json.dumps({"k": kind, "exp": time.time() + ends_in_s}).encode())
    return f"e30.{claims.decode().rstrip('=')}.c2ln"


@dataclass
class Studio:
    """Files by their path, who may read them, and what was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    #: The Authorization headers that are let in; None: everybody is.
    accepted: set[str] | None = None
    #: The access token for a personal one.
    exchanges: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""
    connections: int = 0

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def serve(studio: Studio) -> Iterator[Studio]:
    """The studio at a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            studio.connections += 1
            super().setup()

        def do_GET(self) -> None:
            shown = self.headers.get("Authorization")
            studio.asked.append((self.path, shown))
            if (target := studio.redirects.get(self.path)) is not None:
                self.answer(302, b"", {"Location": target})
            elif studio.accepted is not None and shown not in studio.accepted:
                self.answer(401, b"{}")
            elif (found := studio.files.get(self.path, studio.files.get(urlsplit(self.path).path))) is None:
                self.answer(404, b"")
            else:
                self.answer(200, found)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            studio.asked.append((self.path, self.headers.get("Authorization")))
            access = studio.exchanges.get(body.get("refresh"))
            self.answer(200 if access else 401, json.dumps({"access": access}).encode())

        def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    studio.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield studio
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
