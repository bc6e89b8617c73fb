"""The whole loop by itself: labels train, a better version serves, predicts, and orders what is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests.serving import RunningServer
from tests.waiting import wait_until
from tests.working import serve_with_worker
from treadle.jobs import JobParts
from treadle.learning.rules.following_rules import RuleFollower
from treadle.ml.starting import start_backend
from treadle.ml.trying import backend

_GOOD = ("kind and bright", "a lovely film", "kind people", "bright and lovely", "lovely, kind", "so bright")
_BAD = ("dull and long", "a badly made film", "long and dull", "dull people", "badly, badly", "so long")
_SURE, _TORN = "kind, kind, lovely, bright", "kind and bright people, dull and long people"


def test_labels_become_a_model_that_predicts_and_orders_what_is_left(sqlite_url: str, tmp_path: Path) -> None:
    start_backend(tmp_path / "films")
    with (
        backend(tmp_path / "films" / "model.py", tmp_path / "versions") as address,
        serve_with_worker(sqlite_url, tmp_path / "data") as server,
        server.client() as client,
    ):
        tasks = _make_project(client, (tmp_path / "films" / "config.xml").read_text("utf-8"))
        _ok(client.post("/api/ml/", json={"project": 1, "url": address, "title": "films"}))
        said: dict[str, Any] = {"train_after": 12, "promote": "when_better", "order": "uncertainty"}
        said |= {"prelabel_after_promotion": True, "order_after_promotion": True}
        said["spec"] = {"held_out": 0.3, "seed": 226}  # a split that twelve texts learn well by
        _ok(client.put("/api/learning/rules/", params={"project": "1"}, json=said))
        for text in (*_GOOD, *_BAD):
            _label(client, tasks[text], "Positive" if text in _GOOD else "Negative")
        _wait_for_order(server, client)
        training = _ok(client.get("/api/learning/trainings/", params={"project": "1"}))[0]
        assert (training["cause"], training["state"]) == ("count", "completed"), training
        (connected,) = _ok(client.get("/api/ml/", params={"project": "1"}))
        assert connected["serving_version"] == training["version"], training
        stored = _ok(client.get("/api/predictions/", params={"project": "1"}))
        assert {one["task"] for one in stored} == {tasks[_SURE], tasks[_TORN]}
        assert {one["model_version"] for one in stored} == {training["version"]["name"]}
        assert _ok(client.get("/api/projects/1/next"))["id"] == tasks[_TORN]


def _make_project(client: httpx.Client, config: str) -> dict[str, int]:
    _ok(client.post("/api/projects/", json={"title": "Films", "label_config": config}))
    texts = [*_GOOD, *_BAD, _SURE, _TORN]
    sent = [{"data": {"text": text}} for text in texts]
    path, asked = "/api/projects/1/import", {"return_task_ids": "true"}
    return dict(zip(texts, _ok(client.post(path, params=asked, json=sent))["task_ids"], strict=True))


def _label(client: httpx.Client, task_id: int, label: str) -> None:
    region = {"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
    _ok(client.post(f"/api/tasks/{task_id}/annotations/", json={"result": [region]}))


def _wait_for_order(server: RunningServer, client: httpx.Client) -> None:
    parts = JobParts(server.database, server.parts.objects, server.parts.settings)
    follower = RuleFollower(parts)

    def is_ordered() -> bool:
        follower.look()
        told = _ok(client.get("/api/jobs/", params={"project": "1"}))["results"]
        ended = [job["kind"] for job in told if job["state"] == "done"]
        return ended.count("order-queue") == 2

    wait_until(is_ordered, 240)  # trainings give way to everything else on this machine


def _ok(answer: httpx.Response) -> Any:
    assert answer.is_success, (answer.status_code, answer.text)
    return answer.json()
