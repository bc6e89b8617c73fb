"""Training over HTTP: from the gate to a version that is measured, live curves and the log, stopping it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.learning.training import CONFIG, Served, answer
from tests.serving import RunningServer
from tests.waiting import wait_until
from tests.working import serve_with_worker

_ALL = "/api/learning/trainings/"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = Served(tmp_path_factory.mktemp("words"))
    with found.running():
        yield found


@pytest.fixture
def client(database_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    url = database_url if database_url.startswith("postgresql") else ""
    with serve_with_worker(url, tmp_path / "data") as server, server.client() as opened:
        yield opened


def make_project(client: httpx.Client, count: int) -> int:
    """A project with as many labelled texts."""
    made = client.post("/api/projects/", json={"title": "Moods", "label_config": CONFIG}).json()
    tasks = []
    for number in range(count):
        word, label = ("fine", "Good") if number % 2 else ("awful", "Bad")
        result = json.loads(answer(label))
        tasks.append({"data": {"text": f"{word} story {number}"}, "annotations": [{"result": result}]})
    client.post(f"/api/projects/{made['id']}/import", json=tasks).raise_for_status()
    return int(made["id"])


def connect(client: httpx.Client, project: int, served: Served) -> int:
    answered = client.post("/api/ml/", json={"project": project, "url": served.url, "title": "words"})
    assert answered.status_code == 201, answered.text
    return int(answered.json()["id"])


def ended(client: httpx.Client, training: int) -> dict[str, Any]:
    found: dict[str, Any] = wait_until(lambda: over(client, training))
    return found


def over(client: httpx.Client, training: int) -> dict[str, Any] | None:
    found: dict[str, Any] = client.get(f"{_ALL}{training}/").json()
    return found if found["ended_at"] else None


def test_a_training_from_the_form_to_the_version_beside_the_one_before(
    client: httpx.Client, served: Served
) -> None:
    project = make_project(client, 40)
    wish = {"project": project, "backend": connect(client, project, served)}
    looked = client.post(f"{_ALL}gate/", json=wish).json()
    assert (looked["task_count"], looked["held_out_count"]) == (40, 7)
    assert looked["labels"] == [{"label": "Good", "count": 20}, {"label": "Bad", "count": 20}]
    assert {finding["severity"] for finding in looked["findings"]} == {"ok"}
    chosen = {"selectedItems": {"all": False, "included": ["x"]}}
    refused = client.post(f"{_ALL}gate/", json={**wish, "spec": chosen})
    assert (refused.status_code, refused.json()["code"]) == (400, "selection-malformed")
    spec = {"settings": {"epochs": 3}, "promote": "when_better"}
    first = client.post(_ALL, json={**wish, "spec": spec})
    assert first.status_code == 201, first.text
    told = ended(client, first.json()["id"])
    assert told["state"] == "completed", told
    assert (told["version"]["number"], told["serving_version"]) == (1, None)
    assert (told["evaluation"]["metric"], told["evaluation"]["value"]) == ("accuracy", 1.0)
    assert told["serving_evaluation"]["version"] == "untrained"
    assert told["started_by"]["name"]
    figures = client.get(f"{_ALL}{told['id']}/figures/").json()
    assert figures["figures"] == {"loss": [[0, 1.0], [1, 0.5], [2, pytest.approx(1 / 3)]]}
    log = client.get(f"{_ALL}{told['id']}/log/", params={"from": 0}).json()
    assert "epoch 2" in log["text"]
    rest = client.get(f"{_ALL}{told['id']}/log/", params={"from": log["next"]}).json()
    assert rest == {"text": "", "next": log["next"], "is_over": True}
    second = client.post(_ALL, json={**wish, "spec": {"settings": {"epochs": 2}, "promote": "when_better"}})
    told = ended(client, second.json()["id"])
    assert told["serving_version"]["number"] == 1
    assert told["serving_evaluation"]["value"] == 1.0
    assert client.get(f"/api/ml/{wish['backend']}/").json()["serving_version"]["number"] == 1
    assert client.get(f"{_ALL}{told['id']}/figures/").json()["serving"]["loss"] == pytest.approx(1 / 3)
    listed = client.get(_ALL, params={"project": project}).json()
    assert [each["id"] for each in listed] == [told["id"], first.json()["id"]]


def test_a_training_is_seen_while_it_runs_and_stopped(client: httpx.Client, served: Served) -> None:
    project = make_project(client, 8)
    wish = {"project": project, "backend": connect(client, project, served)}
    spec = {"settings": {"epochs": 4, "do": "wait"}, "held_out": 0.5}
    started = client.post(_ALL, json={**wish, "spec": spec}).json()
    refused = client.post(_ALL, json=wish)
    assert (refused.status_code, refused.json()["code"]) == (409, "training-under-way")
    wait_until(lambda: client.get(f"{_ALL}{started['id']}/figures/").json()["figures"])
    assert client.get(f"{_ALL}{started['id']}/").json()["state"] == "running"
    assert "epoch 0" in client.get(f"{_ALL}{started['id']}/log/").json()["text"]
    stopped = client.post(f"{_ALL}{started['id']}/cancel/", json={"keep": True}).json()
    assert stopped["state"] == "stopping"
    told = ended(client, started["id"])
    assert (told["state"], told["version"]["number"]) == ("completed", 1)
    again = client.post(f"{_ALL}{started['id']}/cancel/", json={})
    assert (again.status_code, again.json()["code"]) == (409, "training-ended")


def test_a_wish_that_is_none_is_refused_by_its_field(server: RunningServer) -> None:
    wrong = [{"held_out": 1}, {"seed": -1}, {"as_of": 7}, {"promote": "always"}]
    with server.client() as client:
        made = client.post("/api/projects/", json={"title": "Moods", "label_config": CONFIG})
        body = {"project": made.json()["id"], "backend": 1}
        for spec in wrong:
            answered = client.post(_ALL, json={**body, "spec": spec})
            assert (answered.status_code, list(answered.json()["validation_errors"])) == (400, ["spec"])
        absent = client.post(_ALL, json={**body, "spec": {"as_of": "labels@v1"}})
        assert absent.status_code == 404
