"""Pre-labelling over HTTP: ordered, followed, told; from the data manager; and when a task is opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.labeling.studio import CONFIG
from tests.learning.spoken import Spoken, cat
from tests.serving import RunningServer
from tests.waiting import wait_until
from tests.working import serve_with_worker
from treadle.access import ProjectScope, allow
from treadle.access.identities import identify_by_id
from treadle.learning.connections import backends
from treadle.learning.connections.backends import NewBackend
from treadle.learning.connections.connecting import look
from treadle.permissions import Permission


@pytest.fixture
def served(database_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    with serve_with_worker(database_url, tmp_path / "data") as server:
        yield server


def connect(server: RunningServer, project: int, spoken: Spoken) -> int:
    with server.database.write() as tx:
        identity = identify_by_id(tx, 1)
        assert identity is not None
        grant = allow(tx, identity.actor, Permission.PROJECT_WRITE, ProjectScope(project))
        new = NewBackend(title="m", url=spoken.url)
        backend = backends.add(tx, grant, new, server.parts.signing_key)
    return look(server.parts, backend.id).id


def make_project(client: httpx.Client, count: int) -> tuple[int, list[int]]:
    project = client.post("/api/projects/", json={"title": "Shapes", "label_config": CONFIG}).json()["id"]
    rows = [{"data": {"image": f"/{n}.jpg"}} for n in range(count)]
    answer = client.post(f"/api/projects/{project}/import?return_task_ids=1", json=rows)
    assert answer.status_code == 201, answer.text
    return project, answer.json()["task_ids"]


def test_what_a_version_said_is_ordered_counted_and_told(served: RunningServer) -> None:
    def predict(body: dict[str, Any]) -> Any:
        return [{"result": "oh"} if task["id"] == ids[0] else cat() for task in body["tasks"]]

    with served.client() as client, Spoken(predict).serving() as spoken:
        project, ids = make_project(client, 5)
        backend = connect(served, project, spoken)
        of_backend = {"project": project, "backend": backend}
        order = {**of_backend, "selectedItems": {"all": False, "included": ids[:3]}, "only": "missing"}
        answer = client.post("/api/learning/prelabel/", json=order)
        assert answer.status_code == 202, answer.text
        job = answer.json()["job"]
        assert answer.json()["total"] == 3
        wait_until(lambda: client.get(f"/api/jobs/{job}/").json()["state"] == "done")
        counts = client.get("/api/learning/prelabel/", params=of_backend).json()
        failures = client.get("/api/learning/prelabel/failures/", params={"backend": backend}).json()
        retrieved = client.post(
            "/api/dm/actions/",
            params={"id": "retrieve_tasks_predictions", "project": project},
            json={"selectedItems": {"all": True, "excluded": [ids[0]]}},
        ).json()
    assert counts == {"done": 2, "nothing": 0, "failed": 1, "missing": 2, "version": "v1", "job": None}
    assert failures["total"] == 1
    assert (failures["failures"][0]["task"], failures["failures"][0]["tries"]) == (ids[0], 1)
    assert (retrieved["processed_items"], retrieved["detail"]) == (2, "Retrieved 2 predictions")


def test_a_task_that_is_opened_comes_with_its_prediction_where_the_project_says_so(
    served: RunningServer,
) -> None:
    with served.client() as client, Spoken().serving() as spoken:
        project, ids = make_project(client, 2)
        connect(served, project, spoken)
        before = client.post(f"/api/tasks/{ids[0]}/open/").json()
        client.patch(f"/api/projects/{project}/", json={"evaluate_predictions_automatically": True})
        opened = client.post(f"/api/tasks/{ids[1]}/open/").json()
        again = client.post(f"/api/tasks/{ids[1]}/open/").json()
        following = client.get(f"/api/projects/{project}/next/").json()
    assert before["predictions"] == []
    assert [each["model_version"] for each in opened["predictions"]] == ["v1"]
    assert len(again["predictions"]) == len(following["predictions"]) == 1
    assert len(spoken.asked) == 1 + (following["id"] != ids[1])


def test_a_project_without_a_model_says_so(served: RunningServer) -> None:
    with served.client() as client:
        project, _ = make_project(client, 1)
        refused = client.post(
            "/api/dm/actions/",
            params={"id": "retrieve_tasks_predictions", "project": project},
            json={"selectedItems": {"all": True, "excluded": []}},
        )
    assert (refused.status_code, refused.json()["code"]) == (409, "backend-missing")
