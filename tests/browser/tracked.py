"""Runs as MLflow's client logs them, over the server's own address, and many more of the same."""

from __future__ import annotations

import math
import sqlite3
import time
from contextlib import closing
from typing import Any

from tests.browser.house import House

MLFLOW = "/api/2.0/mlflow"
OPTIMIZERS = ("adam", "sgd", "lion")
#: Of one run after the other; parameters are words to MLflow.
LEARNING_RATES = ("0.1", "0.03", "0.01")
STEPS = 12

_TABLES = ("latest_metrics", "metrics", "params", "tags")


def tell(house: House, path: str, body: dict[str, Any]) -> Any:
    return house.ask("POST", f"{MLFLOW}/{path}", json=body)


def make_experiment(house: House, name: str) -> str:
    experiment_id = tell(house, "experiments/create", {"name": name})["experiment_id"]
    assert isinstance(experiment_id, str)
    return experiment_id


def log_run(house: House, experiment: str, index: int, *, ends: bool = True) -> str:
    """Id of a run with a falling loss; the higher ``index``, the later and the worse it is."""
    start = int(time.time() * 1000) - 3_600_000 + index * 1000
    wanted = {"experiment_id": experiment, "start_time": start, "run_name": f"loom-{index}"}
    run = tell(house, "runs/create", wanted)["run"]["info"]["run_id"]
    assert isinstance(run, str)
    params = {"lr": LEARNING_RATES[index % 3], "optimizer": OPTIMIZERS[index % 3], "batch size": str(index)}
    log_batch(house, run, loss=[index + math.exp(-step) for step in range(STEPS)], params=params)
    if ends:
        tell(house, "runs/update", {"run_id": run, "status": "FINISHED", "end_time": start + 42_000})
    return run


def log_batch(
    house: House, run: str, *, loss: list[float], since: int = 0, params: dict[str, str] | None = None
) -> None:
    now = int(time.time() * 1000)
    metrics = [
        {"key": "loss", "value": value, "timestamp": now + step, "step": step}
        for step, value in enumerate(loss, since)
    ]
    pairs = [{"key": key, "value": value} for key, value in (params or {}).items()]
    tell(house, "runs/log-batch", {"run_id": run, "metrics": metrics, "params": pairs})


def multiply_runs(house: House, copies: int) -> None:
    """As many runs again, each as those that were logged, in MLflow's own tables; all begin earlier."""
    file = house.database.with_name("mlflow.db")
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {copies})"
    with closing(sqlite3.connect(file, timeout=60)) as connection, connection:
        runs = _columns(connection, "runs")
        made = {
            "run_uuid": _COPY_ID,
            "name": "t.name || '-' || n.i",
            "start_time": "t.start_time - n.i * 100000",
        }
        values = ", ".join(made.get(column, f"t.{column}") for column in runs)
        originals = "(SELECT * FROM runs WHERE name NOT LIKE 'loom-%-%') t, n"
        connection.execute(f"{numbers} INSERT INTO runs ({', '.join(runs)}) SELECT {values} FROM {originals}")
        for table in _TABLES:
            columns = _columns(connection, table)
            made = {"run_uuid": _COPY_ID, **({"value": _COPY_TAG} if table == "tags" else {})}
            values = ", ".join(made.get(column, f"t.{column}") for column in columns)
            connection.execute(
                f"{numbers} INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} t, n "
                f"WHERE t.run_uuid NOT LIKE 'c0%'"
            )


_COPY_ID = "printf('c0%06x', n.i) || substr(t.run_uuid, 9)"

#: A run's name stands in a tag of it, too.
_COPY_TAG = "CASE t.key WHEN 'mlflow.runName' THEN t.value || '-' || n.i ELSE t.value END"


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
