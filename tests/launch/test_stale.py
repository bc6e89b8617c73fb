"""Who holds a data folder and answers no more is ended; everybody else is left in peace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.waiting import wait_until
from treadle.errors import Conflict
from treadle.launch.lock import FILE_NAME, read_holder
from treadle.launch.stale import Patience, take_over

QUICK = Patience(lock_s=0.1, elsewhere_s=0.1, answer_s=0.3, end_s=1.0)
#: Holds the folder as a server does, with a port on which it answers nothing, or /health.
HOLDER = """
import http.server, os, signal, socket, sys, threading, time
from pathlib import Path
from treadle.launch.lock import Holder, take_lock
folder, how, machine, started_at = sys.argv[1:]
lock = take_lock(Path(folder), 1)
asked = []
if how in ("answering", "coming again"):
    class Well(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def do_GET(self):
            if how == "coming again" and not asked:
                asked.append(1)
                return self.connection.close()
            self.send_response(200)
            self.end_headers()
        def log_message(self, *_):
            pass
    server = http.server.HTTPServer(("127.0.0.1", 0), Well)
    port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
else:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
if how == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
has_answered = how != "starting"
lock.write(Holder(os.getpid(), "127.0.0.1", port, started_at, machine or socket.gethostname(), has_answered))
time.sleep(60)
"""
LONG_AGO = "2026-01-01 00:00:00Z"
Hold = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Hold]:
    """Starts one that holds ``tmp_path``."""
    started: list[subprocess.Popen[bytes]] = []

    def start(how: str, machine: str = "", started_at: str = LONG_AGO) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", HOLDER, str(tmp_path), how, machine, started_at]
        process = subprocess.Popen(command)
        started.append(process)
        wait_until(lambda: read_holder(tmp_path))
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("how", ["silent", "stubborn", "stopped", "starting"])
def test_a_holder_that_answers_no_more_is_ended(hold: Hold, tmp_path: Path, how: str) -> None:
    holder = hold(how)
    if how == "stopped":
        holder.send_signal(signal.SIGSTOP)
    take_over(tmp_path, QUICK).release()
    assert holder.wait() in (-signal.SIGTERM, -signal.SIGKILL)


@pytest.mark.parametrize("how", ["answering", "coming again"])
def test_a_holder_that_answers_is_left_alone_and_named(hold: Hold, tmp_path: Path, how: str) -> None:
    holder = hold(how)
    with pytest.raises(Conflict, match=rf"held by process {holder.pid} .* It answers"):
        take_over(tmp_path, QUICK)
    assert holder.poll() is None


def test_a_holder_that_is_still_starting_is_left_alone(hold: Hold, tmp_path: Path) -> None:
    now = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
    holder = hold("starting", started_at=now)
    with pytest.raises(Conflict, match="still starting"):
        take_over(tmp_path, QUICK)
    assert holder.poll() is None


def test_a_holder_on_another_machine_is_left_alone_and_its_machine_named(hold: Hold, tmp_path: Path) -> None:
    holder = hold("silent", machine="another-pod")
    with pytest.raises(Conflict, match="on another-pod"):
        take_over(tmp_path, QUICK)
    assert holder.poll() is None


def test_a_number_that_passed_to_another_process_is_left_alone(hold: Hold, tmp_path: Path) -> None:
    holder = hold("silent")
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        path = tmp_path / FILE_NAME
        path.write_text(json.dumps({**json.loads(path.read_text()), "pid": bystander.pid}))
        with pytest.raises(Conflict, match=f"held by process {bystander.pid} "):
            take_over(tmp_path, QUICK)
        assert (bystander.poll(), holder.poll()) == (None, None)
    finally:
        bystander.kill()
        bystander.wait()


def test_a_folder_that_nobody_holds_is_taken_whatever_word_was_left(tmp_path: Path) -> None:
    left = {"pid": os.getpid(), "host": "", "port": 1, "started_at": ""}
    (tmp_path / FILE_NAME).write_text(json.dumps(left))
    take_over(tmp_path, QUICK).release()
