"""A model server that trains eight projects at once: who asks it does not notice."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from benchmarks.learning.backends import Backend, ours
from benchmarks.rows import Row

TRAININGS = 8
_WAIT_S = 60.0
#: Learns until it is told to stop, with all of a processor that it gets.
_MODEL = """
from treadle.ml import Model, choice

class Busy(Model):
    def predict(self, tasks, context):
        label = self.labels.control().labels[0]
        return [[choice(label, score=0.987)] for _ in tasks]

    def fit(self, dataset, run):
        while not run.should_stop():
            sum(range(100_000))
"""


def measure(config: str, prediction: dict[str, Any], seconds: float) -> list[Row]:
    """How long somebody who asks again and again waits, without trainings and with them.

    prediction: the body of /predict with one task.
    """
    with (
        tempfile.TemporaryDirectory(prefix="treadle-bench-") as folder,
        ours(Path(folder), _MODEL, "--trainings", str(TRAININGS)) as backend,
        httpx.Client(base_url=backend.url, trust_env=False, timeout=_WAIT_S) as client,
    ):
        _took_ms(client, "/predict", prediction, seconds / 4)
        quiet_ms = median(_took_ms(client, "/predict", prediction, seconds))
        _train(client, backend, config)
        busy_ms = median(_took_ms(client, "/predict", prediction, seconds))
        health_ms = _p95(_took_ms(client, "/health", None, seconds))
        told = {"action": "ANNOTATION_CREATED", "project": {"id": 1}, "annotation": {"id": 1}}
        webhook_ms = _p95(_took_ms(client, "/webhook", told, seconds / 4))
        assert _trainings(client) == TRAININGS, "a training has ended"
    beside = f"while {TRAININGS} trainings run"
    return [
        Row(
            f"predict, 1 task: p50 {beside}",
            "ms",
            busy_ms,
            None,
            1.5 * quiet_ms,
            "1.5 × without",
            f"{quiet_ms:.2f} without",
        ),
        Row(f"health: p95 {beside}", "ms", health_ms, None, 50.0, "50 ms"),
        Row(f"a webhook is acknowledged: p95 {beside}", "ms", webhook_ms, None, 20.0, "20 ms"),
    ]


def _train(client: httpx.Client, backend: Backend, config: str) -> None:
    """Let each of so many projects learn."""
    region = {"from_name": "sentiment", "to_name": "text", "type": "choices"}
    result = [{**region, "value": {"choices": ["Positive"]}}]
    tasks = [
        {"id": number, "data": {"text": "words"}, "annotations": [{"id": number, "result": result}]}
        for number in range(1, 5)
    ]
    for number in range(TRAININGS):
        body = {"project": f"{number + 10}.1700000000", "label_config": config, "tasks": tasks}
        client.post("/train", json=body).raise_for_status()
    end_s = time.monotonic() + _WAIT_S
    while _trainings(client) < TRAININGS:
        if time.monotonic() > end_s:
            raise RuntimeError(f"{backend.url} does not train {TRAININGS} projects at once.")
        time.sleep(0.2)
    time.sleep(2.0)  # until each has come to its work


def _trainings(client: httpx.Client) -> int:
    return int(client.get("/health").json()["training"])


def _took_ms(client: httpx.Client, path: str, body: dict[str, Any] | None, seconds: float) -> list[float]:
    """How long each of the requests took that follow each other for so long."""
    content = None if body is None else json.dumps(body).encode()
    method, took_ms = ("GET" if content is None else "POST"), []
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        began_s = time.perf_counter()
        client.request(method, path, content=content).raise_for_status()
        took_ms.append((time.perf_counter() - began_s) * 1e3)
    return took_ms


def _p95(took_ms: list[float]) -> float:
    return quantiles(took_ms, n=20)[-1]
