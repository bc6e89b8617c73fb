"""GET api/jobs/{id}: how far a job is."""

from __future__ import annotations

from tests.serving import Person, RunningServer
from treadle.access import Actor, Grant
from treadle.jobs import JobKind, run_in_place, submit
from treadle.jobs.listing import OF_WORKSPACES
from treadle.jobs.run import JobParts, JobRun
from treadle.launch.worker import JOB_KINDS
from treadle.permissions import Permission


def count_to_two(run: JobRun) -> object:
    run.report(2, 2, "counted")
    return {"sum": 3}


KIND = JobKind("count", count_to_two, Permission.TASK_WRITE)


def submit_for(server: RunningServer, person: Person) -> str:
    actor = Actor(person.id, person.email, is_admin=False)
    grant = Grant(actor, Permission.TASK_WRITE, workspace_id=1, project_id=None, role=None)
    with server.database.write() as tx:
        return submit(tx, grant, "count", {}).id


def test_a_job_shows_its_state_its_progress_and_its_result(server: RunningServer) -> None:
    person = server.member("ed@example.com", "editor")
    job_id = submit_for(server, person)
    with server.client(person.token) as client:
        queued = client.get(f"/api/jobs/{job_id}").json()
        run_in_place(JobParts(server.database, server.parts.objects, server.parts.settings), KIND, job_id)
        done = client.get(f"/api/jobs/{job_id}").json()
    assert (queued["state"], queued["result"], queued["started_at"]) == ("queued", None, None)
    ages = {"created_at": None, "started_at": None, "finished_at": None}
    assert {**done, **ages, "log": None} == {
        "id": job_id,
        "kind": "count",
        "state": "done",
        "progress": {"done": 2, "total": 2},
        "message": "counted",
        "result": {"sum": 3},
        "error": None,
        **ages,
        "actor": {"id": person.id, "email": person.email, "first_name": "", "last_name": ""},
        "project": None,
        "workspace_id": 1,
        "cancel_requested": False,
        "retry_of": None,
        "may_cancel": False,
        "may_retry": False,
        "log": None,
    }


def test_somebody_else_s_job_is_a_404(server: RunningServer) -> None:
    job_id = submit_for(server, server.member("ed@example.com", "editor"))
    other = server.member("other@example.com", "owner")
    with server.client(other.token) as client:
        assert client.get(f"/api/jobs/{job_id}").status_code == 404
        assert client.get("/api/jobs/nonsense").status_code == 404


def test_who_may_order_a_purge_sees_follows_and_stops_another_s(server: RunningServer) -> None:
    first, second = (server.member(f"{name}@example.com", "manager") for name in ("first", "second"))
    editor, owner = server.member("ed@example.com", "editor"), server.member("own@example.com", "viewer")
    with server.client() as admin:
        elsewhere = admin.post("/api/workspaces/", json={"name": "elsewhere"}).json()["id"]
        admin.post(f"/api/workspaces/{elsewhere}/members", json={"user": owner.id, "role": "owner"})
    with server.client(first.token) as client:
        asked = {"workspace": 1, "older_than_days": 0}
        job_id = client.post("/api/tracking/purge/", json=asked).json()["job"]
    for stranger in (editor, owner):
        with server.client(stranger.token) as client:
            assert client.get(f"/api/jobs/{job_id}/").status_code == 404
            assert client.get("/api/jobs/").json()["count"] == 0
    with server.client(second.token) as client:
        assert client.get("/api/tracking/purge/", params={"workspace": 1}).json()["job"] == job_id
        assert client.get(f"/api/jobs/{job_id}/").json()["actor"]["id"] == first.id
        assert [each["id"] for each in client.get("/api/jobs/").json()["results"]] == [job_id]
        stopped = client.post(f"/api/jobs/{job_id}/cancel/")
    assert (stopped.status_code, stopped.json()["cancel_requested"]) == (202, True)


def test_kinds_that_a_workspace_shares_are_seen_by_who_may_order_them() -> None:
    kinds = {each.name: each.permission for each in JOB_KINDS}
    assert OF_WORKSPACES.items() <= kinds.items()


def test_the_file_of_an_export_that_is_not_written_yet_comes_later(server: RunningServer) -> None:
    with server.client() as client:
        project = client.post("/api/projects/", json={"title": "cats"}).json()["id"]
        asked = client.get(f"/api/projects/{project}/export", headers={"Prefer": "respond-async"})
        answer = client.get(f"/api/exports/files/{asked.json()['job']}")
    assert (answer.status_code, answer.json()["code"]) == (503, "job-unfinished")
    assert answer.headers["retry-after"] == "1"


def test_a_snapshot_is_asked_for_by_a_short_body(server: RunningServer) -> None:
    with server.client() as client:
        project = client.post("/api/projects/", json={"title": "cats"}).json()["id"]
        answer = client.post(f"/api/projects/{project}/exports/", content=b"x" * 2**21)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
