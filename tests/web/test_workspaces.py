"""Workspaces, roles and invitations over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.serving import RunningServer

_MOMENT = "%Y-%m-%dT%H:%M:%S"
ROLES = ("viewer", "annotator", "reviewer", "editor", "manager", "owner")


def test_an_admin_makes_workspaces_with_plain_names(server: RunningServer) -> None:
    with server.client() as admin:
        made = admin.post("/api/workspaces", json={"name": "birds-2", "title": "Birds"})
        assert made.status_code == 201
        assert made.json() == {"id": made.json()["id"], "name": "birds-2", "title": "Birds", "role": "owner"}
        assert admin.post("/api/workspaces", json={"name": "birds-2"}).status_code == 409
        for name in ("", "default", "Birds", "a.b", "-a", "a-", "a b", "x" * 64):
            answer = admin.post("/api/workspaces", json={"name": name})
            assert answer.status_code == 400, name
            assert list(answer.json()["validation_errors"]) == ["name"]
        assert [w["name"] for w in admin.get("/api/workspaces").json()] == ["birds-2", "main"]
    owner = server.member("owner@example.com", "owner")
    with server.client(owner.token) as client:
        assert client.post("/api/workspaces", json={"name": "mine"}).status_code == 403


def test_members_see_each_other_and_managers_give_roles_up_to_their_own(server: RunningServer) -> None:
    manager = server.member("manager@example.com", "manager")
    viewer = server.member("viewer@example.com", "viewer")
    with server.client(viewer.token) as client:
        members = client.get("/api/workspaces/1/members").json()
        assert {m["user"]["email"]: m["role"] for m in members} == {
            "admin@example.com": "owner",
            "manager@example.com": "manager",
            "viewer@example.com": "viewer",
        }
        assert client.post("/api/workspaces/1/members", json={"user": 1, "role": "viewer"}).status_code == 403
        assert len(client.get("/api/users/").json()) == 3
    with server.client(manager.token) as client:
        path = "/api/workspaces/1/members"
        statuses = {
            role: client.post(path, json={"user": "viewer@example.com", "role": role}).status_code
            for role in ROLES
        }
        assert statuses == {**dict.fromkeys(ROLES, 201), "owner": 403}
        assert client.post(path, json={"user": 1, "role": "viewer"}).status_code == 403
        assert client.delete(f"{path}/1").status_code == 403
        assert client.delete(f"{path}/{viewer.id}").status_code == 204
        assert client.delete(f"{path}/{viewer.id}").status_code == 404
        assert client.post(path, json={"user": "no@example.com", "role": "viewer"}).status_code == 404
        assert client.post(path, json={"user": 999, "role": "viewer"}).status_code == 404
        assert client.post(path, json={"user": viewer.id, "role": "king"}).status_code == 400
    with server.client(viewer.token) as client:
        assert client.get("/api/workspaces/1/members").status_code == 404


def test_the_last_owner_stays(server: RunningServer) -> None:
    with server.client() as admin:
        path = "/api/workspaces/1/members"
        assert admin.delete(f"{path}/1").json()["code"] == "last-owner"
        assert admin.post(path, json={"user": 1, "role": "editor"}).json()["code"] == "last-owner"
        other = server.member("second@example.com", "owner")
        assert admin.delete(f"{path}/1").status_code == 204
        assert admin.delete(f"{path}/{other.id}").status_code == 409


def test_an_invitation_gives_its_role_once(server: RunningServer) -> None:
    manager = server.member("manager@example.com", "manager")
    guest, late = server.sign_up("guest@example.com"), server.sign_up("late@example.com")
    path = "/api/workspaces/1/invitations"
    with server.client(manager.token) as client:
        assert client.post(path, json={"role": "owner"}).status_code == 403
        made = client.post(path, json={"role": "annotator"}).json()
        assert "token" not in client.get(path).json()[0]
    with server.client(guest.token) as client:
        joined = client.post("/api/invitations/accept", json={"token": made["token"]})
        assert (joined.status_code, joined.json()["role"]) == (200, "annotator")
    with server.client(late.token) as client:
        assert client.post("/api/invitations/accept", json={"token": made["token"]}).status_code == 400
        assert client.get(path).status_code == 404


def test_an_invitation_for_one_address_is_nobody_elses_and_never_lowers_a_role(server: RunningServer) -> None:
    editor, other = server.member("editor@example.com", "editor"), server.sign_up("other@example.com")
    path = "/api/workspaces/1/invitations"
    with server.client() as admin:
        made = admin.post(path, json={"role": "viewer", "email": "Editor@example.com"}).json()
    with server.client(other.token) as client:
        assert client.post("/api/invitations/accept", json={"token": made["token"]}).status_code == 400
    with server.client(editor.token) as client:
        answer = client.post("/api/invitations/accept", json={"token": made["token"]})
        assert answer.json()["role"] == "editor"


@pytest.mark.parametrize(("days", "status"), [(1, 201), (90, 201), (0, 400), (10**12, 400)])
def test_an_invitation_lasts_as_many_days_as_asked(server: RunningServer, days: int, status: int) -> None:
    with server.client() as admin:
        body = {"role": "viewer", "expires_in_days": days}
        answer = admin.post("/api/workspaces/1/invitations", json=body)
    assert answer.status_code == status
    made = answer.json()
    if status == 201:
        begun, ends = (datetime.strptime(made[key][:19], _MOMENT) for key in ("created_at", "expires_at"))
        assert ends - begun == timedelta(days=days)
    else:
        assert "1 to 90 days" in made["validation_errors"]["expires_in_days"][0]


def test_a_revoked_invitation_gives_nothing(server: RunningServer) -> None:
    guest = server.sign_up("guest@example.com")
    path = "/api/workspaces/1/invitations"
    with server.client() as admin, server.client(guest.token) as client:
        made = admin.post(path, json={"role": "viewer"}).json()
        assert admin.delete(f"{path}/{made['id']}").status_code == 204
        assert admin.delete(f"{path}/{made['id']}").status_code == 404
        assert client.post("/api/invitations/accept", json={"token": made["token"]}).status_code == 400


@pytest.mark.parametrize(("in_workspace", "in_project"), [("viewer", "manager"), (None, "editor")])
def test_a_role_in_a_project_replaces_the_one_in_the_workspace(
    server: RunningServer, in_workspace: str | None, in_project: str
) -> None:
    who = "guest@example.com"
    guest = server.member(who, in_workspace) if in_workspace else server.sign_up(who)
    with server.client() as admin:
        titles = ("Project here", "Project there")
        here, there = (admin.post("/api/projects/", json={"title": title}).json()["id"] for title in titles)
        answer = admin.post(f"/api/projects/{here}/members", json={"user": guest.id, "role": in_project})
        assert answer.status_code == 201, answer.text
        members = admin.get(f"/api/projects/{here}/members").json()
        assert [(m["user"]["email"], m["role"]) for m in members] == [(who, in_project)]
    with server.client(guest.token) as client:
        assert client.patch(f"/api/projects/{here}/", json={"title": "Changed"}).status_code == 200
        assert client.get(f"/api/projects/{there}/").status_code == (200 if in_workspace else 404)
        assert client.patch(f"/api/projects/{there}/", json={"title": "X"}).status_code == (
            403 if in_workspace else 404
        )
        own = client.delete(f"/api/projects/{here}/members/{guest.id}").status_code
        assert own == (204 if in_project == "manager" else 403)


def test_a_role_in_a_project_may_also_lower(server: RunningServer) -> None:
    editor = server.member("editor@example.com", "editor")
    with server.client() as admin, server.client(editor.token) as client:
        project_id = admin.post("/api/projects/", json={"title": "One project"}).json()["id"]
        members = f"/api/projects/{project_id}/members"
        admin.post(members, json={"user": editor.id, "role": "viewer"})
        assert client.patch(f"/api/projects/{project_id}/", json={"title": "No way"}).status_code == 403
        assert admin.delete(f"{members}/{editor.id}").status_code == 204
        assert admin.delete(f"{members}/{editor.id}").status_code == 404
        assert client.patch(f"/api/projects/{project_id}/", json={"title": "A way"}).status_code == 200


def test_grants_removals_and_refusals_are_in_the_audit_log(server: RunningServer) -> None:
    viewer = server.member("viewer@example.com", "viewer")
    with server.client(viewer.token) as client:
        assert client.post("/api/workspaces", json={"name": "mine"}).status_code == 403
        assert client.get("/api/audit-log").status_code == 403
    with server.client() as admin:
        admin.delete(f"/api/workspaces/1/members/{viewer.id}")
        entries = admin.get("/api/audit-log").json()["results"]
        of_workspace = admin.get("/api/workspaces/1/audit-log").json()["results"]
        page = admin.get("/api/audit-log?page_size=1").json()
        older = admin.get(f"/api/audit-log?page_size=1&before={page['next_before']}").json()
    told = [(entry["action"], entry["actor"]) for entry in entries]
    assert told[0] == ("role.removed", "admin@example.com")
    assert ("role.granted", "admin@example.com") in told
    refusals = [entry for entry in entries if entry["action"] == "access.refused"]
    assert [(entry["actor"], entry["detail"]["path"]) for entry in refusals] == [
        ("viewer@example.com", "/api/audit-log"),
        ("viewer@example.com", "/api/workspaces"),
    ]
    assert {entry["workspace_id"] for entry in of_workspace} == {1}
    assert [page["results"][0]["id"], older["results"][0]["id"]] == [entries[0]["id"], entries[1]["id"]]


def test_the_audit_log_is_asked_for_one_person_and_one_kind_of_act(server: RunningServer) -> None:
    viewer = server.member("curious@example.com", "viewer")
    with server.client(viewer.token) as client:
        assert client.get("/api/audit-log").status_code == 403
    with server.client() as admin:
        theirs = admin.get(f"/api/audit-log?actor={viewer.id}").json()["results"]
        given = admin.get("/api/workspaces/1/audit-log?action=role.granted").json()["results"]
        neither = admin.get(f"/api/audit-log?actor={viewer.id}&action=role.granted").json()
    assert {entry["actor_id"] for entry in theirs} == {viewer.id}
    assert {entry["action"] for entry in given} == {"role.granted"}
    assert neither == {"results": [], "next_before": None}
