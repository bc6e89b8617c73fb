"""Log many real runs to a server, each by the requests of a program that uses MLflow's client.

    python -m scripts.many_runs http://localhost:8080 --token … [--experiment garage] [--runs 10000]

Every run is made, logged to and ended; nothing is written past the server. Some minutes for 10,000.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

MLFLOW = "/api/2.0/mlflow"
STEPS = 5
NAMES = ("bold-loom", "calm-reed", "brave-warp", "quiet-weft", "swift-spool", "warm-shuttle")
_AT_ONCE = 4
_APART_MS = 60_000

#: Sends JSON to a path, ``ask("POST", path, body)``, and gives the answer.
Ask = Callable[..., Any]


def log_runs(ask: Ask, experiment: str, count: int, until_ms: int | None = None) -> list[str]:
    """The ids of ``count`` runs, the oldest first.

    until_ms: a minute after the last one begins, in milliseconds since 1970; None: now.
    """
    ends_ms = int(time.time() * 1000) if until_ms is None else until_ms
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        starts = (ends_ms - (count - index) * _APART_MS for index in range(count))
        return list(pool.map(lambda each: _log_run(ask, experiment, *each), enumerate(starts)))


def _log_run(ask: Ask, experiment: str, index: int, start_ms: int) -> str:
    chance = random.Random(index)
    name = f"{NAMES[index % len(NAMES)]}-{index}"
    wanted = {"experiment_id": experiment, "start_time": start_ms, "run_name": name, "user_id": "mina"}
    run = str(ask("POST", f"{MLFLOW}/runs/create", wanted)["run"]["info"]["run_id"])
    rate = chance.choice((0.1, 0.03, 0.01))
    chosen = {"lr": rate, "optimizer": chance.choice(("adam", "sgd")), "batch size": chance.choice((16, 32))}
    params = [{"key": key, "value": str(value)} for key, value in chosen.items()]
    metrics = [each for step in range(STEPS) for each in _values(chance, rate, step, start_ms)]
    ask("POST", f"{MLFLOW}/runs/log-batch", {"run_id": run, "params": params, "metrics": metrics})
    status = "FAILED" if index % 23 == 7 else "FINISHED"
    ended = {"run_id": run, "status": status, "end_time": start_ms + STEPS * 9_000}
    ask("POST", f"{MLFLOW}/runs/update", ended)
    return run


def _values(chance: random.Random, rate: float, step: int, start_ms: int) -> Sequence[dict[str, Any]]:
    loss = math.exp(-step * rate) + 0.08 * chance.random() + rate
    at = {"timestamp": start_ms + step * 9_000, "step": step}
    found = {"loss": loss, "val loss": loss * 1.15 + 0.04 * chance.random(), "mAP50": 0.95 - loss / 2}
    return [{"key": key, "value": value, **at} for key, value in found.items()]


def main() -> None:
    """Log them, and tell how many a second."""
    parser = argparse.ArgumentParser(prog="python -m scripts.many_runs", description=__doc__)
    parser.add_argument("url", help="the server's address")
    parser.add_argument("--token", required=True, help="a personal token of who may log")
    parser.add_argument("--experiment", default="many runs", help="the name of a new experiment")
    parser.add_argument("--runs", type=int, default=10_000)
    given = parser.parse_args()
    done, lock = 0, threading.Lock()

    def ask(method: str, path: str, body: Any) -> Any:
        nonlocal done
        headers = {"Authorization": f"Bearer {given.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(given.url.rstrip("/") + path, json.dumps(body).encode(), headers)
        request.method = method
        with urllib.request.urlopen(request, timeout=120) as answer:
            told = json.load(answer)
        with lock:
            done += path.endswith("/update")
            if done % 500 == 0 and path.endswith("/update"):
                print(f"{done:,} runs", flush=True)
        return told

    experiment = ask("POST", f"{MLFLOW}/experiments/create", {"name": given.experiment})["experiment_id"]
    began_s = time.monotonic()
    made = log_runs(ask, experiment, given.runs)
    took_s = time.monotonic() - began_s
    print(f"{len(made):,} runs in experiment {experiment}, {len(made) / took_s:.0f} a second")


if __name__ == "__main__":
    main()
