"""The two servers that are measured, each with a data folder of its own, on loopback alone."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.processes import cpu_ms, family

EMAIL = "bench@example.com"
PASSWORD = "bench-password-1"
TOKEN = "b" * 40
LABEL_STUDIO = "1.23.2"
_VENV = Path(__file__).resolve().parent.parent / ".bench" / "label-studio"
_QUIET = {
    "COLLECT_ANALYTICS": "false",
    "LATEST_VERSION_CHECK": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
}
_LONGEST_START_S = 300.0


@dataclass(frozen=True)
class Server:
    """A running server; ``start_s``: from the command to its first good answer."""

    name: str
    url: str
    pid: int
    start_s: float

    def client(self) -> httpx.Client:
        """A client of its administrator."""
        headers = {"Authorization": f"Token {TOKEN}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=900)

    def pids(self) -> list[int]:
        """Its processes."""
        return family(self.pid)

    def cpu_ms(self) -> float:
        """CPU time that all its processes have taken."""
        return cpu_ms(self.pids())

    def cpu_of(self, act: Callable[[], object], count: int = 1) -> float:
        """Milliseconds of CPU that one act costs it, until it is idle again: what follows the answer too."""
        before = self.cpu_ms()
        for _ in range(count):
            act()
        self.wait_until_idle()
        return (self.cpu_ms() - before) / count

    def wait_until_idle(self) -> None:
        """Until it has done what it does after an answer."""
        while True:
            before = self.cpu_ms()
            time.sleep(0.05)
            if self.cpu_ms() - before < 5:
                return

    def parts(self) -> dict[str, int]:
        """Treadle's processes by name."""
        return {_part_of(pid): pid for pid in self.pids()}


@contextmanager
def treadle(folder: Path, *options: str) -> Iterator[Server]:
    """Treadle, on SQLite where ``options`` name no database, ended afterwards."""
    command = [str(Path(sys.executable).with_name("treadle")), "serve", "--port", "0"]
    command += ["--data-dir", str(folder), "--admin-email", EMAIL, "--admin-token", TOKEN, *options]
    environment = {**os.environ, "TREADLE_ADMIN_PASSWORD": PASSWORD}
    began_s = time.monotonic()
    with Path(folder, "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    try:
        yield Server("Treadle", _printed_address(process), process.pid, time.monotonic() - began_s)
    finally:
        end(process)


@contextmanager
def label_studio(folder: Path) -> Iterator[Server]:
    """Label Studio on SQLite as its command starts it, ended afterwards."""
    port = free_port()
    command = [str(_installed() / "label-studio"), "start", "--no-browser", "--internal-host", "127.0.0.1"]
    command += ["--port", str(port), "--enable-legacy-api-token", "--username", EMAIL]
    command += ["--password", PASSWORD, "--user-token", TOKEN]
    environment = {**os.environ, **_QUIET, "LABEL_STUDIO_BASE_DATA_DIR": str(folder)}
    began_s = time.monotonic()
    with Path(folder, "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for_health(url, process, "Label Studio")
        yield Server("Label Studio", url, process.pid, time.monotonic() - began_s)
    finally:
        end(process)


def _installed() -> Path:
    """The folder of its commands, in a virtual environment made at the first call."""
    done = _VENV / ".complete"
    if not done.exists():
        print(f"Installing Label Studio {LABEL_STUDIO} beside, about a gigabyte …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(_VENV)], check=True)
        pip = [str(_VENV / "bin" / "pip"), "install", "--quiet", f"label-studio=={LABEL_STUDIO}"]
        subprocess.run(pip, check=True)
        done.touch()
    return _VENV / "bin"


def _printed_address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"http://\S+", line)
        if found:
            return found[0]
    raise RuntimeError("Treadle ended before it answered.")


def wait_for_health(url: str, process: subprocess.Popen[bytes], name: str) -> None:
    """Until it answers. Raises RuntimeError when it never does."""
    deadline_s = time.monotonic() + _LONGEST_START_S
    while time.monotonic() < deadline_s and process.poll() is None:
        if _is_healthy(url):
            return
        time.sleep(0.2)
    raise RuntimeError(f"{name} did not start.")


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False, timeout=60).is_success
    except httpx.TransportError:
        return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """End a server and wait for it."""
    process.send_signal(signal.SIGTERM)
    process.wait()


def _part_of(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    return words[words.index("treadle.launch.part") + 1] if "treadle.launch.part" in words else "serve"
