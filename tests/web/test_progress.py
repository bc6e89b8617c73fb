"""The progress of a project and the history of an annotation over HTTP."""

from __future__ import annotations

import httpx
import pytest

from tests.labeling.studio import CONFIG, box
from tests.serving import RunningServer


@pytest.fixture
def task(server: RunningServer) -> int:
    """A task of project 1 that the administrator labelled as annotation 1."""
    with server.client() as admin:
        admin.post("/api/projects/", json={"title": "shapes", "label_config": CONFIG}).raise_for_status()
        task = admin.post("/api/tasks/", json={"project": 1, "data": {"image": "/a.jpg"}}).json()["id"]
        submit(admin, task)
        return int(task)


def submit(client: httpx.Client, task: int) -> httpx.Response:
    return client.post(f"/api/tasks/{task}/annotations/", json={"result": [box()], "lead_time": 2})


def test_progress_tells_days_people_labels_and_a_forecast(server: RunningServer, task: int) -> None:
    with server.client() as admin:
        told = admin.get("/api/projects/1/progress/", params={"utc_offset_minutes": 330}).json()
        assert admin.get("/api/projects/1/progress?utc_offset_minutes=7").status_code == 400
    assert told["tasks"] == {"total": 1, "finished": 1, "started": 1, "skipped": 0}
    (day,) = told["days"]
    assert (day["submitted"], day["skipped"], len(day["date"])) == (1, 0, 10)
    (person,) = told["annotators"]
    assert (person["user"]["id"], person["mean_lead_time_s"], person["days"]) == (1, 2.0, [day])
    assert told["labels"] == [{"control": "box", "label": "Cat", "count": 1}]
    assert told["forecast"] == {"per_day": 1.0, "based_on_days": 1, "done_on": None}


def test_a_version_is_looked_at_and_restored(server: RunningServer, task: int) -> None:
    with server.client() as admin:
        admin.patch("/api/annotations/1/", json={"result": []})
        newest, first = admin.get("/api/annotations/1/history/").json()
        assert (newest["is_current"], newest["removed"], newest["made_by"]["id"]) == (True, 1, 1)
        assert (first["action"], first["result_count"]) == ("submitted", 1)
        assert admin.get("/api/annotations/1/history/1/").json()["result"][0]["id"] == "r-Cat"
        stale = admin.post("/api/annotations/1/restore/", json={"version": 1}, headers={"If-Match": '"1"'})
        assert stale.status_code == 409
        back = admin.post("/api/annotations/1/restore/", json={"version": 1}, headers={"If-Match": '"2"'})
        assert (back.json()["result"][0]["id"], back.headers["etag"]) == ("r-Cat", '"3"')


def test_a_project_is_duplicated_where_one_may_make_projects(server: RunningServer, task: int) -> None:
    person = server.member("ann@example.com", "annotator")
    body = {"mode": "settings", "title": "Second"}
    with server.client() as admin, server.client(person.token) as client:
        made = admin.post("/api/projects/1/duplicate/", json=body)
        assert (made.status_code, made.json()["title"], made.json()["task_number"]) == (201, "Second", 0)
        assert admin.post("/api/projects/1/duplicate", json={**body, "mode": "data"}).status_code == 400
        assert admin.post("/api/projects/1/duplicate", json={**body, "workspace": 99}).status_code == 404
        started = admin.post("/api/projects/1/duplicate/", json={**body, "mode": "settings,data"})
        assert (started.status_code, started.json().keys()) == (202, {"job", "id"})
        assert client.post("/api/projects/1/duplicate/", json=body).status_code == 403


def test_an_annotator_is_not_told_what_others_did(server: RunningServer, task: int) -> None:
    person = server.member("ann@example.com", "annotator")
    with server.client(person.token) as client:
        assert client.get("/api/annotations/1/history/").status_code == 404
        told = client.get("/api/projects/1/progress/").json()
        assert (told["annotators"], told["days"], told["labels"]) == ([], [], [])
        assert client.get("/api/projects/1/annotators/").json() == []
        assert client.get("/api/projects/1/summary/").json()["created_labels"] == {}
    with server.client() as admin:
        assert admin.get("/api/projects/1/summary/").json()["created_labels"] == {"box": {"Cat": 1}}
