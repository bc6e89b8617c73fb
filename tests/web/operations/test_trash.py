"""Deleting, undoing and following jobs, as pages and scripts do it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.serving import Person, RunningServer
from tests.waiting import wait_until
from tests.web.operations.table import BOX, CONFIG
from tests.web.operations.world import World, build_world
from treadle.labeling import selections

NO_WAIT = {"Prefer": "respond-async"}


@pytest.fixture(scope="module")
def admin(studio: RunningServer) -> Iterator[httpx.Client]:
    with studio.client() as client:
        yield client


@pytest.fixture(scope="module")
def people(studio: RunningServer) -> dict[str, Person]:
    return {role: studio.member(f"{role}@trash.example.com", role) for role in ("annotator", "editor")}


@pytest.fixture
def world(admin: httpx.Client) -> World:
    return build_world(admin)


def send_action(client: httpx.Client, world: World, name: str, **headers: str) -> httpx.Response:
    return client.post(
        f"/api/dm/actions/?id={name}&project={world.ids['project']}",
        json={"selectedItems": {"all": True, "excluded": []}},
        headers=headers,
    )


@pytest.mark.parametrize("what", ["task", "annotation", "prediction"])
def test_a_delete_names_its_deletion_which_brings_it_back(
    admin: httpx.Client, world: World, what: str
) -> None:
    before = world.picture(admin)
    path = f"/api/{what}s/{world.ids[what]}/"
    deleted = admin.delete(path)
    assert (deleted.status_code, admin.get(path).status_code) == (204, 404)
    restored = admin.post(f"/api/deletions/{deleted.headers['treadle-deletion']}/restore/")
    assert restored.status_code == 200, restored.text
    told = restored.json()["deletion"]
    assert (told["kind"], told["state"], told["item_count"]) == (f"{what}s", "restored", 1)
    assert without_changes(world.picture(admin)) == without_changes(before)
    again = admin.post(f"/api/deletions/{told['id']}/restore/")
    assert (again.status_code, again.json()["code"]) == (409, "deletion-restored")


def without_changes(picture: list[object]) -> list[object]:
    """A picture but for what any change of a task's work sets anew."""

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items() if not key.startswith("updated_")}
        return [plain(each) for each in value] if isinstance(value, list) else value

    return [plain(each) for each in picture]


def test_a_bulk_action_is_a_job_that_can_be_undone(admin: httpx.Client, world: World) -> None:
    answer = send_action(admin, world, "delete_tasks").json()
    assert (answer["processed_items"], answer["detail"], answer["reload"]) == (3, "Deleted 3 tasks", True)
    job = admin.get(f"/api/jobs/{answer['job']}").json()
    assert (job["kind"], job["state"], job["project"]["title"]) == ("delete", "done", "World")
    (listed,) = admin.get(f"/api/projects/{world.ids['project']}/deletions/").json()["results"]
    assert (listed["id"], listed["job"], listed["deleted_by"]["email"]) == (
        answer["deletion"],
        answer["job"],
        "admin@example.com",
    )
    assert listed["restore_until"] > listed["created_at"]
    assert admin.post(f"/api/deletions/{answer['deletion']}/restore/").status_code == 200
    assert admin.get(f"/api/projects/{world.ids['project']}/").json()["task_number"] == 3


def test_an_action_need_not_be_waited_for(admin: httpx.Client, world: World) -> None:
    answer = send_action(admin, world, "delete_tasks_predictions", **NO_WAIT)
    assert (answer.status_code, answer.json().keys()) == (202, {"job", "deletion"})
    job = f"/api/jobs/{answer.json()['job']}"
    wait_until(lambda: admin.get(job).json()["state"] == "done")
    assert admin.get(job).json()["result"] == {"count": 1, "deletion": answer.json()["deletion"]}
    assert admin.post(f"{job}/cancel/").json()["code"] == "job-ended"
    assert admin.post(f"{job}/retry/").json()["code"] == "job-not-ended"


def test_undoing_a_deletion_that_still_runs_stops_it(
    admin: httpx.Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selections, "BATCH", 1)
    monkeypatch.setattr(selections, "_PAUSE_S", 0.5)
    before = world.picture(admin)
    started = send_action(admin, world, "delete_tasks", **NO_WAIT).json()
    project = f"/api/projects/{world.ids['project']}"
    wait_until(lambda: admin.get(f"{project}/").json()["task_number"] == 2)
    undone = admin.post(f"/api/deletions/{started['deletion']}/restore/")
    assert (undone.status_code, undone.json()["deletion"]["state"]) == (200, "restored")
    assert admin.get(f"/api/jobs/{started['job']}/").json()["state"] == "cancelled"
    assert without_changes(world.picture(admin)) == without_changes(before)


def test_all_tasks_of_a_project_go_and_come_back(admin: httpx.Client, world: World) -> None:
    path = f"/api/projects/{world.ids['project']}/tasks/"
    deleted = admin.delete(path)
    assert (deleted.status_code, admin.get(path).json()) == (204, [])
    deletion = deleted.headers["treadle-deletion"]
    assert admin.post(f"/api/deletions/{deletion}/restore/", headers=NO_WAIT).status_code == 200
    assert len(admin.get(path).json()) == 3


def test_one_undoes_one_s_own_deletion_and_no_other_s(
    studio: RunningServer, admin: httpx.Client, world: World, people: dict[str, Person]
) -> None:
    project, task = world.ids["project"], world.ids["task"]
    with studio.client(people["annotator"].token) as annotator:
        annotator.post(f"/api/tasks/{task}/open/")
        others = admin.delete(f"/api/annotations/{world.ids['annotation']}/").headers["treadle-deletion"]
        given = annotator.get(f"/api/projects/{project}/next/").json()["id"]
        mine = annotator.post(f"/api/tasks/{given}/annotations/", json={"result": [BOX]}).json()["id"]
        own = annotator.delete(f"/api/annotations/{mine}/").headers["treadle-deletion"]
        assert annotator.post(f"/api/deletions/{others}/restore/").status_code == 403
        assert annotator.post(f"/api/deletions/{own}/restore/").status_code == 200
        assert annotator.get(f"/api/annotations/{mine}/").status_code == 200
        assert annotator.get(f"/api/projects/{project}/deletions/").status_code == 403
        assert annotator.post("/api/deletions/987654321/restore/").status_code == 404


def test_a_deleted_project_serves_nothing_and_comes_back(studio: RunningServer, admin: httpx.Client) -> None:
    world = build_world(admin, "export", "file")
    project = world.ids["project"]
    exported = admin.get(f"/api/projects/{project}/export", headers=NO_WAIT).json()["job"]
    wait_until(lambda: admin.get(f"/api/jobs/{exported}").json()["state"] == "done")
    paths = [
        f"/api/projects/{project}/",
        f"/api/tasks/{world.ids['task']}/",
        f"/api/annotations/{world.ids['annotation']}/",
        f"/api/drafts/{world.ids['draft']}/",
        f"/api/dm/views/{world.ids['view']}/",
        f"/data/upload/{project}/{world.ids['file']}",
        f"/data/thumbnail/{project}/{world.ids['file']}",
        f"/api/exports/files/{exported}/",
        f"/api/projects/{project}/exports/{world.ids['export']}/download",
    ]
    count = count_projects(admin)
    assert [admin.get(path).status_code for path in paths] == [200] * len(paths)
    assert admin.delete(f"/api/projects/{project}/").status_code == 204
    assert [admin.get(path).status_code for path in paths] == [404] * len(paths)
    assert project not in [str(each["id"]) for each in admin.get("/api/projects/").json()["results"]]
    assert count_projects(admin) == count - 1
    told = admin.get("/api/projects/deleted/").json()["results"][0]
    assert (str(told["id"]), told["task_number"], told["deleted_by"]["email"]) == (
        project,
        4,
        "admin@example.com",
    )
    assert admin.post(f"/api/projects/{project}/restore/").json()["title"] == "World"
    assert [admin.get(path).status_code for path in paths] == [200] * len(paths)
    assert admin.post(f"/api/projects/{project}/restore/").status_code == 404


def count_projects(admin: httpx.Client) -> int:
    """How many projects the page says that the first workspace has."""
    workspaces = admin.get("/api/session").json()["workspaces"]
    return next(int(each["projects"]) for each in workspaces if each["id"] == 1)


def test_jobs_are_listed_for_whoever_may_change_their_project(
    studio: RunningServer, admin: httpx.Client, world: World, people: dict[str, Person]
) -> None:
    project = world.ids["project"]
    done = send_action(admin, world, "delete_tasks").json()["job"]
    search = {"project": project, "state": "done,failed", "kind": "delete", "page_size": "1"}
    with studio.client(people["editor"].token) as editor, studio.client(people["annotator"].token) as narrow:
        page = editor.get("/api/jobs/", params=search).json()
        assert ([each["id"] for each in page["results"]], page["count"]) == ([done], 1)
        assert page["results"][0]["actor"]["email"] == "admin@example.com"
        assert narrow.get("/api/jobs/", params=search).json()["results"] == []
        assert narrow.get(f"/api/jobs/{done}/").status_code == 404
        assert narrow.post(f"/api/jobs/{done}/cancel/").status_code == 404
        assert narrow.get("/api/jobs/?state=lost").status_code == 400


def test_a_failed_job_is_repeated_by_whoever_may(admin: httpx.Client, world: World) -> None:
    project = world.ids["project"]
    admin.patch(f"/api/predictions/{world.ids['prediction']}/", json={"result": [{**BOX, "to_name": "img"}]})
    refit = CONFIG.replace('name="box"', 'name="shape"')
    admin.delete(f"/api/annotations/{world.ids['annotation']}/")
    assert admin.patch(f"/api/projects/{project}/", json={"label_config": refit}).status_code == 200
    failed = send_action(admin, world, "predictions_to_annotations")
    assert failed.status_code == 400, failed.text
    admin.patch(f"/api/projects/{project}/", json={"label_config": CONFIG})
    (job,) = admin.get("/api/jobs/", params={"project": project, "state": "failed"}).json()["results"]
    assert (job["may_retry"], job["may_cancel"]) == (True, False)
    again = admin.post(f"/api/jobs/{job['id']}/retry/")
    assert (again.status_code, again.json()["retry_of"]) == (201, job["id"])
    wait_until(lambda: admin.get(f"/api/jobs/{again.json()['id']}/").json()["state"] == "done")
    assert admin.get(f"/api/projects/{project}/").json()["total_annotations_number"] == 1
