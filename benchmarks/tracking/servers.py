"""A plain MLflow server on SQLite, and what is asked of it and of Treadle in the same words."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import msgspec

from benchmarks.servers import Server, end, free_port, wait_for_health
from benchmarks.tracking.seeding import KEYS, Tables

API = "/api/2.0/mlflow"
_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
_JSON = {"Content-Type": "application/json"}
_BYTES = {"Content-Type": "application/octet-stream"}
_PLAIN = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}
_COLUMNS = {
    "metrics": [f"m{key}" for key in range(KEYS)],
    "params": [f"p{key}" for key in range(KEYS)],
    "tags": [],
}


@contextmanager
def plain_mlflow(folder: Path) -> Iterator[Server]:
    """``mlflow server`` with one worker, ended afterwards."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    environment = {**os.environ, **_PLAIN}
    began_s = time.monotonic()
    with Path(folder, "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for_health(url, process, "MLflow")
        yield Server("MLflow", url, process.pid, time.monotonic() - began_s)
    finally:
        end(process)


class Tracker:
    """Somebody who tracks: the requests of MLflow's client, by hand, on one connection."""

    def __init__(self, server: Server, client: httpx.Client) -> None:
        self.server = server
        self.client = client
        self._steps = count()

    def get(self, path: str) -> Any:
        """Ask; the answer's JSON."""
        return self.client.get(path).raise_for_status().json()

    def post(self, path: str, body: object) -> Any:
        """Send JSON; the answer's."""
        content = msgspec.json.encode(body)
        return self.client.post(path, content=content, headers=_JSON).raise_for_status().json()

    def create_experiment(self, name: str) -> str:
        """A new experiment; its id."""
        return str(self.post(f"{API}/experiments/create", {"name": name})["experiment_id"])

    def create_run(self, experiment_id: str) -> str:
        """A new run; its id."""
        body = {
            "experiment_id": experiment_id,
            "start_time": now_ms(),
            "run_name": "run",
            "tags": [{"key": "mlflow.user", "value": "bench"}],
        }
        return str(self.post(f"{API}/runs/create", body)["run"]["info"]["run_id"])

    def get_run(self, run_id: str) -> Any:
        """The run as a client asks for it."""
        return self.get(f"{API}/runs/get?run_id={run_id}")

    def log_metric(self, run_id: str) -> None:
        """The next point of a metric."""
        body = {
            "run_id": run_id,
            "key": "loss",
            "value": 0.5,
            "timestamp": now_ms(),
            "step": next(self._steps),
        }
        self.post(f"{API}/runs/log-metric", body)

    def log_batch(self, run_id: str, points: int = 100) -> None:
        """The next points of a metric, in one request."""
        at_ms = now_ms()
        metrics = [
            {"key": "loss", "value": (step * 37 % 1000) / 1000, "timestamp": at_ms, "step": step}
            for step in (next(self._steps) for _ in range(points))
        ]
        self.post(f"{API}/runs/log-batch", {"run_id": run_id, "metrics": metrics})

    def search_runs(self, experiment_id: str, most: int, **more: object) -> Any:
        """A page of an experiment's runs."""
        body = {"experiment_ids": [experiment_id], "max_results": most, **more}
        return self.post(f"{API}/runs/search", body)

    def search_experiments(self) -> Any:
        """The first page of experiments."""
        return self.get(f"{API}/experiments/search?max_results=100")

    def list_runs(self, experiment_id: str, **more: object) -> Any:
        """The first 100 of our table of runs, with all that was logged; of Treadle alone."""
        body = {"workspace": 1, "experiment_ids": [experiment_id], "limit": 100, "columns": _COLUMNS, **more}
        return self.post("/api/tracking/runs/", body)

    def upload(self, path: str, content: bytes | Iterator[bytes]) -> None:
        """Put an artifact."""
        self.client.put(f"{_ARTIFACTS}/{path}", content=content, headers=_BYTES).raise_for_status()

    def download(self, path: str) -> int:
        """Read an artifact; its size in bytes."""
        with self.client.stream("GET", f"{_ARTIFACTS}/{path}") as answer:
            answer.raise_for_status()
            return sum(len(chunk) for chunk in answer.iter_raw())


@dataclass(frozen=True)
class Pair:
    """Plain MLflow and Treadle, both running and idle, with their tables open to be written into."""

    plain: Tracker
    ours: Tracker
    plain_tables: Tables
    our_tables: Tables


@contextmanager
def tracked(server: Server) -> Iterator[Tracker]:
    """Somebody who tracks on the server, once it is idle."""
    with server.client() as client:
        server.wait_until_idle()
        yield Tracker(server, client)


def cost(server: Server, act: Callable[[], object], rounds: int = 7) -> float:
    """Milliseconds of CPU that an act costs the server: the median, after one that warms up."""
    act()
    server.wait_until_idle()
    return median(server.cpu_of(act) for _ in range(rounds))


def seconds_of(act: Callable[[], object]) -> float:
    """How long it took."""
    began_s = time.perf_counter()
    act()
    return time.perf_counter() - began_s


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)
