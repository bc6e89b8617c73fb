"""Notebooks as data scientists write them, run with the stock client in a process of their own.

Each of them sees what the token before it lets it; what they saw is printed as one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException, RestException
from requests import HTTPError

Json = dict[str, Any]


def edit() -> Json:
    """Track, log in batches and in files, train with autolog, register, trace, and read it all again."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    client = MlflowClient()
    mlflow.set_experiment("petals")
    mlflow.sklearn.autolog(log_input_examples=False, log_model_signatures=False)
    with mlflow.start_run(run_name="first") as run:
        mlflow.log_params({"kind": "logistic", **{f"p{n}": str(n) for n in range(20)}})
        for step in range(5):
            mlflow.log_metrics({"loss": 1 / (step + 1), "nan": float("nan")}, step=step)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "notes").mkdir()
            Path(folder, "notes", "ä b.txt").write_text("paper")
            mlflow.log_artifacts(folder, "files")
        mlflow.log_dict({"a": [1, 2]}, "shape.json")
        x, y = load_iris(return_X_y=True)
        LogisticRegression(max_iter=20).fit(x, y)
    mlflow.sklearn.autolog(disable=True)
    kept = client.get_run(run.info.run_id)
    model = next(iter(mlflow.search_logged_models(output_format="list")))
    version = mlflow.register_model(model.model_uri, "iris").version
    loaded = mlflow.sklearn.load_model(f"models:/iris/{version}")
    with mlflow.start_span("ask") as span:
        span.set_inputs({"q": "which petal"})
        span.set_outputs({"a": 2})
    mlflow.flush_trace_async_logging()
    page = f"runs:/{run.info.run_id}/files/notes/ä b.txt"
    found = mlflow.search_runs(experiment_names=["petals"], filter_string="params.kind = 'logistic'")
    return {
        "run_id": run.info.run_id,
        "params": len(kept.data.params),
        "loss": kept.data.metrics["loss"],
        "history": len(client.get_metric_history(run.info.run_id, "loss")),
        "files": sorted(one.path for one in client.list_artifacts(run.info.run_id, "files/notes")),
        "text": Path(mlflow.artifacts.download_artifacts(page)).read_text(),
        "dict": mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/shape.json"),
        "found": len(found),
        "version": version,
        "predicted": int(loaded.predict(x[:1])[0]),
        "traces": len(
            mlflow.search_traces(
                experiment_ids=[kept.info.experiment_id],
                filter_string="trace.text LIKE '%which petal%'",
                return_type="list",
            )
        ),
    }


def look() -> Json:
    """What a reader sees, and which of a reader's writes are refused how."""
    client = MlflowClient()
    run = client.search_runs([client.get_experiment_by_name("petals").experiment_id])[0]
    run_id = run.info.run_id
    trace = mlflow.search_traces(experiment_ids=[run.info.experiment_id], return_type="list")[0]
    writes = {
        "metric": lambda: client.log_metric(run_id, "loss", 9.0),
        "param": lambda: client.log_param(run_id, "new", "x"),
        "batch": lambda: client.log_batch(run_id, metrics=[Metric("loss", 9.0, 1, 9)]),
        "tag": lambda: client.set_tag(run_id, "new", "x"),
        "trace": lambda: client.set_trace_tag(trace.info.trace_id, "new", "x"),
        "experiment": lambda: client.create_experiment("mine"),
        "artifact": lambda: client.log_text(run_id, "x", "x.txt"),
        "model": lambda: client.create_registered_model("mine"),
        "alias": lambda: client.set_registered_model_alias("iris", "champion", "1"),
        "delete": lambda: client.delete_run(run_id),
    }
    return {
        "loss": run.data.metrics["loss"],
        "files": [one.path for one in client.list_artifacts(run_id)],
        "model": client.get_model_version("iris", "1").name,
        "kind": type(mlflow.sklearn.load_model("models:/iris/1")).__name__,
        "span": trace.data.spans[0].name,
        "trace_id": trace.info.trace_id,
        "refused": {name: _status_of(write) for name, write in writes.items()},
    }


def promote() -> Json:
    """Give a version its alias, and load the model by it."""
    client = MlflowClient()
    client.set_registered_model_alias("iris", "champion", "1")
    loaded = mlflow.sklearn.load_model("models:/iris@champion")
    return {"kind": type(loaded).__name__, "aliases": client.get_registered_model("iris").aliases}


def stray(run_id: str, trace_id: str) -> Json:
    """What somebody of another workspace finds of it."""
    client = MlflowClient()
    return {
        "experiments": [one.name for one in client.search_experiments()],
        "models": [one.name for one in client.search_registered_models()],
        "run": _status_of(lambda: client.get_run(run_id)),
        "files": _status_of(lambda: client.list_artifacts(run_id)),
        "load": _status_of(lambda: mlflow.sklearn.load_model("models:/iris/1")),
        "trace": _status_of(lambda: client.get_trace(trace_id)),
        "workspaces": [one.name for one in mlflow.list_workspaces()],
    }


def _status_of(act: Any) -> str:
    try:
        act()
    except RestException as error:
        return str(error.error_code)
    except (MlflowException, HTTPError) as error:
        return next((word for word in ("403", "404") if word in str(error)), str(error))
    return "done"


def _as(token: str, notebook: Callable[..., Json], *words: str) -> Json:
    os.environ["MLFLOW_TRACKING_TOKEN"] = token
    return notebook(*words)


def main(tokens: dict[str, str]) -> Json:
    """What each of them saw, one after the other."""
    made, read = _as(tokens["editor"], edit), _as(tokens["viewer"], look)
    return {
        "made": made,
        "read": read,
        "read by editor": _as(tokens["editor"], look),
        "promoted": _as(tokens["manager"], promote),
        "strayed": _as(tokens["stranger"], stray, made["run_id"], read["trace_id"]),
    }


if __name__ == "__main__":
    os.chdir(os.environ["HOME"])
    print(json.dumps(main(json.loads(sys.argv[1]))))
