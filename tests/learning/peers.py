"""Backends of other people, as small servers of this process: of each age, and of each bad habit."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
#: What a peer answers: a status with JSON, or with the very bytes.
Answer = tuple[int, Any]
OLD = {"status": "UP", "model_dir": "/data", "v2": False}
CURRENT = {"status": "UP", "model_class": "Rec"}


@dataclass
class Asked:
    """A request that arrived."""

    method: str
    path: str
    body: Any
    headers: Mapping[str, str]


@dataclass
class Peer:
    """A backend at ``url``; what it answers at a path may be set, or computed of the body."""

    url: str = ""
    health: Json = field(default_factory=lambda: dict(CURRENT))
    version: Any = "v7"
    answers: dict[str, Answer | Callable[[Any], Answer | None]] = field(default_factory=dict)
    #: Of the Authorization that is asked for; "": anybody may.
    wants: str = ""
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    #: Where it is busy.
    retry_after: str = "7"
    #: Opened, it answers what it holds back.
    gate: threading.Event = field(default_factory=threading.Event)
    is_set_up: bool = False

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [f"{each.method} {each.path}" for each in self.asked]

    def last(self, path: str) -> Asked:
        """The last request for a path."""
        return next(each for each in reversed(self.asked) if each.path == path)

    def predictions(self, tasks: list[Json]) -> list[Json]:
        """What it says of tasks: of each, its own id as the text of a choice."""
        return [{"result": [region(task["id"])], "score": 0.5} for task in tasks]

    def answer(self, asked: Asked) -> Answer | None:
        """None: the connection is closed without a word."""
        if self.wants and asked.headers.get("Authorization") != self.wants:
            return 401, {"detail": "who are you"}
        chosen = self.answers.get(asked.path.partition("?")[0])
        if callable(chosen):
            return chosen(asked.body)
        return chosen or self._usual(asked)

    def _usual(self, asked: Asked) -> Answer:
        if asked.path == "/health":
            return 200, self.health
        if asked.path == "/setup":
            self.is_set_up = True
            return 200, {"model_version": self.version}
        if asked.path == "/predict":
            if "v2" in self.health and not self.is_set_up:
                detail = {
                    "detail": "'NoneType' object has no attribute 'model'",
                    "result": {"traceback": "…"},
                }
                return 500, detail
            return 200, {"results": self.predictions(asked.body["tasks"])}
        if asked.path in ("/train", "/webhook"):
            return 201, {}
        return 404, {"error": "not found"}


def region(number: object) -> Json:
    """A choice with a text of its own."""
    return {"from_name": "kind", "to_name": "text", "type": "choices", "value": {"choices": [str(number)]}}


@contextmanager
def peer(**fields: Any) -> Iterator[Peer]:
    """A backend that answers until the block ends."""
    told = Peer(**fields)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            told.connections += 1

        def _serve(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            content = self.rfile.read(size)
            body = json.loads(content) if content else None
            asked = Asked(self.command, self.path, body, dict(self.headers))
            told.asked.append(asked)
            answer = told.answer(asked)
            if answer is None:
                self.close_connection = True
                return
            status, said = answer
            raw = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            if status == 307:
                self.send_header("Location", "http://169.254.169.254/")
            if status == 503:
                self.send_header("Retry-After", told.retry_after)
            # What says that it holds more than comes is what dies within its answer.
            missing = 10 if raw.endswith(CUT) else 0
            self.send_header("Content-Length", str(len(raw) + missing))
            with suppress(ConnectionError):  # who asked may be gone
                self.end_headers()
                self.wfile.write(raw)
            self.close_connection = self.close_connection or bool(missing)

        do_GET = do_POST = _serve

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield told
    finally:
        told.gate.set()
        server.shutdown()
        server.server_close()


#: An answer that ends so is cut off there.
CUT = b"...cut"
