"""A relay before a backend, that passes everything on and remembers what came by."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import msgspec


@dataclass(frozen=True)
class Passed:
    """A request with its answer; bodies as JSON, None where there is none."""

    method: str
    path: str
    body: Any
    status: int
    answer: Any


@dataclass
class Relay:
    """Where it listens, and what passed in the order of the answers."""

    url: str
    passed: list[Passed] = field(default_factory=list)

    def take(self) -> list[Passed]:
        """What passed since it was last asked."""
        taken, self.passed[:] = list(self.passed), []
        return taken


@contextmanager
def relay(target: str) -> Iterator[Relay]:
    """A relay to the server at ``target``, for the length of the block."""
    with httpx.Client(base_url=target, trust_env=False, timeout=120) as client:
        seen = Relay("")
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(client, seen.passed))
        seen.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield seen
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _handler(client: httpx.Client, passed: list[Passed]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length") or 0))
            kept = {name: self.headers[name] for name in ("content-type", "authorization", "accept")}
            headers = {name: value for name, value in kept.items() if value}
            answer = client.request(self.command, self.path, content=sent, headers=headers)
            passed.append(
                Passed(self.command, self.path, _json(sent), answer.status_code, _json(answer.content))
            )
            self.send_response(answer.status_code)
            self.send_header("content-type", answer.headers.get("content-type", "application/json"))
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = _pass_on

        def log_message(self, *_told: object) -> None:
            """What came by is told by who asks for it."""

    return Handler


def _json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content) if content else None
    except msgspec.DecodeError:
        return None
