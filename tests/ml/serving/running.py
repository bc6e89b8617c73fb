"""A model server in processes of its own, as tests ask it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.waiting import wait_until
from treadle.ml.trying import backend, free_port, serving

PROBE = Path(__file__).with_name("probe.py")
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="kind" toName="text">'
    '<Choice value="Good"/><Choice value="Bad"/></Choices></View>'
)
KEY = "1.1795265651"
#: The same as webhooks tell of it.
PROJECT = {"id": 1, "created_at": "2026-11-21T12:54:11.920994Z", "label_config": CONFIG}
Json = dict[str, Any]


def labelled(count: int = 4) -> list[Json]:
    """Tasks with finished work, as an export has them."""
    region = {"from_name": "kind", "to_name": "text", "type": "choices", "value": {"choices": ["Good"]}}
    return [
        {"id": n, "data": {"text": f"text {n}"}, "annotations": [{"id": n, "result": [region]}]}
        for n in range(1, count + 1)
    ]


@dataclass
class Running:
    """A server at ``url``, and what its model wrote down."""

    url: str
    folder: Path
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, trust_env=False, timeout=30)

    def post(self, path: str, body: object, status: int = 200) -> Json:
        answer = self.client.post(path, json=body)
        assert answer.status_code == status, answer.text
        found: Json = answer.json()
        return found

    def get(self, path: str, status: int = 200) -> Json:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        found: Json = answer.json()
        return found

    def setup(self, **fields: object) -> str:
        body = {"project": KEY, "schema": CONFIG, "hostname": "", "access_token": "", **fields}
        return str(self.post("/setup", body)["model_version"])

    def predict(self, *data: Json, status: int = 200, **fields: object) -> Json:
        tasks = [{"id": number, "data": {"text": "x", **each}} for number, each in enumerate(data or ({},))]
        body = {"tasks": tasks, "project": KEY, "label_config": CONFIG, "params": None, **fields}
        return self.post("/predict", body, status)

    def train(self, **fields: object) -> str:
        body = {"project": KEY, "label_config": CONFIG, "annotations": labelled(), **fields}
        return str(self.post("/train", body, 201)["job"])

    def job(self, number: str, state: str) -> Json:
        """A training when it has come to that state, or to its end."""

        def ended() -> Json | None:
            found = self.get(f"/jobs/{number}")
            return found if found["state"] in (state, "completed", "failed", "cancelled") else None

        found = wait_until(ended)
        assert found["state"] == state, found
        return found

    def notes(self, beginning: str = "") -> list[str]:
        path = self.folder / "notes"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.startswith(beginning)]

    def open_gate(self) -> None:
        (self.folder / "gate").touch()


@contextmanager
def running(folder: Path, *options: str, model: Path = PROBE) -> Iterator[Running]:
    """A server of the probe that is ready; notes and versions lie in ``folder``."""
    with backend(model, folder / "models", *options, environment=environment(folder)) as url:
        served = Running(url, folder)
        with served.client:
            yield served


@contextmanager
def killable(folder: Path) -> Iterator[tuple[Running, Callable[[], None]]]:
    """The same, and what kills its front process."""
    port = free_port()
    command = ["ml", "serve", str(PROBE), "--port", str(port), "--model-dir", str(folder / "models")]
    with serving(command, environment(folder)) as process:
        served = Running(f"http://127.0.0.1:{port}", folder)
        wait_until(lambda: _is_ready(served))
        yield served, lambda: _kill(process)


def environment(folder: Path) -> dict[str, str]:
    """Where the probe writes, and what it waits for."""
    return {"PROBE_NOTES": str(folder / "notes"), "PROBE_GATE": str(folder / "gate")}


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _kill(process: subprocess.Popen[bytes]) -> None:
    children = children_of(process.pid)
    process.kill()
    process.wait()
    wait_until(lambda: not any(_is_alive(child) for child in children))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def _is_ready(served: Running) -> bool:
    try:
        return served.client.get("/ready").status_code == 200
    except httpx.TransportError:
        return False
