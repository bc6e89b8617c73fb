"""Asking the web process whether it serves, without waiting for the answer."""

from __future__ import annotations

import socket

_REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_TIMEOUT_S = 5.0


class HealthQuestion:
    """One request for /health. The parent's socket listens already, so the question waits in its queue."""

    def __init__(self, host: str, port: int) -> None:
        self.connection = socket.create_connection((host, port), timeout=_TIMEOUT_S)
        self.connection.sendall(_REQUEST)
        self.connection.setblocking(False)

    def is_answered_well(self) -> bool:
        """Whether what has come is a good answer; ask when the connection can be read."""
        try:
            return self.connection.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def close(self) -> None:
        """Hang up."""
        self.connection.close()
