"""Operations on sources, targets, versions and lineage, for the tests that walk every route."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import httpx
from PIL import Image

from tests.waiting import wait_until
from tests.web.operations.table import Operation


def _op(method: str, path: str, status: int = 200, **more: Any) -> Operation:
    return Operation(method, path, None, status, **more)


_OF_PROJECT = {"project": "{project}"}
_SOURCE = {"project": "{project}", "repo": "{pictures}@master"}
_REF = {"ref": "{labels_version}"}

STORAGES: tuple[Operation, ...] = (
    _op("GET", "/api/storages/types/"),
    _op("GET", "/api/storages/repo/form/"),
    _op("GET", "/api/storages/", query=_OF_PROJECT),
    _op("GET", "/api/storages/repo/", query=_OF_PROJECT),
    _op("POST", "/api/storages/repo/", 201, body=_SOURCE),
    _op("POST", "/api/storages/repo/validate/", body=_SOURCE),
    _op("POST", "/api/storages/repo/files/", body=_SOURCE),
    _op("GET", "/api/storages/repo/{source}/"),
    _op("PATCH", "/api/storages/repo/{source}/", body={"title": "Photographs"}),
    _op("DELETE", "/api/storages/repo/{source}/", 204),
    _op("POST", "/api/storages/repo/{source}/sync/"),
    # What lies in a repo already is not referred to.
    _op("POST", "/api/storages/repo/{source}/references/", 501, body={"repo": "{pictures}@master"}),
    _op("GET", "/api/storages/items/{synced}/a.png"),
    _op("GET", "/api/storages/export/types/"),
    _op("GET", "/api/storages/export/repo/form/"),
    _op("GET", "/api/storages/export/", query=_OF_PROJECT),
    _op("GET", "/api/storages/export/repo/", query=_OF_PROJECT),
    _op("POST", "/api/storages/export/repo/", 201, body=_SOURCE),
    _op("POST", "/api/storages/export/repo/validate/", body=_SOURCE),
    _op("GET", "/api/storages/export/repo/{target}/"),
    _op("PATCH", "/api/storages/export/repo/{target}/", body={"title": "Labels"}),
    _op("DELETE", "/api/storages/export/repo/{target}/", 204),
    _op("POST", "/api/storages/export/repo/{target}/sync/"),
    _op("GET", "/api/storages/export/repo/{target}/pending/"),
    _op("POST", "/api/storages/export/repo/{target}/commit/", 202, body={"message": "Labels"}),
    _op("GET", "/api/projects/{project}/versions/"),
    _op("GET", "/api/projects/{project}/as-of/", query=_REF),
    _op("GET", "/api/projects/{project}/as-of/tasks/", query=_REF),
    _op("GET", "/api/lineage/", query={"node": "task:{task}"}),
)


_NUMBERS = count(1)


def make_pictures(client: httpx.Client, _world: Any) -> str:
    """A repo with one picture; its name."""
    name = f"pictures-{next(_NUMBERS)}"
    _make(client, "/api/repos/", {"name": name, "workspace": 1})
    repo_id = client.get("/api/repos/", params={"name": name}).json()["results"][0]["id"]
    put = client.put(f"/api/repos/{repo_id}/files/a.png", content=_picture(), params={"branch": "master"})
    assert put.status_code == 201, put.text
    return name


def make_source(client: httpx.Client, world: Any) -> int:
    """A source of the project."""
    repo = make_pictures(client, world)
    return _make(client, "/api/storages/repo/", {"project": int(world.ids["project"]), "repo": repo})


def make_synced(client: httpx.Client, world: Any) -> int:
    """A source with a task for its picture."""
    source = make_source(client, world)
    answer = client.post(f"/api/storages/repo/{source}/sync/")
    assert (answer.status_code, answer.json()["status"]) == (200, "completed"), answer.text
    return source


def make_target(client: httpx.Client, world: Any) -> int:
    """A target of the project, and something to commit."""
    body = {"project": int(world.ids["project"]), "repo": make_pictures(client, world)}
    return _make(client, "/api/storages/export/repo/", body)


def make_version(client: httpx.Client, world: Any) -> str:
    """A commit of the project's labels, as a ref."""
    target = make_target(client, world)
    at = f"/api/storages/export/repo/{target}/"
    answer = client.post(f"{at}commit/", json={"message": "v1"})
    assert answer.status_code == 202, answer.text
    wait_until(lambda: client.get(f"/api/jobs/{answer.json()['job']}/").json()["state"] == "done")
    return str(client.get(at).json()["repo"])


STORAGE_MAKERS: Mapping[str, Callable[[httpx.Client, Any], int | str]] = {
    "pictures": make_pictures,
    "source": make_source,
    "synced": make_synced,
    "target": make_target,
    "labels_version": make_version,
}


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), "teal").save(buffer, "PNG")
    return buffer.getvalue()


def _make(client: httpx.Client, path: str, body: Any) -> int:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])
