"""The same work over HTTP in either program, since both speak the same API."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import TypeAlias

import httpx
from PIL import Image

from tests.peers.projects import PeerProject, box

#: The files of one export by their path; what is no text is told by its digest.
Files: TypeAlias = dict[str, str]

_PICTURE_SIZE_PX = (800, 600)
_LONG_S = 120.0


def export_all(client: httpx.Client, project: PeerProject) -> dict[str, Files]:
    """Make the project and export it in each of its formats."""
    project_id = make_project(client, project)
    _fill(client, project_id, project)
    return {name: export(client, project_id, name) for name in project.formats}


def make_project(client: httpx.Client, project: PeerProject) -> int:
    """A project of the same config, without tasks; its id."""
    wanted = {"title": project.name, "label_config": project.config}
    return int(_checked(client.post("/api/projects/", json=wanted)).json()["id"])


def _fill(client: httpx.Client, project_id: int, project: PeerProject) -> None:
    where = f"/api/projects/{project_id}/import"
    if project.tasks:
        _checked(client.post(where, json=list(project.tasks), timeout=_LONG_S))
    if project.uploads:
        # One at a time, so that the tasks stand in the order of the names.
        for name in project.uploads:
            _checked(client.post(where, files={"file": (name, made_picture(name))}, timeout=_LONG_S))
        for task in _tasks(client, project_id):
            answer = {"result": [box("Ant")], "lead_time": 2.5}
            _checked(client.post(f"/api/tasks/{task}/annotations/", json=answer))


def _tasks(client: httpx.Client, project_id: int) -> list[int]:
    listed = _checked(client.get("/api/tasks/", params={"project": project_id})).json()
    return [int(task["id"]) for task in listed["tasks"]]


def made_picture(name: str) -> bytes:
    """A picture of the size that all labels here are for."""
    file = io.BytesIO()
    kind = "JPEG" if name.endswith(".jpg") else "PNG"
    Image.new("RGB", _PICTURE_SIZE_PX, "navy" if name.startswith("first") else "teal").save(file, kind)
    return file.getvalue()


def export(client: httpx.Client, project_id: int, name: str) -> Files:
    """The files of a project in a format."""
    # Label Studio would otherwise ask other hosts for the pictures of a Pascal VOC.
    wanted = {"exportType": name, "download_resources": "false"}
    answer = _checked(client.get(f"/api/projects/{project_id}/export", params=wanted, timeout=_LONG_S))
    if not zipfile.is_zipfile(io.BytesIO(answer.content)):
        return {"": answer.text}
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        names = [each for each in opened.namelist() if not each.endswith("/")]
        return {each: _told(opened.read(each)) for each in names}


def _told(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _checked(answer: httpx.Response) -> httpx.Response:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.text[:500]}"
    return answer
