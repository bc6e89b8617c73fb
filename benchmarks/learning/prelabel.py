"""Pre-labelling: what it costs the server beyond the model, and how near it comes to the model alone."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks.learning.backends import Backend, ours
from benchmarks.rows import Row, table
from benchmarks.servers import Server, treadle

Tell = Callable[[str], None]
_TEXT = "To have faith is to trust yourself to the water. When you swim you don't grab hold of the water. "
_CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text" choice="single">'
    '<Choice value="Positive"/><Choice value="Negative"/><Choice value="Neutral"/></Choices></View>'
)
_MODEL_MS = 2
#: As long as a small network takes for a picture, without the core that it would take.
_MODEL = f"""
import time

from treadle.ml import Model, choice

class Slow(Model):
    def predict(self, tasks, context):
        time.sleep({_MODEL_MS / 1000} * len(tasks))
        label = self.labels.control().labels[0]
        return [[choice(label, score=0.987)] for _ in tasks]
"""
_CLIENTS, _BATCH = 4, 64


def report(tell: Tell, *, is_short: bool) -> str:
    """The section's table, and how it was measured."""
    count, rounds = (1_000, 1) if is_short else (10_000, 3)
    head = (
        f"- {count:,} tasks of a text, by `treadle ml serve`, of a model that takes {_MODEL_MS} ms for one;\n"
        f"  the model alone: as many tasks by {_CLIENTS} clients, {_BATCH} a request; median of {rounds}\n"
    )
    return f"{head}\n{table(measure(tell, count, rounds), peer='the model alone')}"


def measure(tell: Tell, count: int, rounds: int) -> list[Row]:
    """Pre-label ``count`` tasks, and ask the model alone about as many, in turn."""
    with (
        tempfile.TemporaryDirectory(prefix="treadle-bench-") as model_folder,
        tempfile.TemporaryDirectory(prefix="treadle-bench-") as folder,
        ours(Path(model_folder), _MODEL) as model,
        treadle(Path(folder)) as server,
        server.client() as client,
    ):
        alone_per_s, whole_per_s, cpu_ms = [], [], []
        for number in range(rounds):
            tell(f"pre-label {count:,} tasks, round {number + 1} of {rounds}")
            alone_per_s.append(count / _ask_alone(model, count))
            took_s, cost_ms = _prelabel(server, client, model, count)
            whole_per_s.append(count / took_s)
            cpu_ms.append(cost_ms)
        alone, whole = median(alone_per_s), median(whole_per_s)
    return [
        Row("pre-label, beyond the model", "ms CPU a task", median(cpu_ms), None, 0.3, "0.3 ms"),
        Row(
            "pre-label, a task of the whole",
            "ms",
            1000 / whole,
            1000 / alone,
            1000 / (0.9 * alone),
            "1/0.9",
            f"{whole:.0f} tasks a second, the model alone {alone:.0f}",
        ),
    ]


def _prelabel(server: Server, client: httpx.Client, model: Backend, count: int) -> tuple[float, float]:
    """Seconds that a job took, and milliseconds of the server's CPU a task."""
    project = _made(client.post("/api/projects/", json={"title": "Bench", "label_config": _CONFIG}))["id"]
    rows = [{"data": {"text": f"{number} {_TEXT}"}} for number in range(count)]
    _made(client.post(f"/api/projects/{project}/import", json=rows))
    backend = _made(client.post("/api/ml/", json={"project": project, "url": model.url, "title": "m"}))["id"]
    server.wait_until_idle()
    before_ms, began_s = server.cpu_ms(), time.monotonic()
    order = {"project": project, "backend": backend}
    job = _made(client.post("/api/learning/prelabel/", json=order))["job"]
    while (found := _made(client.get(f"/api/jobs/{job}/")))["state"] in ("queued", "running"):
        time.sleep(0.25)
    took_s = time.monotonic() - began_s
    if found["state"] != "done" or found["result"]["done"] != count:
        raise RuntimeError(f"The job ended otherwise: {found!r}.")
    server.wait_until_idle()
    return took_s, (server.cpu_ms() - before_ms) / count


def _ask_alone(model: Backend, count: int) -> float:
    """Seconds that the model takes for as many tasks, asked as quickly as it answers."""
    bodies = list(_bodies(count))
    with httpx.Client(base_url=model.url, trust_env=False, timeout=600) as client:
        began_s = time.monotonic()
        with ThreadPoolExecutor(_CLIENTS) as threads:
            for answer in threads.map(lambda body: client.post("/predict", content=body), bodies):
                answer.raise_for_status()
        return time.monotonic() - began_s


def _bodies(count: int) -> Iterator[bytes]:
    for start in range(0, count, _BATCH):
        numbers = range(start, min(count, start + _BATCH))
        tasks = [{"id": number + 1, "data": {"text": f"{number} {_TEXT}"}} for number in numbers]
        yield json.dumps({"tasks": tasks, "project": "9.1700000000", "label_config": _CONFIG}).encode()


def _made(answer: httpx.Response) -> Any:
    if not answer.is_success:
        raise RuntimeError(f"{answer.request.url} answered {answer.status_code}: {answer.text[:500]}")
    return answer.json()
