"""Users and the organization in Label Studio's shapes."""

from __future__ import annotations

import httpx

from tests.serving import PASSWORD, RunningServer, post_form


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
