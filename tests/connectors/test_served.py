"""A server as a person starts it follows a branch, and commits labels when it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.house import House, make_project
from tests.waiting import wait_until

RESULT = [{"from_name": "q", "to_name": "img", "type": "choices", "value": {"choices": ["sharp"]}}]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A server on SQLite: what differs by the database is tried without a process."""
    opened = House(tmp_path, "")
    opened.start()
    yield opened
    opened.close()


def make_repo(client: httpx.Client, name: str) -> int:
    made = client.post("/api/repos/", json={"name": name, "workspace": 1})
    return int(made.raise_for_status().json()["id"])


def put(client: httpx.Client, repo_id: int, path: str) -> None:
    at = f"/api/repos/{repo_id}/files/{path}"
    client.put(at, content=path.encode(), params={"branch": "master"}).raise_for_status()


def tasks_of(client: httpx.Client, project: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/api/tasks/?project={project}").json()["tasks"]
    return found


def test_from_images_to_labels(house: House) -> None:
    with house.client() as client:
        project, images = make_project(client), make_repo(client, "images")
        labels = make_repo(client, "labels")
        source = {"project": project, "repo": "images@master", "follow": True, "use_blob_urls": True}
        client.post("/api/storages/repo/", json=source).raise_for_status()
        put(client, images, "a.jpg")
        wait_until(lambda: len(tasks_of(client, project)) == 1)
        put(client, images, "b.jpg")
        wait_until(lambda: len(tasks_of(client, project)) == 2)
        tasks = tasks_of(client, project)
        assert client.get(tasks[0]["data"]["image"]).content == b"a.jpg"
        for task in tasks:
            saved = client.post(f"/api/tasks/{task['id']}/annotations/", json={"result": RESULT})
            assert saved.status_code == 201, saved.text
        target = client.post("/api/storages/export/repo/", json={"project": project, "repo": "labels"}).json()
        at = f"/api/storages/export/repo/{target['id']}"
        assert client.get(f"{at}/pending/").json()["tasks"] == 2
        job = client.post(f"{at}/commit/", json={"message": "First"}).json()["job"]
        wait_until(lambda: client.get(f"/api/jobs/{job}/").json()["state"] == "done")
        commits = client.get(f"/api/repos/{labels}/commits/?ref=master").json()["results"]
        assert [(each["message"], each["provenance"][0]["repo_name"]) for each in commits] == [
            ("First", "images")
        ]
        files = client.get(f"/api/repos/{labels}/files/?ref=master").json()["results"]
        assert [each["path"] for each in files] == [f"{task['id']}.json" for task in tasks]
        (version,) = client.get(f"/api/projects/{project}/versions/").json()["results"]
        ref = f"labels@{version['commit']['id']}"
        then = client.get(f"/api/projects/{project}/as-of/", params={"ref": ref}).json()
        assert (then["task_count"], then["commit"]["message"]) == (2, "First")
        wanted = {"exportType": "JSON", "as_of": ref}
        first, again = (
            client.get(f"/api/projects/{project}/export", params=wanted).content for _ in range(2)
        )
        assert first == again
        graph = client.get("/api/lineage/", params={"node": f"task:{tasks[0]['id']}"}).json()
        kinds = sorted(node["kind"] for node in graph["nodes"])
        assert kinds == ["annotation", "commit", "commit", "task"]
