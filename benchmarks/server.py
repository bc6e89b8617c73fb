"""A server to measure: the command that people run, with a data folder of its own."""

from __future__ import annotations

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

    def cpu_ms(self) -> float:
        """CPU time that all its processes have taken."""
        return sum(_cpu_ms(pid) for pid in self._processes().values())

    def memory_mib(self) -> dict[str, float]:
        """Memory of the supervisor and of each part by name, shared pages divided among their users."""
        return {name: _proportional_mib(pid) for name, pid in self._processes().items()}

    def _processes(self) -> dict[str, int]:
        return {"serve": self.pid, **{_part_of(pid): pid for pid in _children(self.pid)}}


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder for one server after another."""
    with tempfile.TemporaryDirectory(prefix="treadle-bench-") as folder:
        yield Path(folder)


@contextmanager
def measured_server(folder: Path) -> Iterator[MeasuredServer]:
    """A server on SQLite, on a free port, ended afterwards."""
    command = [str(Path(sys.executable).with_name("treadle")), "serve", "--port", "0"]
    command += ["--data-dir", str(folder), "--admin-email", "bench@example.com", "--admin-token", TOKEN]
    began_s = time.monotonic()
    with Path(folder, "log").open("ab") as log:
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


def _cpu_ms(pid: int) -> float:
    # In nanoseconds, where /proc/PID/stat counts in hundredths of a second; of the threads that live.
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6


def _proportional_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
