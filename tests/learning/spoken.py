"""A real backend over HTTP, in this process, which answers as a test says: well, late, or not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: What is answered to /predict: a status and a body, or the items alone.
Answered = Any
VERSION = "v1"


def cat(**more: Any) -> dict[str, Any]:
    """An item with one box."""
    value = {"x": 10, "y": 10, "width": 25, "height": 50, "rotation": 0, "rectanglelabels": ["Cat"]}
    box = {"id": "r1", "from_name": "box", "to_name": "img", "type": "rectanglelabels", "value": value}
    return {"result": [box], "score": 0.5, **more}


@dataclass
class Spoken:
    """What a backend says, and what it was asked."""

    predict: Callable[[dict[str, Any]], Answered] = lambda body: [cat() for _ in body["tasks"]]
    version: str | None = VERSION
    #: "": of Label Studio's own kind.
    server: str = "treadle test"
    port: int = 0
    #: The tasks of each /predict, and the whole bodies.
    asked: list[list[int]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def task_ids(self) -> list[int]:
        """Every task that it was asked about, as often as it was."""
        return sorted(task_id for ids in self.asked for task_id in ids)

    def answer(self, path: str, body: Any) -> tuple[int, bytes]:
        """What it says at a path."""
        if path == "/predict":
            self.asked.append([task["id"] for task in body["tasks"]])
            self.bodies.append(body)
            said = self.predict(body)
            if isinstance(said, tuple):
                return said
            whole = {"results": said, **({"model_version": self.version} if self.version else {})}
            return 200, json.dumps(whole).encode()
        if path == "/setup":
            return 200, json.dumps({"model_version": self.version} if self.version else {}).encode()
        told = {"status": "UP", "model_class": "Spoken", **({"server": self.server} if self.server else {})}
        return 200, json.dumps(told).encode()

    @contextmanager
    def serving(self) -> Iterator[Spoken]:
        """Be there until the block ends; again at the same port where it was before."""
        server = _Server(("127.0.0.1", self.port), _Handler)
        server.spoken = self
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    spoken: Spoken


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _answer(self, body: Any) -> None:
        server = self.server
        assert isinstance(server, _Server)
        status, content = server.spoken.answer(self.path.partition("?")[0], body)
        if status == 0:  # it goes away in the middle
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 503:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(content)
