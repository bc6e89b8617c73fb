"""Asking a web process whether it serves."""

from __future__ import annotations

import socket

_REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_GOOD = b"HTTP/1.1 200"
_TIMEOUT_S = 5.0


def does_answer(host: str, port: int, timeout_s: float) -> bool:
    """Whether a server there answers well within so many seconds, which this waits for."""
    try:
        with socket.create_connection((reachable_host(host), port), timeout=timeout_s) as connection:
            connection.sendall(_REQUEST)
            return connection.recv(64).startswith(_GOOD)
    except OSError:
        return False


def reachable_host(host: str) -> str:
    """The address by which this machine reaches what listens on ``host``."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)


class HealthQuestion:
    """One request for /health, without waiting for the answer.

    The parent's socket listens already, so the question waits in its queue.
    """

    def __init__(self, host: str, port: int) -> None:
        self.connection = socket.create_connection((host, port), timeout=_TIMEOUT_S)
        self.connection.sendall(_REQUEST)
        self.connection.setblocking(False)

    def is_answered_well(self) -> bool:
        """Whether what has come is a good answer; ask when the connection can be read."""
        try:
            return self.connection.recv(64).startswith(_GOOD)
        except OSError:
            return False

    def close(self) -> None:
        """Hang up."""
        self.connection.close()
