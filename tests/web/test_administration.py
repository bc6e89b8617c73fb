"""People, workspaces, tokens, service accounts and the audit log, as administrators work with them."""

from __future__ import annotations

import base64
import csv
import io
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from tests.serving import ADMIN_EMAIL, PASSWORD, RunningServer, post_form
from treadle.access.s3_keys import find_holder
from treadle.tracking.paths import tracking_database_url
from treadle.web import routes_session

AS_JSON = {"Accept": "application/json"}


def token_of(client: httpx.Client, **fields: Any) -> str:
    answer = client.post("/api/tokens", json={"name": "notebook", **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def make_service(client: httpx.Client, name: str = "nightly", role: str = "editor") -> dict[str, Any]:
    answer = client.post("/api/workspaces/1/service-accounts/", json={"name": name, "role": role})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def service_token(client: httpx.Client, account: int, **fields: Any) -> dict[str, Any]:
    path = f"/api/workspaces/1/service-accounts/{account}/tokens/"
    answer = client.post(path, json={"name": "cron", **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_token_that_may_less_cannot_make_another_or_change_the_account(server: RunningServer) -> None:
    with server.client() as admin:
        held = [token_of(admin, scope="read"), token_of(admin, workspace="main")]
        shown = admin.get("/api/tokens").json()
    assert [(each["scope"], (each["workspace"] or {}).get("name")) for each in shown] == [
        ("all", "main"),
        ("read", None),
    ]
    for token in held:
        with server.client(token) as client:
            assert client.get("/api/current-user/whoami").json()["email"] == ADMIN_EMAIL
            refused = [
                client.post("/api/tokens", json={"name": "more"}),
                client.delete(f"/api/tokens/{shown[0]['id']}"),
                client.get("/api/current-user/token"),
                client.post("/api/s3-keys", json={"name": "more"}),
                client.patch("/api/users/1/", json={"first_name": "Eve"}),
                client.post("/api/users/", json={"email": "eve@example.com"}),
            ]
            assert [each.status_code for each in refused] == [403] * 6, [each.text for each in refused]


def test_a_token_as_the_password_of_basic_is_held_all_the_same(server: RunningServer) -> None:
    with server.client() as admin:
        token = token_of(admin, scope="read")
    basic = base64.b64encode(f"{ADMIN_EMAIL}:{token}".encode()).decode()
    with server.client(None, Authorization=f"Basic {basic}") as client:
        assert client.get("/api/projects/").status_code == 200
        refused = client.post("/api/projects/", json={"title": "No"})
    assert (refused.status_code, refused.json()["code"]) == (403, "token-read-only")


def test_a_refusal_of_a_token_is_in_the_log_of_its_workspace(server: RunningServer) -> None:
    with server.client() as admin:
        with server.client(token_of(admin, scope="read", workspace=1)) as client:
            assert client.post("/api/repos/", json={"name": "no", "workspace": 1}).status_code == 403
            assert client.post("/api/s3-keys", json={"name": "no"}).status_code == 403
        query = {"outcome": "refused"}
        log = admin.get("/api/workspaces/1/audit-log", params=query).json()["results"]
    assert [line["detail"]["path"] for line in log] == ["/api/s3-keys", "/api/repos/"]
    assert {line["workspace"] for line in log} == {"main"}


def test_a_service_account_works_by_tokens_that_its_managers_make(server: RunningServer) -> None:
    manager = server.member("mia@example.com", "manager")
    with server.client(manager.token) as client:
        account = make_service(client)
        made = service_token(client, account["id"], expires_in_days=30)
        with server.client(made["token"]) as program:
            who = program.get("/api/current-user/whoami").json()
            assert (who["email"], who["is_service_account"]) == ("nightly@ws-1.service.invalid", True)
            assert program.post("/api/projects/", json={"title": "Nightly"}).status_code == 201
            assert program.post("/api/tokens", json={"name": "mine"}).json()["code"] == "service-account"
            assert program.get("/api/workspaces/1/members").status_code == 200
        members = client.get("/api/workspaces/1/members").json()
        shown = client.get("/api/workspaces/1/service-accounts/").json()
        log = client.get("/api/workspaces/1/audit-log", params={"actor": account["id"]}).json()["results"]
    assert [
        each["user"]["is_service_account"] for each in members if each["user"]["id"] == account["id"]
    ] == [True]
    assert (shown[0]["tokens"], shown[0]["created_by"]) == (1, "mia@example.com")
    assert shown[0]["last_used_at"] is not None
    assert {line["actor"] for line in log} == {"nightly@ws-1.service.invalid"}
    with server.client() as admin:
        people = admin.get("/api/organizations/1/memberships").json()["results"]
        assert account["id"] not in [each["user"]["id"] for each in people]
        assert admin.get(f"/api/admin/people/{account['id']}/").status_code == 404


def test_what_may_less_and_a_service_account_make_no_tokens_for_one(server: RunningServer) -> None:
    with server.client() as admin:
        account = make_service(admin, role="manager")
        path = f"/api/workspaces/1/service-accounts/{account['id']}/"
        made = service_token(admin, account["id"])
        held_tokens = ((token_of(admin, workspace="main"), "token-held"), (made["token"], "service-account"))
        for token, code in held_tokens:
            with server.client(token) as held:
                refused = [
                    held.post(f"{path}tokens/", json={"name": "more"}),
                    held.delete(f"{path}tokens/{made['id']}/"),
                    held.patch(path, json={"is_active": False}),
                    held.post("/api/workspaces/1/service-accounts/", json={"name": "b", "role": "viewer"}),
                ]
                assert {each.status_code for each in refused} == {403}, refused[0].text
                assert {each.json()["code"] for each in refused} == {code}
        log = admin.get("/api/workspaces/1/audit-log", params={"outcome": "refused"}).json()["results"]
    assert len(log) == 8


def test_disabling_a_service_account_ends_all_at_once(server: RunningServer) -> None:
    with server.client() as admin:
        account = make_service(admin)
        path = f"/api/workspaces/1/service-accounts/{account['id']}/"
        token = service_token(admin, account["id"])["token"]
        with server.client(token) as program:
            assert program.get("/api/projects/").status_code == 200
            assert admin.patch(path, json={"is_active": False}).json()["is_active"] is False
            assert program.get("/api/projects/").status_code == 401
            refused = admin.post(f"{path}tokens/", json={"name": "again"})
            assert (refused.status_code, refused.json()["code"]) == (409, "service-account-disabled")
            assert admin.patch(path, json={"is_active": True}).json()["tokens"] == 0
            assert program.get("/api/projects/").status_code == 401


def test_a_service_account_gets_no_more_than_its_maker_and_owns_nothing(server: RunningServer) -> None:
    manager = server.member("mia@example.com", "manager")
    with server.client() as admin, server.client(manager.token) as client:
        path = "/api/workspaces/1/service-accounts/"
        owner = admin.post(path, json={"name": "boss", "role": "owner"})
        assert (owner.status_code, owner.json()["code"]) == (400, "service-account-owner")
        account = make_service(admin, role="manager")["id"]
        raised = admin.post("/api/workspaces/1/members", json={"user": account, "role": "owner"})
        assert (raised.status_code, raised.json()["code"]) == (400, "service-account-owner")
        elsewhere = admin.post("/api/workspaces", json={"name": "elsewhere"}).json()["id"]
        moved = admin.post(f"/api/workspaces/{elsewhere}/members", json={"user": account, "role": "viewer"})
        assert moved.status_code == 404
        assert client.post(path, json={"name": "nightly", "role": "editor"}).status_code == 409
        refused = client.post(path, json={"name": "one", "role": "editor", "experiment": 3})
        assert (refused.status_code, refused.json()["code"]) == (501, "permission-below-workspace")
        assert "workspace of its own" in refused.json()["detail"]
        assert admin.get("/api/admin/service-accounts/").json()[0]["workspace"]["name"] == "main"
        for field in ("is_admin", "password-link"):
            target = f"/api/admin/people/{account}/"
            answer = (
                admin.patch(target, json={field: True})
                if field == "is_admin"
                else admin.post(f"{target}{field}/")
            )
            assert answer.status_code in (400, 404), answer.text


def test_nobody_signs_up_as_a_service_account(server: RunningServer) -> None:
    with server.browser() as client:
        fields = {"email": "nightly@ws-1.service.invalid", "password": PASSWORD}
        answer = post_form(client, "/user/signup/", fields, headers=AS_JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "email-invalid")


def test_an_invited_person_sets_a_password_by_a_link_that_works_once(server: RunningServer) -> None:
    with server.client() as admin:
        body = {"email": "Ida@example.com", "workspace": 1, "role": "editor"}
        made = admin.post("/api/admin/people/", json=body).json()
    assert (made["person"]["email"], made["person"]["has_password"]) == ("ida@example.com", False)
    assert [(each["workspace_name"], each["role"]) for each in made["person"]["roles"]] == [
        ("main", "editor")
    ]
    fields = {"token": made["link"]["token"], "password": PASSWORD}
    with server.browser() as client:
        short = post_form(client, "/user/reset-password/", {**fields, "password": "short"}, headers=AS_JSON)
        assert (short.status_code, list(short.json()["validation_errors"])) == (400, ["password"])
        assert post_form(client, "/user/reset-password/", fields).status_code == 302
        assert client.get("/api/current-user/whoami").json()["email"] == "ida@example.com"
        again = post_form(client, "/user/reset-password/", fields, headers=AS_JSON)
        assert (again.status_code, again.json()["code"]) == (400, "password-link")


def test_a_password_for_a_link_that_is_not_there_is_not_even_hashed(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_session, "hash_password", None)  # a call would fail
    with server.browser() as client:
        fields = {"token": "made-up", "password": PASSWORD}
        answer = post_form(client, "/user/reset-password/", fields, headers=AS_JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "password-link")


def test_a_deactivated_person_is_out_at_once_and_comes_back_with_their_roles(server: RunningServer) -> None:
    person = server.member("dana@example.com", "editor")
    path = f"/api/admin/people/{person.id}/"
    with server.client() as admin, server.client(person.token) as client:
        assert client.get("/api/projects/").status_code == 200
        assert admin.patch(path, json={"is_active": False}).status_code == 200
        assert client.get("/api/projects/").status_code == 401
        found = admin.get("/api/admin/people/", params={"state": "deactivated", "search": "DANA"}).json()
        assert [each["email"] for each in found["results"]] == ["dana@example.com"]
        back = admin.patch(path, json={"is_active": True}).json()
        assert [each["role"] for each in back["roles"]] == ["editor"]
        assert client.get("/api/projects/").status_code == 401
    with server.browser() as client:
        fields = {"email": "dana@example.com", "password": PASSWORD}
        assert post_form(client, "/user/login/", fields).status_code == 302


def test_the_last_admin_stays_one(server: RunningServer) -> None:
    person = server.member("eli@example.com", "viewer")
    with server.client() as admin:
        mine = admin.get("/api/current-user/whoami").json()["id"]
        refused = admin.patch(f"/api/admin/people/{mine}/", json={"is_admin": False})
        assert (refused.status_code, refused.json()["code"]) == (409, "last-admin")
        assert admin.patch(f"/api/admin/people/{person.id}/", json={"is_admin": True}).json()["is_admin"]
        assert admin.patch(f"/api/admin/people/{mine}/", json={"is_admin": False}).status_code == 200
        assert admin.get("/api/admin/people/").status_code == 403


def test_an_empty_workspace_is_deleted_with_what_reached_only_it(server: RunningServer) -> None:
    with server.client() as admin:
        made = admin.post("/api/workspaces", json={"name": "short-lived"}).json()["id"]
        path = f"/api/workspaces/{made}"
        token = token_of(admin, workspace=made)
        assert admin.patch(path, json={"name": "renamed", "title": "Renamed"}).json()["name"] == "renamed"
        project = admin.post("/api/projects/", json={"title": "Here", "workspace": made})
        assert project.status_code == 201, project.text
        refused = admin.delete(path)
        assert (refused.status_code, refused.json()["code"]) == (409, "workspace-not-empty")
        assert "1 projects" in refused.json()["detail"]
        lines = {each["name"]: each for each in admin.get("/api/admin/workspaces/").json()}
        assert (lines["renamed"]["projects"], lines["renamed"]["people"]) == (1, 1)
        empty = admin.post("/api/workspaces", json={"name": "empty"}).json()["id"]
        held = token_of(admin, workspace=empty)
        assert admin.delete(f"/api/workspaces/{empty}").status_code == 204
        assert admin.get(f"/api/workspaces/{empty}").status_code == 404
    for each, status in ((token, 200), (held, 401)):
        with server.client(each) as client:
            assert client.get("/api/workspaces").status_code == status


def test_a_workspace_is_not_ended_while_nobody_can_tell_what_mlflow_holds(server: RunningServer) -> None:
    settings = server.parts.settings
    if settings.database_url.startswith("postgresql"):
        with server.database.write() as tx:
            tx.execute(text("CREATE SCHEMA mlflow"))
    engine = create_engine(tracking_database_url(settings))
    with server.client() as admin, engine.begin() as connection:
        made = admin.post("/api/workspaces", json={"name": "tracked"}).json()["id"]
        connection.execute(text("CREATE TABLE experiments (workspace TEXT)"))
        connection.commit()
        refused = admin.delete(f"/api/workspaces/{made}")
        assert (refused.status_code, refused.json()["code"]) == (503, "tracking-tables")
    engine.dispose()


def test_everybodys_tokens_are_listed_without_secrets_and_revoked_at_once(server: RunningServer) -> None:
    person = server.member("fay@example.com", "editor")
    with server.client() as admin, server.client(person.token) as client:
        secret = token_of(client, scope="read", workspace="main")
        listed = admin.get("/api/admin/tokens/", params={"owner": person.id, "search": "NOTE"})
        found = listed.json()["results"][0]
        assert (found["owner"]["email"], found["scope"], found["workspace"]["name"]) == (
            "fay@example.com",
            "read",
            "main",
        )
        assert secret not in listed.text
        assert client.get("/api/admin/tokens/").status_code == 403
        with server.client(secret) as held:
            assert held.get("/api/projects/").status_code == 200
            assert admin.delete(f"/api/admin/tokens/{found['id']}/").status_code == 204
            assert held.get("/api/projects/").status_code == 401


def test_an_s3_key_of_anybody_is_listed_without_its_secret_and_revoked_at_once(server: RunningServer) -> None:
    person = server.member("fen@example.com", "editor")
    with server.client() as admin, server.client(person.token) as client:
        made = [
            client.post("/api/s3-keys", json={"name": name, "workspace": "main", "role": "viewer"}).json()
            for name in ("laptop", "cluster")
        ]
        leaked = made[0]["access_key_id"]
        everything = admin.get("/api/admin/tokens/", params={"owner": person.id})
        assert {each["kind"] for each in everything.json()["results"]} == {"legacy", "s3"}
        assert everything.json()["count"] == 3
        assert not any(each["secret_access_key"] in everything.text for each in made)
        listed = admin.get("/api/admin/tokens/", params={"search": leaked.lower()}).json()
        (key,) = listed["results"]
        assert (key["name"], key["kind"], key["role"], key["workspace"]["name"]) == (
            "laptop",
            "s3",
            "viewer",
            "main",
        )
        address = f"/api/admin/s3-keys/{leaked}/"
        assert client.delete(address).status_code == 403
        assert admin.delete(address).status_code == 204
        assert admin.delete(address).status_code == 404
        with server.database.read() as tx:
            assert find_holder(tx, leaked) is None
            assert find_holder(tx, made[1]["access_key_id"]) is not None
        (line,) = admin.get("/api/audit-log", params={"action": "s3-key.revoked"}).json()["results"]
        assert (line["detail"]["access_key_id"], line["detail"]["owner"]) == (leaked, person.id)


def test_the_log_is_filtered_and_exported_as_csv_and_json_lines(server: RunningServer) -> None:
    person = server.member("gus@example.com", "viewer")
    with server.client(person.token) as client:
        assert client.post("/api/projects/", json={"title": "No", "workspace": 1}).status_code == 403
        assert client.get("/api/audit-log/export").status_code == 403
    with server.client() as admin:
        reading = token_of(admin, scope="read")
        query = {"actor": str(person.id), "outcome": "refused", "since": "2020-01-01"}
        assert admin.get("/api/audit-log", params={**query, "until": "2020-01-02"}).json()["results"] == []
        listed = admin.get("/api/audit-log", params={**query, "workspace": "1"}).json()["results"]
        bad = admin.get("/api/audit-log", params={"since": "yesterday"})
        assert (bad.status_code, list(bad.json()["validation_errors"])) == (400, ["since"])
    with server.client(reading) as client:
        table = client.get("/api/audit-log/export", params={**query, "format": "csv"})
        lines = client.get("/api/audit-log/export", params={**query, "format": "jsonl"})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    objects = [json.loads(line) for line in lines.text.splitlines()]
    assert {each["detail"]["path"] for each in listed} == {"/api/projects/"}
    assert [each["outcome"] for each in rows] == ["refused"] * len(objects)
    assert {each["actor"] for each in objects} == {"gus@example.com"}
    assert objects[-1]["detail"]["code"] == "not-allowed"
    assert "attachment" in table.headers["content-disposition"]
