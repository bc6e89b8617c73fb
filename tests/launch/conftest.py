"""Servers as a person starts them: ``treadle serve`` in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
_COMMAND = [sys.executable, "-c", "import sys; from treadle.cli import main; sys.exit(main())"]


@dataclass(frozen=True)
class Server:
    """A started ``treadle serve``; what it prints goes into ``output``."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    output: Path

    @property
    def text(self) -> str:
        return self.output.read_text()

    @property
    def url(self) -> str:
        """Its address, once it has announced it."""
        return wait_until(self._find_address)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def is_healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", trust_env=False, timeout=20).status_code == 200
        except httpx.TransportError:
            return False

    def part(self, name: str) -> int:
        """The process id of its ``web`` or ``worker``, once there is one."""
        return wait_until(lambda: self._find(name))

    def end(self) -> int:
        """Ask it to end; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def _find(self, name: str) -> int:
        for pid, command in children_of(self.process.pid):
            if f"treadle.launch.part {name}" in command:
                return pid
        return 0

    def _find_address(self) -> str:
        assert self.process.poll() is None, self.text
        match = re.search(r"ready:\s+(http://\S+)", self.text)
        return match.group(1) if match else ""


Serve = Callable[..., Server]


def start_server(data_dir: Path, output: Path, *options: str, port: int = 0) -> Server:
    """A started server; whoever starts it ends it."""
    command = [*_COMMAND, "serve", "--port", str(port), "--data-dir", str(data_dir), *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TREADLE_")}
    with output.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment, cwd=ROOT)
    return Server(process, data_dir, output)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers on any free port, and kills those that are left."""
    started: list[Server] = []

    def start(*options: str, data_dir: Path | None = None, port: int = 0) -> Server:
        output = tmp_path / f"output-{len(started)}"
        started.append(start_server(data_dir or tmp_path / "data", output, *options, port=port))
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        server.process.wait()


def children_of(parent: int) -> list[tuple[int, str]]:
    """Process id and command line of the children of ``parent``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == parent:
            found.append((int(folder.name), command))
    return found


def is_alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        stat = Path("/proc", str(pid), "stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
