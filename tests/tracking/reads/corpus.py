"""A database of MLflow's own making, with something odd in every field."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunStatus,
    RunTag,
    ViewType,
)
from mlflow.protos.service_pb2 import GetRun, SearchRuns
from mlflow.store.tracking.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore
from mlflow.utils.proto_json_utils import message_to_json
from mlflow.utils.workspace_context import WorkspaceContext
from sqlalchemy import text

from treadle.settings import Settings
from treadle.tracking.reads import ReadRequest, Reads
from treadle.tracking.visitor import Visitor

_ODD_VALUES = (
    float("nan"),
    float("inf"),
    float("-inf"),
    0.1,
    -0.0,
    1e-320,
    1 / 3,
    12345678901234567.0,
    1.0,
)
_ODD_TEXTS = ("", "0.1", "é😀\u2028", 'a "b" \\ c', "it's", "line\nline", "<&>", "x" * 900, "100%", "_")
_KINDS = (RunStatus.RUNNING, RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED, RunStatus.SCHEDULED)
_VIEWS = {"ACTIVE_ONLY": ViewType.ACTIVE_ONLY, "DELETED_ONLY": ViewType.DELETED_ONLY, "ALL": ViewType.ALL}


@dataclass(frozen=True)
class Studio:
    """MLflow's store of two workspaces, and our reads of the same database."""

    store: Any
    reads: Reads
    url: str
    #: Experiments by name.
    ids: dict[str, str]
    runs: dict[str, list[str]]

    def ask(self, path: str, body: object = None, query: str = "", workspace: int = 1) -> Any:
        """Our answer: its status and what its JSON says; None where MLflow is to answer."""
        visitor = Visitor(1, "a@example.com", workspace, "read", ())
        sent = b"" if body is None else json.dumps(body).encode()
        request = ReadRequest("POST" if body is not None else "GET", path, query, sent, visitor)
        answer = self.reads.answer(request)
        return None if answer is None else (answer.status, json.loads(answer.body))

    def screen(self, name: str, body: object, workspace: int = 1) -> Any:
        """What one of our screens is answered."""
        status, answer = self.ask(f"/treadle/{name}", body, workspace=workspace)
        assert status == 200, answer
        return answer

    def stock_run(self, run_id: str, workspace: int = 1) -> Any:
        """What MLflow itself answers to runs/get."""
        with WorkspaceContext(f"ws-{workspace}"):
            message = GetRun.Response()
            message.run.MergeFrom(self.store.get_run(run_id).to_proto())
            return json.loads(message_to_json(message))

    def stock_search(self, body: dict[str, Any], workspace: int = 1) -> Any:
        """What MLflow itself answers to runs/search."""
        with WorkspaceContext(f"ws-{workspace}"):
            message = SearchRuns.Response()
            found = self.store.search_runs(
                experiment_ids=body["experiment_ids"],
                filter_string=body.get("filter", ""),
                run_view_type=_VIEWS[body.get("run_view_type", "ACTIVE_ONLY")],
                max_results=body.get("max_results", 1000),
                order_by=body.get("order_by", []),
                page_token=body.get("page_token"),
            )
            message.runs.extend([run.to_proto() for run in found])
            if found.token:
                message.next_page_token = found.token
            return json.loads(message_to_json(message))

    def log(self, run_id: str, points: list[tuple[str, float, int, int]], workspace: int = 1) -> None:
        """Points (key, value, timestamp, step) as MLflow writes them."""
        with WorkspaceContext(f"ws-{workspace}"):
            for start in range(0, len(points), 1_000):
                metrics = [Metric(*point) for point in points[start : start + 1_000]]
                self.store.log_batch(run_id, metrics, [], [])

    def new_run(self, experiment: str, name: str, start: int = 1, workspace: int = 1) -> str:
        """A run of its own."""
        with WorkspaceContext(f"ws-{workspace}"):
            run = self.store.create_run(self.ids[experiment], "me", start, [], name)
            return str(run.info.run_id)


@contextmanager
def mlflow_store(url: str, folder: Path) -> Iterator[Any]:
    """MLflow's store with workspaces, made at ``url``; what it does to the environment is undone."""
    with patch.dict(os.environ, {"MLFLOW_ENABLE_WORKSPACES": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}):
        store = WorkspaceAwareSqlAlchemyStore(url, str(folder))
        try:
            yield store
        finally:
            store.engine.dispose()


@contextmanager
def open_studio(url: str, folder: Path) -> Iterator[Studio]:
    """The store filled, and our reads of it."""
    with mlflow_store(url, folder) as store:
        ids, runs = {}, {}
        for workspace, name, count in ((1, "curves", 0), (1, "odd", 40), (1, "few", 6), (2, "foreign", 5)):
            with WorkspaceContext(f"ws-{workspace}"):
                ids[name] = store.create_experiment(name, tags=[])
                runs[name] = [_fill_run(store, ids[name], number) for number in range(count)]
        _age(store, runs["odd"])
        reads = Reads(url, Settings())
        try:
            yield Studio(store, reads, url, ids, runs)
        finally:
            reads.close()


def _fill_run(store: Any, experiment_id: str, number: int) -> str:
    chance = random.Random(number)
    run = store.create_run(experiment_id, f"user-{number % 3}", 1000 + number // 3, [], f"run é {number}")
    run_id = str(run.info.run_id)
    metrics = [
        Metric(f"m{key}", _ODD_VALUES[(number + key + step) % len(_ODD_VALUES)], 50 - step, step - 1)
        for key in range(number % 5)
        for step in range(3)
    ]
    metrics.append(Metric("loss", chance.choice([0.5, 0.25, chance.random()]), 1, 1))
    params = [Param(f"p/{key}", _ODD_TEXTS[(number + key) % len(_ODD_TEXTS)]) for key in range(number % 4)]
    params.append(Param("lr", chance.choice(["0.1", "0.01", "1e-3"])))
    tags = [RunTag(f"t {key}", _ODD_TEXTS[(number * 3 + key) % len(_ODD_TEXTS)]) for key in range(number % 3)]
    store.log_batch(run_id, metrics, params, tags)
    if number % 4 == 0:
        sets = [_dataset(number % 3), _dataset(3 + number % 2)]
        store.log_inputs(run_id, sets, [LoggedModelInput(f"m-in-{number}")])
    if number % 5 == 0:
        store.log_outputs(run_id, [LoggedModelOutput(f"m-out-{number}-{step}", step) for step in range(2)])
    store.update_run_info(run_id, _KINDS[number % len(_KINDS)], None if number % 2 else 2000 + number, None)
    if number % 7 == 3:
        store.delete_run(run_id)
    return run_id


def _dataset(number: int) -> DatasetInput:
    whole = {"schema": '{"a": "é"}', "profile": '{"n": 1}'} if number % 2 else {}
    dataset = Dataset(f"set {number}", f"digest{number}", "local", json.dumps({"uri": f"/{number}"}), **whole)
    kinds = ("train", "eval")[: number % 3]
    return DatasetInput(dataset, [InputTag("mlflow.data.context", kind) for kind in kinds[:1]])


def _age(store: Any, run_ids: list[str]) -> None:
    """What older versions and other clients left: no name, a name in a tag alone, an end at 0."""
    with store.ManagedSessionMaker(read_only=False) as session:
        for sql, run_id in (
            ("UPDATE runs SET name = NULL WHERE run_uuid = :run", run_ids[0]),
            ("UPDATE runs SET name = '' WHERE run_uuid = :run", run_ids[1]),
            ("DELETE FROM tags WHERE run_uuid = :run AND key = 'mlflow.runName'", run_ids[1]),
            ("UPDATE runs SET end_time = 0 WHERE run_uuid = :run", run_ids[2]),
            ("UPDATE runs SET artifact_uri = '' WHERE run_uuid = :run", run_ids[4]),
            ("DELETE FROM tags WHERE run_uuid = :run", run_ids[5]),
        ):
            session.execute(text(sql), {"run": run_id})
