"""Users and the organization in Label Studio's shapes."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.serving import PASSWORD, RunningServer, post_form, serve


def test_users_are_listed_with_label_studios_keys(server: RunningServer) -> None:
    with server.client() as admin:
        (user,) = admin.get("/api/users/").json()
        assert admin.get("/api/users/1").json().keys() == user.keys()
    assert user["email"] == "admin@example.com"
    assert user["initials"] == "ad"
    assert user["active_organization"] == 1


def test_a_stranger_is_not_there(server: RunningServer) -> None:
    one, two = server.sign_up("one@example.com"), server.sign_up("two@example.com")
    with server.client(one.token) as client:
        assert client.get(f"/api/users/{one.id}/").status_code == 200
        assert client.get(f"/api/users/{two.id}/").status_code == 404
        assert client.patch(f"/api/users/{two.id}/", json={"first_name": "X"}).status_code == 404
        assert client.get(f"/api/organizations/1/memberships/{two.id}/").status_code == 404


def test_people_change_themselves_and_admins_anybody(server: RunningServer) -> None:
    one, two = server.member("one@example.com", "viewer"), server.member("two@example.com", "manager")
    with server.client(one.token) as client:
        changed = client.patch(f"/api/users/{one.id}/", json={"first_name": "Ada", "last_name": "Lovelace"})
        assert (changed.json()["first_name"], changed.json()["initials"]) == ("Ada", "AL")
        assert client.patch(f"/api/users/{two.id}/", json={"first_name": "X"}).status_code == 403
    with server.client() as admin:
        assert admin.patch(f"/api/users/{two.id}/", json={"last_name": "Two"}).json()["last_name"] == "Two"


def test_an_admin_adds_people_who_can_sign_in(server: RunningServer) -> None:
    with server.client() as admin:
        body = {"email": "New@Example.com", "password": PASSWORD}
        assert admin.post("/api/users/", json=body).json()["email"] == "new@example.com"
        assert admin.post("/api/users/", json=body).status_code == 400
    with server.browser() as client:
        answer: httpx.Response = post_form(client, "/user/login", body)
        assert answer.status_code == 302
        assert client.post("/api/users/", json=body).status_code == 403


def test_hotkeys_are_kept_per_person(server: RunningServer) -> None:
    with server.client() as admin:
        assert admin.get("/api/current-user/hotkeys/").json() == {"custom_hotkeys": {}}
        keys = {"custom_hotkeys": {"annotation:submit": {"key": "ctrl+enter", "active": True}}}
        assert admin.patch("/api/current-user/hotkeys/", json=keys).json() == keys
        assert admin.get("/api/current-user/hotkeys").json() == keys
        assert admin.get("/api/current-user/whoami").json()["custom_hotkeys"] == keys["custom_hotkeys"]


def test_the_organization_is_one_and_can_be_renamed(server: RunningServer) -> None:
    person = server.member("owner@example.com", "owner")
    with server.client() as admin:
        (organization,) = admin.get("/api/organizations/").json()
        assert {"id", "title", "contact_info", "created_at"} == organization.keys()
        assert admin.get("/api/organizations/2").status_code == 404
        assert admin.patch("/api/organizations/1", json={"title": "Atelier"}).json()["title"] == "Atelier"
        assert admin.patch("/api/organizations/1", json={"title": ""}).status_code == 400
    with server.client(person.token) as client:
        assert client.get("/api/organizations/1").json()["title"] == "Atelier"
        assert client.patch("/api/organizations/1", json={"title": "X"}).status_code == 403


def test_memberships_come_in_pages(server: RunningServer) -> None:
    for name in ("one", "two"):
        server.sign_up(f"{name}@example.com")
    path = "/api/organizations/1/memberships"
    with server.client() as admin:
        page = admin.get(path, params={"page_size": 2}).json()
        assert (page["count"], len(page["results"]), page["previous"]) == (3, 2, None)
        last = admin.get(page["next"]).json()
        assert (len(last["results"]), last["next"]) == (1, None)
        assert {"id", "organization", "user", "created_projects"} <= last["results"][0].keys()
        assert admin.get(path, params={"page": 9}).status_code == 404
        removed = last["results"][0]["user"]["id"]
        assert admin.delete(f"{path}/{removed}/").status_code == 204
        assert admin.get(path).json()["count"] == 2


def test_the_organizations_link_lets_people_in_until_it_is_reset(database_url: str, tmp_path: Path) -> None:
    with serve(database_url, tmp_path / "data", sign_up="invited") as server, server.client() as admin:
        link = admin.get("/api/invite").json()
        assert link["invite_url"] == f"/user/signup/?invitation={link['token']}"
        assert admin.get("/api/invite").json() == link
        person = server.sign_up("one@example.com", invitation=link["token"])
        with server.client(person.token) as client:
            assert client.get("/api/workspaces/").json() == []
            assert client.get("/api/invite").status_code == 403
        assert admin.post("/api/invite/reset-token").json()["token"] != link["token"]
        with server.browser() as client:
            fields = {"email": "two@example.com", "password": PASSWORD, "invitation": link["token"]}
            refused = post_form(client, "/user/signup/", fields, headers={"Accept": "application/json"})
        assert (refused.status_code, refused.json()["code"]) == (400, "invitation-invalid")


def test_what_is_too_long_is_refused_by_its_field(server: RunningServer) -> None:
    with server.client() as admin:
        for method, path, field in (
            ("PATCH", "/api/users/1/", "first_name"),
            ("POST", "/api/projects/", "description"),
            ("POST", "/api/projects/", "color"),
        ):
            answer = admin.request(method, path, json={"title": "long", field: "x" * 20_001})
            assert (answer.status_code, list(answer.json()["validation_errors"])) == (400, [field])
        admin.post("/api/projects/", json={"title": "short"}).raise_for_status()
        view = {"project": 1, "data": {"title": "x" * 201}}
        assert list(admin.post("/api/dm/views/", json=view).json()["validation_errors"]) == ["title"]
        body = {"name": "long", "title": "x" * 201}
        assert list(admin.post("/api/workspaces", json=body).json()["validation_errors"]) == ["title"]
        long = {"key": "a", "description": "x" * 70_000}
        for wrong in (long, {"key": "x" * 51}, {"key": 5}, {"key": "a", "active": 1}):
            answer = admin.patch("/api/current-user/hotkeys/", json={"custom_hotkeys": {"a:b": wrong}})
            assert (answer.status_code, list(answer.json()["validation_errors"])) == (400, ["custom_hotkeys"])


def test_the_log_says_where_somebody_was_refused_and_who_changed_a_password(server: RunningServer) -> None:
    person = server.member("ann@example.com", "annotator")
    body = {"title": "shapes", "task_data_login": "me", "task_data_password": "secret"}
    with server.client() as admin, server.client(person.token) as client:
        assert admin.post("/api/projects/", json=body).json()["task_data_password"] == "secret"
        assert admin.get("/api/projects/1/").json()["task_data_password"] == "secret"
        assert client.get("/api/projects/1/").json()["task_data_password"] is None
        assert client.patch("/api/projects/1/", json={"title": "mine"}).status_code == 403
        passwords = {"current_password": PASSWORD, "password": "another one"}
        assert client.post("/api/current-user/password/", json=passwords).status_code == 204
        log = admin.get("/api/audit-log").json()["results"]
        refused = next(entry for entry in log if entry["action"] == "access.refused")
        changed = next(entry for entry in log if entry["action"] == "password.changed")
    assert (refused["workspace_id"], refused["actor_id"]) == (1, person.id)
    assert changed["actor_id"] == person.id
