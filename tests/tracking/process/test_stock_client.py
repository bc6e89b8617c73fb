"""The stock client through the tracking process, on both databases; one process for all of them."""

from __future__ import annotations

import gzip
import json
import math
import os
import socket
from pathlib import Path

import httpx
import pytest
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from tests.tracking.process.conftest import environment_of_process
from tests.tracking.process.front import Front
from tests.waiting import wait_until
from treadle.settings import Settings
from treadle.tracking.exchanges import MOST_BODY_BYTES

PARAMS = 10_000
PARAMS_AT_ONCE = 100
STRANGER = {"Authorization": "Bearer stranger"}
LARGE = os.urandom(1024) * 3 * 1024


def new_run(client: MlflowClient, name: str) -> str:
    return str(client.create_run(client.create_experiment(name)).info.run_id)


def test_what_a_notebook_logs_is_found_again(client: MlflowClient, tmp_path: Path) -> None:
    run_id = new_run(client, "Früchte 🍎")
    client.log_batch(run_id, [Metric("loss", 0.5, 1, 7)], [Param("lr", "0.1")], [RunTag("kind", "first")])
    (tmp_path / "page.txt").write_text("paper")
    client.log_artifact(run_id, str(tmp_path / "page.txt"), "pages/möbel")
    run = client.get_run(run_id)
    assert (run.data.metrics, run.data.params, run.data.tags["kind"]) == (
        {"loss": 0.5},
        {"lr": "0.1"},
        "first",
    )
    assert run.info.artifact_uri.startswith("mlflow-artifacts:/workspaces/ws-1/")
    found = client.search_runs([run.info.experiment_id], "metrics.loss < 1 and params.lr = '0.1'")
    assert [one.info.run_id for one in found] == [run_id]
    assert [entry.path for entry in client.list_artifacts(run_id, "pages")] == ["pages/möbel"]
    there = client.download_artifacts(run_id, "pages/möbel/page.txt", str(tmp_path))
    assert Path(there).read_text() == "paper"


def test_a_model_is_registered_and_promoted(client: MlflowClient) -> None:
    run_id = new_run(client, "models")
    client.create_registered_model("digits")
    version = client.create_model_version("digits", client.get_run(run_id).info.artifact_uri, run_id)
    client.set_registered_model_alias("digits", "champion", version.version)
    assert client.get_model_version_by_alias("digits", "champion").version == version.version


def test_numbers_that_are_none_come_back(client: MlflowClient) -> None:
    run_id = new_run(client, "numbers")
    for step, value in enumerate((math.nan, math.inf, -math.inf)):
        client.log_metric(run_id, "loss", value, step=step)
    history = sorted(client.get_metric_history(run_id, "loss"), key=lambda one: one.step)
    # MLflow keeps infinity as the largest number that its column takes.
    assert math.isnan(history[0].value)
    assert [one.value > 1e300 for one in history[1:]] == [True, False]


def test_a_run_takes_ten_thousand_params(client: MlflowClient) -> None:
    run_id = new_run(client, "many")
    params = [Param(f"layer.{number}", str(number)) for number in range(PARAMS)]
    for start in range(0, PARAMS, PARAMS_AT_ONCE):
        client.log_batch(run_id, params=params[start : start + PARAMS_AT_ONCE])
    assert client.get_run(run_id).data.params == {one.key: one.value for one in params}


def test_a_stranger_sees_nothing(client: MlflowClient, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = new_run(client, "secret")
    client.log_text(run_id, "paper", "page.txt")
    place = client.get_run(run_id).info.artifact_uri.replace("mlflow-artifacts:", "treadle:")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "stranger")
    stranger = MlflowClient(front.address, front.address)
    assert list(stranger.search_experiments()) == []
    with pytest.raises(MlflowException, match="not found"):
        stranger.get_run(run_id)
    own = stranger.create_run(stranger.create_experiment("secret")).info.run_id
    stranger.create_registered_model("thief")
    stranger.create_model_version("thief", place, own)
    model = "name=thief&version=1&path=page.txt"
    answer = httpx.get(f"{front.address}/model-versions/get-artifact?{model}", headers=STRANGER)
    assert (answer.status_code, "ws-1" in answer.text) == (404, False)


def test_who_names_no_experiment_logs_into_the_default_one_of_the_workspace(
    client: MlflowClient, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MlflowException, match="No Experiment with id=0"):
        client.get_experiment("0")
    assert client.get_experiment_by_name("Default") is None, "who only looks makes none"
    run = client.create_run("0")
    own = client.get_experiment_by_name("Default")
    assert (run.info.experiment_id, client.get_experiment("0").experiment_id) == (own.experiment_id,) * 2
    assert run.info.artifact_uri.startswith(f"mlflow-artifacts:/workspaces/ws-1/{own.experiment_id}/")
    client.create_run("0")
    assert len(client.search_runs(["0"])) == 2
    location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}
    info = {"trace_id": "tr-1", "trace_location": location, "request_time": "2026-01-01T00:00:00Z"}
    traces = f"{front.address}/api/3.0/mlflow/traces"
    assert httpx.post(traces, json={"trace": {"trace_info": info}}).status_code == 200
    found = httpx.post(f"{traces}/search", json={"locations": [location]}).json()["traces"]
    assert [one["trace_id"] for one in found] == ["tr-1"]
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "stranger")
    stranger = MlflowClient(front.address, front.address)
    assert stranger.create_run("0").info.experiment_id != own.experiment_id
    assert len(stranger.search_runs(["0"])) == 1


def test_workspaces_are_listed_under_their_own_names(client: MlflowClient, front: Front) -> None:
    listed = httpx.get(f"{front.address}/api/3.0/mlflow/workspaces").text
    assert ('"main"' in listed, '"ws-2"' in listed, "default" in listed) == (True, True, False)


def test_large_bodies_go_both_ways_as_they_are(client: MlflowClient, front: Front) -> None:
    place = f"{front.address}/api/2.0/mlflow-artifacts/artifacts/1/large.bin"
    assert httpx.put(place, content=LARGE).status_code == 200
    assert httpx.get(place).content == LARGE
    pieces = (LARGE[start : start + 100_000] for start in range(0, len(LARGE), 100_000))
    assert httpx.put(f"{place}.2", content=pieces).status_code == 200
    assert httpx.get(f"{place}.2").content == LARGE
    # Through Flask, too, whose bodies are spooled and streamed.
    run_id = new_run(client, "large")
    part = f"{front.address}/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run_id}&path=large.bin"
    assert httpx.post(part, content=LARGE).status_code == 200
    whole = f"{front.address}/get-artifact?run_id={run_id}&path=large.bin"
    assert httpx.get(whole).content == LARGE
    assert httpx.head(whole).headers["content-length"] == str(len(LARGE))


def test_packed_traces_are_taken_within_a_limit(client: MlflowClient, front: Front) -> None:
    place = f"{front.address}/v1/traces"
    experiment_id = client.create_experiment("traces")
    name = [{"key": "service.name", "value": {"stringValue": "paper"}}]
    span = {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "fold", "endTimeUnixNano": "9"}
    sent = {"resourceSpans": [{"resource": {"attributes": name}, "scopeSpans": [{"spans": [span]}]}]}
    headers = {
        "content-type": "application/json",
        "content-encoding": "gzip",
        "x-mlflow-experiment-id": experiment_id,
    }
    taken = httpx.post(place, headers=headers, content=gzip.compress(json.dumps(sent).encode()))
    assert taken.status_code == 200, taken.text
    bomb = gzip.compress(bytes(MOST_BODY_BYTES + 1))
    refused = httpx.post(place, headers=headers, content=bomb)
    assert (refused.status_code, refused.json()["error_code"]) == (413, "INVALID_PARAMETER_VALUE")
    assert "retry-after" not in refused.headers
    headers["content-encoding"] = "br"
    assert httpx.post(place, headers=headers, content=b"paper").status_code == 415


def test_an_upload_that_breaks_off_leaves_nothing(front: Front, settings: Settings) -> None:
    with socket.create_connection(("127.0.0.1", front.port)) as line:
        line.sendall(
            b"PUT /api/2.0/mlflow-artifacts/artifacts/1/broken.bin HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 9000000\r\n\r\n" + b"x" * 4_000_000
        )
        objects = settings.data_dir / "objects"
        wait_until(lambda: list((settings.data_dir / "tmp").glob("tracking-*")))
    place = "/api/2.0/mlflow-artifacts/artifacts/1/broken.bin"
    assert httpx.get(front.address + place).status_code == 404
    assert list(objects.rglob("broken.bin")) == []
    assert list(objects.glob(".partial/*")) == []


def test_the_address_of_the_database_is_in_no_environment(front: Front, settings: Settings) -> None:
    httpx.get(f"{front.address}/api/2.0/mlflow/experiments/get-by-name?experiment_name=no", timeout=60)
    pid = front.tracking.pid
    assert pid is not None
    inherited = httpx.get(f"{front.address}/inherited").text
    for told in (environment_of_process(pid), inherited):
        assert "TREADLE_" not in told
        assert "postgresql:" not in told
        assert "postgresql+" not in told
        assert "mlflow.db" not in told
    assert "MLFLOW_ENABLE_WORKSPACES=true" in inherited
