"""A web site whose files are put by the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote


@dataclass
class Site:
    """Serves what is in ``files``, and at ``/list.txt`` the addresses of all of them."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)

    def put(self, name: str, content: bytes) -> str:
        """The address."""
        path = f"/{quote(name)}"
        self.files[path] = content
        return self.url + path

    def content(self, path: str) -> bytes | None:
        """What is at a path."""
        if path == "/list.txt":
            return "".join(f"{self.url}{each}\r\n" for each in self.files).encode()
        return self.files.get(path)


@contextmanager
def serve_site() -> Iterator[Site]:
    """An empty site."""
    site = Site()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = site.content(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    site.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
