"""Experiments and runs for our screens, through the server and its tracking process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.serving import RunningServer
from treadle.tracking.process import Reply as TrackingReply
from treadle.tracking.process import Tracking, Visitor

RUNS = "/api/tracking/runs/"


@pytest.fixture
def admin(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def test_screens_read_and_change_what_notebooks_log(
    server: RunningServer, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiments = "/api/tracking/experiments/?workspace=1"
    assert admin.get(experiments).json() == {"results": []}
    assert admin.post(RUNS, json={"workspace": 1}).json() == {"results": [], "total": 0}
    experiment, first, second = log_two_runs(admin)
    (listed,) = admin.get(experiments).json()["results"]
    assert (listed["id"], listed["name"], listed["run_count"]) == (experiment, "digits", 2)
    asked = {"workspace": 1, "experiment_ids": [experiment], "order_by": ["metrics.loss ASC"]}
    page = admin.post(RUNS, json={**asked, "columns": {"metrics": ["loss"], "params": ["lr"]}}).json()
    rows = [(row["run_id"], row["metrics"], row["params"]) for row in page["results"]]
    assert rows == [(second, {"loss": 0.25}, {"lr": "0.1"}), (first, {"loss": "NaN"}, {"lr": "0.2"})]
    curve = {"workspace": 1, "run_ids": [first, "none"], "key": "loss", "from": 0.5, "to": 2.5}
    (told,) = admin.post("/api/tracking/curves/", json=curve).json()["curves"]
    assert (told["run_id"], told["x"], told["max"]) == (first, [0, 1, 2], [1.0, 0.5, "NaN"])
    columns = admin.get(f"/api/tracking/columns/?workspace=1&experiment_ids={experiment},99").json()
    assert (columns["metrics"], columns["params"]) == (["loss"], ["lr"])
    groups = admin.post(f"{RUNS}groups/", json={**asked, "order_by": [], "by": "params.lr"}).json()["results"]
    assert [(group["value"], group["count"]) for group in groups] == [("0.1", 1), ("0.2", 1)]

    broken = admin.post(RUNS, json={"workspace": 1, "filter": "metrics.loss < "})
    assert (broken.status_code, broken.json()["code"], broken.json()["at"]) == (400, "run-filter", 15)
    assert admin.post(RUNS, json={"workspace": 1, "limit": 0}).status_code == 400

    tag = {
        "workspace": 1,
        "action": "set-tag",
        "run_ids": [first, second, "none"],
        "key": "best",
        "value": "é",
    }
    tagged = admin.post(f"{RUNS}actions/", json=tag).json()
    assert (tagged["changed"], [each["run_id"] for each in tagged["refused"]]) == (2, ["none"])
    assert (tagged["unchanged"], tagged["left"], tagged["why"]) == (["none"], 0, "")
    admin.post(f"{RUNS}actions/", json={"workspace": 1, "action": "delete", "run_ids": [first]})
    page = admin.post(RUNS, json={**asked, "filter": "tags.best = 'é'", "columns": {"tags": ["best"]}}).json()
    assert [(row["run_id"], row["tags"]) for row in page["results"]] == [(second, {"best": "é"})]
    deleted = admin.get("/api/tracking/deleted/?workspace=1").json()
    assert (deleted["runs"], deleted["results"][0]["run_id"]) == (1, first)
    body = {"workspace": 1, "action": "restore", "run_ids": [first]}
    assert admin.post(f"{RUNS}actions/", json=body).json()["changed"] == 1

    viewer = server.member("viewer@example.com", "viewer")
    with server.client(viewer.token) as client:
        assert client.post(RUNS, json=asked).json()["total"] == 2
        assert client.post(f"{RUNS}actions/", json=tag).status_code == 403
    check_a_change_that_stops_half_way(server, admin, monkeypatch, [first, second])


def check_a_change_that_stops_half_way(
    server: RunningServer, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch, runs: list[str]
) -> None:
    """It tells how far it came, and what is left; where nothing was changed it is refused."""
    first, second = runs
    tracking = server.parts.tracking
    asked: list[str] = []

    async def ask(method: str, path: str, visitor: Visitor, body: bytes) -> TrackingReply:
        asked.append(path)
        if len(asked) in (3, 4):
            return TrackingReply(503, (), b'{"message": "The database is away."}')
        return await Tracking.ask(tracking, method, path, visitor, body)

    monkeypatch.setattr(tracking, "ask", ask)
    delete = {"workspace": 1, "action": "delete", "run_ids": ["none", first, second, "other"]}
    told = admin.post(f"{RUNS}actions/", json=delete).json()
    assert (told["changed"], told["unchanged"]) == (1, ["none", second, "other"])
    assert (told["left"], told["why"]) == (2, "The database is away.")
    nothing = admin.post(f"{RUNS}actions/", json={**delete, "run_ids": [second]})
    assert (nothing.status_code, nothing.json()["detail"]) == (503, "The database is away.")
    assert admin.post(RUNS, json={"workspace": 1}).json()["total"] == 1


def log_two_runs(client: httpx.Client) -> tuple[str, str, str]:
    """An experiment with two runs, as MLflow's client logs them; their ids."""

    def ask(path: str, body: dict[str, Any]) -> Any:
        headers = {"X-MLFLOW-WORKSPACE": "ws-1"}
        answer = client.post(f"/api/2.0/mlflow/{path}", json=body, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    experiment = ask("experiments/create", {"name": "digits"})["experiment_id"]
    ids = []
    logged: tuple[list[float | str], ...] = ([1.0, 0.5, "NaN"], [0.25])
    for number, losses in enumerate(logged):
        run = ask(
            "runs/create", {"experiment_id": experiment, "start_time": number, "run_name": f"r{number}"}
        )
        ids.append(run["run"]["info"]["run_id"])
        metrics = [
            {"key": "loss", "value": value, "timestamp": step, "step": step}
            for step, value in enumerate(losses)
        ]
        params = [{"key": "lr", "value": ["0.2", "0.1"][number]}]
        ask("runs/log-batch", {"run_id": ids[-1], "metrics": metrics, "params": params})
    return str(experiment), ids[0], ids[1]


def test_a_view_is_ones_own_until_it_is_shared(server: RunningServer, admin: httpx.Client) -> None:
    views = "/api/tracking/views/"
    viewer = server.member("looker@example.com", "viewer")
    with server.client(viewer.token) as client:
        body = {"workspace": 1, "experiment": "3", "name": " Mine ", "state": {"columns": ["loss"]}}
        made = client.post(views, json=body).json()
        assert (made["name"], made["is_own"], made["state"]) == ("Mine", True, {"columns": ["loss"]})
        assert client.post(views, json={**body, "is_shared": True}).status_code == 403
        assert client.patch(f"{views}{made['id']}/", json={"name": "Ours"}).json()["name"] == "Ours"
        assert client.post(views, json={**body, "state": {"x": "y" * 17_000}}).status_code == 400
        assert client.post(views, json={**body, "name": " "}).status_code == 400
        assert admin.patch(f"{views}{made['id']}/", json={"name": "x"}).status_code == 404
        shared = admin.post(views, json={**body, "name": "All", "is_shared": True}).json()
        listed = client.get(f"{views}?workspace=1&experiment=3").json()["results"]
        assert [(view["name"], view["is_own"]) for view in listed] == [("All", False), ("Ours", True)]
        assert client.delete(f"{views}{shared['id']}/").status_code == 403
        assert client.delete(f"{views}{made['id']}/").status_code == 204
    assert [view["name"] for view in admin.get(f"{views}?workspace=1&experiment=3").json()["results"]] == [
        "All"
    ]
