"""A project with one thing of each kind in it, and people with and without roles."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from PIL import Image

from tests.serving import Person, RunningServer
from tests.waiting import wait_until
from tests.web.operations.ml_table import BACKEND_MAKERS
from tests.web.operations.storage_table import STORAGE_MAKERS
from tests.web.operations.table import BOX, CONFIG, VIEW, Operation
from tests.web.operations.training_table import TRAINING_MAKERS
from tests.web.operations.webhook_table import WEBHOOK_MAKERS
from treadle.ids import new_uuid

#: An id that nothing has.
NOBODYS = "987654321"


@dataclass(frozen=True)
class World:
    """Ids by what they are of, such as ``task``."""

    ids: Mapping[str, str]

    def send(self, client: httpx.Client, operation: Operation, path: str | None = None) -> httpx.Response:
        """Ask for the operation here; ``path``: written another way."""
        sent = {} if operation.body is None else {"json": self.fill(operation.body)}
        return client.request(
            operation.method,
            self.fill(path or operation.path),
            params=self.fill(dict(operation.query)),
            **sent,
        )

    def fill(self, value: Any) -> Any:
        """``value`` with ids for the texts such as ``{task}``; a text that is one alone becomes a number."""
        if isinstance(value, dict):
            return {key: self.fill(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.fill(each) for each in value]
        if not isinstance(value, str) or "{" not in value:
            return value
        for name, text in self.ids.items():
            value = value.replace(f"{{{name}}}", text)
        return int(value) if value.isdecimal() else value

    def picture(self, client: httpx.Client) -> list[Any]:
        """All that can be seen of the project: two pictures are equal when nothing changed."""
        asked = (
            "/api/projects/{project}/",
            "/api/tasks/?project={project}&fields=all",
            "/api/dm/views/?project={project}",
            "/api/projects/{project}/exports/",
        )
        return [_without_ages(client.get(str(self.fill(path))).json()) for path in asked]


def build_world(client: httpx.Client, *names: str) -> World:
    """A new project; ``names`` may ask for ``export`` and ``file``, which take longer."""
    made = client.post("/api/projects/", json={"title": "World", "label_config": CONFIG})
    project = made.json()["id"]
    tasks = [{"data": {"image": f"https://example.com/{n}.jpg", "n": n}} for n in range(3)]
    answer = client.post(f"/api/projects/{project}/import?return_task_ids=1", json=tasks)
    _first, labelled, _third = answer.json()["task_ids"]
    ids: dict[str, int | str] = {
        "project": project,
        "task": labelled,
        "prediction": _make(client, "/api/predictions/", {"task": labelled, "result": [BOX], "score": 0.5}),
        "annotation": _make(client, f"/api/tasks/{labelled}/annotations/", {"result": [BOX]}),
        "draft": _make(client, f"/api/tasks/{labelled}/drafts", {"result": [BOX]}),
        "view": _make(client, "/api/dm/views/", {"project": project, "data": VIEW}),
    }
    if "export" in names:
        ids["export"] = _make(client, f"/api/projects/{project}/exports/", {"title": "s"})
    if "file" in names:
        ids["file"] = _upload(client, project)
    if "repo" in names:
        ids |= _make_repo(client)
    if "refresh" in names:
        ids["refresh"] = client.post("/api/token/").json()["token"]
    there = World({name: str(value) for name, value in {**_FIXED, **ids}.items()})
    more = {name: str(make_it(client, there)) for name, make_it in _MAKERS.items() if name in names}
    return World({**there.ids, **more})


def nowhere() -> World:
    """The ids of nothing."""
    names = ("project", "task", "prediction", "annotation", "draft", "view", "user", "export", "file", "repo")
    return World({**_FIXED, **dict.fromkeys((*names, *_MAKERS), NOBODYS)})


def add_outsider(server: RunningServer) -> Person:
    """Somebody who owns a workspace, only another one."""
    person = server.sign_up("outsider@example.com")
    with server.client() as admin:
        made = admin.post("/api/workspaces", json={"name": "elsewhere", "title": "Elsewhere"})
        body = {"user": person.id, "role": "owner"}
        answer = admin.post(f"/api/workspaces/{made.json()['id']}/members", json=body)
        assert answer.status_code == 201, answer.text
    return person


def picture_file(width_px: int = 8, height_px: int = 6) -> bytes:
    """A small PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (width_px, height_px), "teal").save(buffer, "PNG")
    return buffer.getvalue()


def _make_import(client: httpx.Client, world: World) -> int:
    answer = client.post(
        str(world.fill("/api/projects/{project}/import")),
        files={"file": ("a.csv", b"image,n\nhttps://example.com/c.jpg,7\n")},
        headers={"Prefer": "respond-async"},
    )
    assert answer.status_code == 202, answer.text
    return int(answer.json()["import"])


def _make_export(client: httpx.Client, world: World) -> str:
    answer = client.get(
        str(world.fill("/api/projects/{project}/export?exportType=JSON")),
        headers={"Prefer": "respond-async"},
    )
    assert answer.status_code == 202, answer.text
    job = str(answer.json()["job"])
    wait_until(lambda: client.get(f"/api/jobs/{job}/").json()["state"] == "done")
    return job


def _make_upload(client: httpx.Client, world: World) -> int:
    project = world.ids["project"]
    _upload(client, int(project))
    return int(client.get(f"/api/projects/{project}/file-uploads").json()[0]["id"])


def _index_field(client: httpx.Client, world: World) -> int:
    return _make(client, str(world.fill("/api/projects/{project}/field-indexes/")), {"path": "image"})


def _invite(client: httpx.Client, _world: World) -> int:
    return _make(client, "/api/workspaces/1/invitations", {"role": "viewer"})


def _make_service(client: httpx.Client, _world: World) -> int:
    body = {"name": f"s-{new_uuid()}", "role": "viewer"}
    return _make(client, "/api/workspaces/1/service-accounts/", body)


def _make_changed(client: httpx.Client, world: World) -> int:
    """An annotation in its second version."""
    annotation = _make(client, f"/api/tasks/{world.ids['task']}/annotations/", {"result": [BOX]})
    answer = client.patch(f"/api/annotations/{annotation}/", json={"result": []})
    assert answer.status_code == 200, answer.text
    return annotation


def _make_person(client: httpx.Client, _world: World) -> int:
    """Somebody new, whom nobody knows."""
    return _make(client, "/api/users/", {"email": f"{new_uuid()}@example.com", "password": "eight or more"})


def _make_member(client: httpx.Client, world: World) -> int:
    person = _make_person(client, world)
    _give_role(client, "/api/workspaces/1/members", person)
    return person


def _make_guest(client: httpx.Client, world: World) -> int:
    person = _make_member(client, world)
    _give_role(client, f"/api/projects/{world.ids['project']}/members", person)
    return person


def _delete_task(client: httpx.Client, world: World) -> int:
    """The deletion of a task that was there for it."""
    project = int(world.ids["project"])
    made = _make(client, "/api/tasks/", {"project": project, "data": {"image": "https://example.com/8.jpg"}})
    return int(client.delete(f"/api/tasks/{made}/").headers["treadle-deletion"])


def _delete_project(client: httpx.Client, _world: World) -> int:
    project = _make(client, "/api/projects/", {"title": "World", "label_config": CONFIG})
    assert client.delete(f"/api/projects/{project}/").status_code == 204
    return project


def _make_repo(client: httpx.Client) -> dict[str, int | str]:
    """A repo with files on master, on tidy and in an open commit, with a tag and an empty branch."""
    repo = _make(client, "/api/repos/", {"name": f"r-{new_uuid()}", "workspace": 1})
    path = f"/api/repos/{repo}"
    _put(client, f"{path}/files/a.txt?branch=master")
    for named in ({"name": "empty"}, {"name": "tidy", "at": "master"}):
        _make_named(client, f"{path}/branches/", named)
    _make_named(client, f"{path}/tags/", {"name": "v1", "at": "master"})
    _put(client, f"{path}/files/tidy.txt?branch=tidy")
    opened = _make_named(client, f"{path}/commits/", {"branch": "master"})
    _put(client, f"{path}/files/open.txt?commit={opened['id']}")
    return {"repo": repo, "open_commit": opened["id"]}


def _put(client: httpx.Client, path: str) -> None:
    answer = client.put(path, content=path.encode())
    assert answer.status_code == 201, answer.text


def _make_named(client: httpx.Client, path: str, body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def _delete_repo(client: httpx.Client, _world: World) -> int:
    repo = _make(client, "/api/repos/", {"name": f"r-{new_uuid()}", "workspace": 1})
    assert client.delete(f"/api/repos/{repo}/").status_code == 204
    return repo


def _give_role(client: httpx.Client, path: str, person: int) -> None:
    answer = client.post(path, json={"user": person, "role": "viewer"})
    assert answer.status_code == 201, answer.text


#: The workspace that worlds are made in, the one organization, the first version of anything.
_FIXED = {"workspace": "1", "organization": "1", "version": "1"}


#: What takes longer to make, and is made where a path names it.
def _save_run_view(client: httpx.Client, world: World) -> int:
    body = world.fill({"workspace": "{workspace}", "name": "ours", "is_shared": True})
    return _make(client, "/api/tracking/views/", body)


_MAKERS: Mapping[str, Callable[[httpx.Client, World], int | str]] = {
    **STORAGE_MAKERS,
    **TRAINING_MAKERS,
    **BACKEND_MAKERS,
    **WEBHOOK_MAKERS,
    "run_view": _save_run_view,
    "field_index": _index_field,
    "import": _make_import,
    "job": _make_export,
    "upload": _make_upload,
    "invitation": _invite,
    "changed": _make_changed,
    "email": lambda _client, _world: f"{new_uuid()}@example.com",
    "person": _make_person,
    "member": _make_member,
    "guest": _make_guest,
    "deletion": _delete_task,
    "deleted": _delete_project,
    "service": _make_service,
    "fresh": lambda _client, _world: f"r-{new_uuid()}",
    "deleted_repo": _delete_repo,
}


def _without_ages(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_ages(each) for key, each in value.items() if key != "created_ago"}
    return [_without_ages(each) for each in value] if isinstance(value, list) else value


def _make(client: httpx.Client, path: str, body: Any) -> int:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def _upload(client: httpx.Client, project: int) -> str:
    files = {"file": ("a.png", picture_file(), "image/png")}
    answer = client.post(f"/api/projects/{project}/import?return_task_ids=1", files=files)
    assert answer.status_code == 201, answer.text
    task = client.get(f"/api/tasks/{answer.json()['task_ids'][0]}/").json()
    return str(task["data"]["image"]).rpartition("/")[2]
