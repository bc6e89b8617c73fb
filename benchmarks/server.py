"""A server to measure: the command that people run, with a data folder of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

TOKEN = "b" * 40
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class MeasuredServer:
    """A running ``treadle serve``; ``start_s``: from the command to its first good answer."""

    url: str
    start_s: float
    pid: int

    def client(self) -> httpx.Client:
        """A client of its administrator."""
        headers = {"Authorization": f"Token {TOKEN}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=600)

    def memory_mib(self) -> dict[str, float]:
        """Resident memory of the supervisor and of each part, by name."""
        parts = {_part_of(pid): pid for pid in _children(self.pid)}
        return {name: _resident_bytes(pid) / 2**20 for name, pid in {"serve": self.pid, **parts}.items()}


@contextmanager
def measured_server(database_url: str = "") -> Iterator[MeasuredServer]:
    """A server on a free port, ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="treadle-bench-") as folder:
        command = [
            str(Path(sys.executable).with_name("treadle")),
            "serve",
            "--port",
            "0",
            "--data-dir",
            folder,
        ]
        command += ["--admin-email", "bench@example.com", "--admin-token", TOKEN]
        command += ["--database-url", database_url] if database_url else []
        began_s = time.monotonic()
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            url = _wait_until_ready(process)
            yield MeasuredServer(url, time.monotonic() - began_s, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _wait_until_ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"http://\S+", line)
        if found:
            return found[0]
    raise RuntimeError("The server ended before it answered.")


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _part_of(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    return words[words.index("treadle.launch.part") + 1]


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


def as_json(value: object) -> bytes:
    """``value`` as the body of a request."""
    return json.dumps(value).encode()
