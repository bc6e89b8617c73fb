"""Runs and a registered model on the server that is to be pictured, and the pages that show them."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from scripts.trace_scenes import log_traces

MLFLOW = "/api/2.0/mlflow"
MODEL = "garage-detector"
RUNS = 40
STEPS = 60
NAMES = ("bold-loom", "calm-reed", "brave-warp", "quiet-weft", "swift-spool", "warm-shuttle")
NOTE = "The new labels of the night pictures help: fewer lamps are taken for wheels."


@dataclass
class Tracker:
    """Logs what the pages show. ``ask``: sends JSON and gives the answer."""

    ask: Callable[..., Any]

    def __post_init__(self) -> None:
        # Beside the workspace that a browser opens first there is the samples': MLflow is to be told which.
        self.ask = partial(self.ask, **{"X-MLFLOW-WORKSPACE": "main"})

    def log(self) -> dict[str, str]:
        """The address of each page by its name."""
        experiment = self._tell("experiments/create", {"name": "garage"})["experiment_id"]
        self._tell("experiments/create", {"name": "street"})
        runs = [self._run(experiment, index) for index in range(RUNS)]
        best = runs[-2]
        self._tell("runs/set-tag", {"run_id": best, "key": "mlflow.note.content", "value": NOTE})
        self._register(runs)
        compared = ",".join(runs[-6:])
        self._delete(experiment)
        return {
            "experiments": "/experiments",
            "runs": f"/experiments/{experiment}",
            "run": f"/runs/{best}",
            "run-metrics": f"/runs/{best}?tab=metrics",
            "compare": f"/compare?runs={compared}",
            "compare-parallel": f"/compare?tab=parallel&runs={compared}",
            "deleted-runs": "/experiments/deleted",
            "models": "/models",
            "model": f"/models/{MODEL}",
            "traces": f"/experiments/{experiment}/traces",
            "trace": f"/traces/{log_traces(self.ask, experiment)}",
        }

    def _tell(self, path: str, body: dict[str, Any]) -> Any:
        return self.ask("POST", f"{MLFLOW}/{path}", body)

    def _delete(self, experiment: str) -> None:
        """Some runs with their files, and an experiment as a whole."""
        for index in range(RUNS, RUNS + 5):
            run = self._run(experiment, index)
            place = f"{experiment}/{run}/artifacts/weights.json"
            weights = {"weights": [0.5] * 9_000 * index}
            self.ask("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{place}", weights)
            self._tell("runs/delete", {"run_id": run})
        old = self._tell("experiments/create", {"name": "first attempts"})["experiment_id"]
        self._run(old, RUNS + 5)
        self._tell("experiments/delete", {"experiment_id": old})

    def _run(self, experiment: str, index: int) -> str:
        chance = random.Random(index)
        start = int(time.time() * 1000) - (RUNS - index) * 900_000
        name = f"{NAMES[index % len(NAMES)]}-{index}"
        wanted = {"experiment_id": experiment, "start_time": start, "run_name": name, "user_id": "mina"}
        run = str(self._tell("runs/create", wanted)["run"]["info"]["run_id"])
        rate = chance.choice((0.1, 0.03, 0.01))
        chosen = {
            "lr": rate,
            "optimizer": chance.choice(("adam", "sgd")),
            "batch size": chance.choice((16, 32)),
        }
        params = [{"key": key, "value": str(value)} for key, value in chosen.items()]
        metrics = [each for step in range(STEPS) for each in _values(chance, rate, step, start)]
        self._tell("runs/log-batch", {"run_id": run, "params": params, "metrics": metrics})
        if index < RUNS - 1:
            ended = {"run_id": run, "status": "FAILED" if index % 9 == 4 else "FINISHED"}
            self._tell("runs/update", {**ended, "end_time": start + STEPS * 9_000})
        return run

    def _register(self, runs: list[str]) -> None:
        what = "Finds motorcycles, wheels and lamps in pictures of the garage."
        self._tell("registered-models/create", {"name": MODEL, "description": what})
        for run in (runs[-20], runs[-9], runs[-2]):
            self._tell(
                "model-versions/create", {"name": MODEL, "source": f"runs:/{run}/model", "run_id": run}
            )
        for alias, version in (("champion", "1"), ("champion", "2"), ("challenger", "3")):
            self._tell("registered-models/alias", {"name": MODEL, "alias": alias, "version": version})


def _values(chance: random.Random, rate: float, step: int, start: int) -> list[dict[str, Any]]:
    loss = math.exp(-step * rate) + 0.08 * chance.random() + rate
    at = {"timestamp": start + step * 9_000, "step": step}
    found = {"loss": loss, "val loss": loss * 1.15 + 0.04 * chance.random(), "mAP50": 0.95 - loss / 2}
    return [{"key": key, "value": value, **at} for key, value in found.items()]
