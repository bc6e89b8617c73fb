"""What a server answered, kept in a file, and a server that answers so again."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

#: By method and target: the answers, in their order; the last one is repeated.
Conversation = dict[str, list[dict[str, Any]]]


@contextmanager
def replayed(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a server that answers as the file says, and what was asked of it so far."""
    kept: Conversation = json.loads(path.read_text("utf-8"))
    asked: list[str] = []
    given: dict[str, int] = {}

    def answer(name: str, _body: bytes) -> tuple[int, bytes]:
        asked.append(name)
        answers = kept.get(name)
        if answers is None:
            return 404, b"{}"
        number = given.get(name, 0)
        given[name] = number + 1
        told = answers[min(number, len(answers) - 1)]
        return told["status"], _body_of(told)

    with _serving(answer) as url:
        yield url, asked


@contextmanager
def recorded(client: httpx.Client, kept: Conversation) -> Iterator[str]:
    """The address of a server that asks ``client``'s, and keeps what that answers in ``kept``."""

    def answer(name: str, body: bytes) -> tuple[int, bytes]:
        method, _, target = name.partition(" ")
        headers = {"Content-Type": "application/json"}
        told = client.request(method, target, content=body, headers=headers)
        kept.setdefault(name, []).append({"status": told.status_code, **_kept_body(told.content)})
        return told.status_code, told.content

    with _serving(answer) as url:
        yield url


@contextmanager
def _serving(answer: Any) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            status, content = answer(f"{self.command} {self.path}", self.rfile.read(length))
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_DELETE = do_GET

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _kept_body(content: bytes) -> dict[str, str]:
    try:
        return {"text": content.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii")}


def _body_of(told: dict[str, Any]) -> bytes:
    return told["text"].encode() if "text" in told else base64.b64decode(told["base64"])
