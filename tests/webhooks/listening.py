"""A server of somebody else, which takes what webhooks send."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Heard:
    """One request."""

    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def action(self) -> str:
        return str(self.body["action"])


@dataclass
class Listener:
    """What it heard, and what it answers. statuses: of the next answers; then 200."""

    url: str
    heard: list[Heard] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b"thanks"
    #: Closed: it does not answer before it is opened.
    gate: threading.Event = field(default_factory=threading.Event)

    @property
    def actions(self) -> list[str]:
        return [each.action for each in self.heard]


@contextmanager
def listen() -> Iterator[Listener]:
    """Listen on a port of its own until the block ends."""
    listener = Listener("")
    listener.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            listener.heard.append(Heard(self.path, dict(self.headers.items()), raw))
            listener.gate.wait(20)
            self.send_response(listener.statuses.pop(0) if listener.statuses else 200)
            for name, value in listener.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(listener.answer)))
            self.end_headers()
            self.wfile.write(listener.answer)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    listener.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        listener.gate.set()
        server.shutdown()
        server.server_close()
