"""The protocol of ML backends, asked of a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ml.serving.running import CONFIG, KEY, Running, running
from treadle.ml.serving.bodies import project_key

GOLDEN = Path(__file__).parents[2] / "golden" / "ml-backend-wire.json"
RECORDED = json.loads(GOLDEN.read_text("utf-8"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("protocol"), "--prefix", "/second") as found:
        yield found


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda one: f"{one['step']}-{one['path'][1:]}")
def test_what_label_studio_sends_is_answered_as_it_reads_it(served: Running, recorded: Any) -> None:
    headers = {"User-Agent": recorded["user_agent"]}
    answer = served.client.request(
        recorded["method"], recorded["path"], json=recorded["body"], headers=headers
    )
    told = answer.json()
    match recorded["path"]:
        case "/health":
            assert (answer.status_code, told["status"], told["model_class"]) == (200, "UP", "Probe")
        case "/setup":
            assert told == {"model_version": "untrained"}
        case "/versions":
            assert told["versions"][0] == "untrained"
        case "/webhook":
            assert (answer.status_code, told["status"]) == (201, "ok")
        case "/predict":
            assert len(told["results"]) == len(recorded["body"]["tasks"])
            assert {item["model_version"] for item in told["results"]} == {"untrained"}
            assert all(isinstance(item["result"], list) for item in told["results"])


def test_the_key_of_a_webhooks_project_is_that_of_setup() -> None:
    keys = {project_key(one["body"]["project"]) for one in RECORDED if one["body"]}
    assert keys == {KEY}


@pytest.mark.parametrize("project", [1, 1.0, "1", KEY, None, "Ünïcode/../x", {"id": 1}])
@pytest.mark.parametrize("extra", [{"conf": 0.4}, '{"conf": 0.4}', "", None, [1]])
def test_a_project_may_be_anything_and_settings_too(served: Running, project: Any, extra: Any) -> None:
    assert served.setup(project=project, extra_params=extra) == "untrained"
    assert len(served.predict(project=project)["results"]) == 1


@pytest.mark.parametrize("params", [None, {}, {"context": None}, {"context": {}}, "x", 7])
def test_parameters_may_be_anything(served: Running, params: Any) -> None:
    assert len(served.predict(params=params)["results"]) == 1


def test_a_single_task_may_come_without_its_list(served: Running) -> None:
    body = {"tasks": {"id": 1, "data": {"text": "x"}}, "project": KEY, "label_config": CONFIG}
    assert len(served.post("/predict", body)["results"]) == 1


def test_a_prediction_without_setup_and_without_tasks_is_answered(served: Running) -> None:
    assert served.predict(project="77.1")["model_version"] == "untrained"
    assert served.post("/predict", {"tasks": [], "project": "78.1"})["results"] == []


def test_a_task_that_fails_is_empty_and_told_of_and_the_others_are_not(served: Running) -> None:
    told = served.predict({}, {"do": "raise"}, {})
    assert [len(item["result"]) for item in told["results"]] == [1, 0, 1]
    assert told["errors"] == [{"task": 1, "detail": "RuntimeError: the task is of cheese"}]


def test_a_long_request_is_put_together_in_its_order(served: Running) -> None:
    told = served.predict(*({"do": "raise"} if n == 20 else {} for n in range(40)))
    assert [n for n, item in enumerate(told["results"]) if not item["result"]] == [20]
    assert [error["task"] for error in told["errors"]] == [20]


def test_who_draws_gets_one_object(served: Running) -> None:
    told = served.predict({"list": True}, params={"context": {"result": []}})
    assert isinstance(told["results"][0], dict)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/setup", {"project": KEY, "schema": "<View><Text"}, "label-config"),
        ("/setup", {"schema": "<!DOCTYPE a [<!ENTITY b 'c'>]><View>&b;</View>"}, "label-config"),
        ("/predict", {"tasks": [{"id": 1}], "label_config": "<View>"}, "label-config"),
        ("/predict", {"project": KEY}, "tasks-missing"),
        ("/predict", {"tasks": "all"}, "tasks-missing"),
        ("/predict", {"tasks": [7]}, "task-not-object"),
        ("/predict", {"tasks": [{}], "params": {"context": [1]}}, "body-wrong"),
        ("/predict", [], "body-wrong"),
        ("/webhook", {"action": 7}, "body-wrong"),
        ("/validate", {"config": "<View"}, "label-config"),
        ("/promote", {"project": KEY}, "model-version"),
    ],
)
def test_a_wrong_body_is_refused_with_a_reason(served: Running, path: str, body: Any, code: str) -> None:
    told = served.post(path, body, 400)
    assert told["code"] == code
    assert "Traceback" not in told["detail"]


def test_what_is_no_json_or_not_there_is_told_so(served: Running) -> None:
    assert served.client.post("/predict", content=b"{broken").json()["code"] == "body-not-json"
    assert served.get("/nothing", 404)["code"] == "address"
    refused = served.client.get("/predict")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert served.client.head("/health").status_code == 200


def test_servers_of_2022_find_what_they_ask_for(served: Running) -> None:
    assert served.get("/is_training?project=5")["is_training"] is False
    assert served.post("/job_status", {"job": "gone"}, 410)["code"] == "job-not-found"
    assert served.post("/validate", {"config": CONFIG})["status"] == "ok"
    assert served.post("/versions", {"project": KEY})["versions"] == ["untrained"]
    assert served.post("/webhook", {"action": "SOMETHING"})["status"] == "Unknown event"
    copied = served.post("/duplicate_model", {"project_src": KEY, "project_dst": "2.1"}, 201)
    assert copied["model_version"] == "untrained"
    assert served.post("/delete", {"project": "2.1"})["status"] == "ok"


def test_a_path_that_a_proxy_leaves_is_taken_away(served: Running) -> None:
    assert served.get("/second/health")["status"] == "UP"
    assert served.get("/second/versions")["versions"] == ["untrained"]


def test_metrics_are_empty_json_but_for_who_asks_for_text(served: Running) -> None:
    assert served.client.get("/metrics").json() == {}
    text = served.client.get("/metrics", headers={"Accept": "text/plain"}).text
    assert 'treadle_ml_requests_total{route="/predict",status="200"}' in text
    assert "treadle_ml_ready 1" in text
    assert 'treadle_ml_batch_tasks_bucket{le="+Inf"}' in text
