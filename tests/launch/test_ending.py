"""A server that is told to end starts nothing any more."""

from __future__ import annotations

import signal
import socket
from dataclasses import replace
from pathlib import Path

from treadle.launch.lock import take_lock
from treadle.launch.serve import Supervisor
from treadle.settings import Settings


def test_a_first_answer_that_comes_while_it_ends_starts_no_worker(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as local:
        settings = replace(Settings(), data_dir=tmp_path, port=listening.getsockname()[1])
        supervisor = Supervisor(settings, (listening, local), take_lock(tmp_path, 1), None)
        supervisor._ask()
        asked, _ = listening.accept()
        with asked:
            asked.recv(1024)
            asked.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            supervisor._begin_to_end(signal.SIGTERM, None)
            supervisor._selector.select(20)
            supervisor._hear()
        assert supervisor._worker.process is None
