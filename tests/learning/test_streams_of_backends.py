"""What a backend sends without an end is ended here: by its size, and by how slowly it comes."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest

from treadle.errors import Invalid, Unavailable
from treadle.learning.connections.calling import Address, Question, Wire
from treadle.outbound import AllowList

HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("piece", "pause_s", "error"), [(b"x", 0.01, Unavailable), (bytes(65_536), 0.0, Invalid)]
)
def test_an_answer_without_an_end_is_ended(piece: bytes, pause_s: float, error: type[Exception]) -> None:
    over = threading.Event()

    def send_for_ever(listening: socket.socket) -> None:
        with suppress(OSError):
            connection, _where = listening.accept()
            with connection:
                connection.sendall(HEAD)
                while not over.wait(pause_s):
                    connection.sendall(piece)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=send_for_ever, args=(listening,), daemon=True).start()
        port = listening.getsockname()[1]
        line = Wire(Address(f"http://127.0.0.1:{port}"), AllowList(is_open=True), "robot")
        call = Question("GET", "/", limit_s=0.5, most_bytes=10_000_000, least_bytes_s=1_000_000)
        with pytest.raises(error):
            for _piece in line.stream(call):
                pass
        over.set()
