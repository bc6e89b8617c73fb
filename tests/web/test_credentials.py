"""Every way to say who asks."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import select, update

from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_TOKEN, RunningServer
from tests.waiting import wait_until
from treadle.access.signed_tokens import sign_access_token
from treadle.db.identity_tables import sign_in_failures
from treadle.db.schema import tokens, users

WHOAMI = "/api/current-user/whoami"
TRACKING = "/api/2.0/mlflow/experiments/get"


def status_with(server: RunningServer, **headers: str) -> int:
    with server.client(None, **headers) as client:
        return client.get(WHOAMI).status_code


def basic(email: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{email}:{secret}".encode()).decode()


def test_the_administrator_of_the_settings_comes_in_at_once(server: RunningServer) -> None:
    for name, value in (
        ("Authorization", f"Token {ADMIN_TOKEN}"),
        ("Authorization", f"Bearer {ADMIN_TOKEN}"),
        ("Authorization", f"token  {ADMIN_TOKEN}"),
        ("X-API-Key", ADMIN_TOKEN),
        ("Authorization", basic(ADMIN_EMAIL, ADMIN_PASSWORD)),
        ("Authorization", basic(ADMIN_EMAIL.upper(), ADMIN_TOKEN)),
    ):
        assert status_with(server, **{name: value}) == 200, value


def test_anything_else_is_401_with_label_studios_body(server: RunningServer) -> None:
    for value in (
        "Token nope",
        "Bearer a.b.c",
        "Token",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        basic(ADMIN_EMAIL, "wrong password"),
        basic("other@example.com", ADMIN_TOKEN),
        "Digest x",
    ):
        with server.client(None, Authorization=value) as client:
            answer = client.get(WHOAMI)
        assert answer.status_code == 401, value
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["status_code"] == 401


def test_who_am_i_has_label_studios_keys(server: RunningServer) -> None:
    with server.client() as client:
        body = client.get(WHOAMI).json()
    expected = {
        "id", "first_name", "last_name", "username", "email", "last_activity", "custom_hotkeys", "avatar",
        "initials", "phone", "active_organization", "active_organization_meta", "allow_newsletters",
        "date_joined", "permissions",
    }  # fmt: skip
    assert expected <= body.keys()
    assert body["email"] == ADMIN_EMAIL
    assert body["active_organization_meta"] == {"title": "Treadle", "email": ADMIN_EMAIL}


def test_a_personal_token_works_until_it_is_revoked(server: RunningServer) -> None:
    with server.client() as admin:
        made = admin.post("/api/tokens", json={"name": "ci", "expires_in_days": 30}).json()
        assert made["token"].startswith("tdl_")
        assert status_with(server, Authorization=f"Bearer {made['token']}") == 200
        assert status_with(server, Authorization=f"Token {made['token']}") == 200
        listed = admin.get("/api/tokens").json()
        assert [token["name"] for token in listed] == ["ci"]
        assert "token" not in listed[0]
        assert admin.delete(f"/api/tokens/{made['id']}").status_code == 204
        assert admin.delete(f"/api/tokens/{made['id']}").status_code == 404
    assert status_with(server, Authorization=f"Bearer {made['token']}") == 401


def test_a_token_notes_when_it_was_used(server: RunningServer) -> None:
    with server.client() as admin:
        made = admin.post("/api/tokens", json={"name": "ci"}).json()
        assert made["last_used_at"] is None
        assert status_with(server, Authorization=f"Token {made['token']}") == 200
        wait_until(lambda: admin.get("/api/tokens").json()[0]["last_used_at"])  # noted after the answer


def test_an_expired_token_does_not_work(server: RunningServer) -> None:
    with server.client() as admin:
        made = admin.post("/api/tokens", json={"name": "short", "expires_in_days": 1}).json()
        with server.database.write() as tx:
            over = datetime.now(timezone.utc) - timedelta(seconds=1)
            tx.execute(update(tokens).where(tokens.c.id == made["id"]).values(expires_at=over))
        assert admin.get("/api/tokens").json() == []
    assert status_with(server, Authorization=f"Token {made['token']}") == 401


def test_a_wrong_token_request_names_its_field(server: RunningServer) -> None:
    bodies: list[dict[str, object]] = [{"name": " "}, {"name": "x", "expires_in_days": 0}, {}, {"name": 3}]
    with server.client() as admin:
        answers = [admin.post("/api/tokens", json=body) for body in bodies]
    assert [answer.status_code for answer in answers] == [400] * 4
    named = [list(answer.json()["validation_errors"]) for answer in answers]
    assert named == [["name"], ["expires_in_days"], ["name"], ["name"]]


def test_somebody_elses_token_is_not_there(server: RunningServer) -> None:
    other = server.sign_up("other@example.com")
    with server.client() as admin, server.client(other.token) as client:
        made = admin.post("/api/tokens", json={"name": "mine"}).json()
        assert client.delete(f"/api/tokens/{made['id']}").status_code == 404
    assert status_with(server, Authorization=f"Token {made['token']}") == 200


def test_the_refresh_pair_of_the_sdk(server: RunningServer) -> None:
    with server.client() as admin:
        assert admin.get("/api/token/").json() == []
        refresh = admin.post("/api/token/").json()["token"]
        assert admin.post("/api/token/").status_code == 409
        assert admin.get("/api/token/").json() == [{"token": refresh.rpartition(".")[0]}]
        assert [token["name"] for token in admin.get("/api/tokens").json()] == ["default"]
    claims = claims_of(refresh)
    assert claims["token_type"] == "refresh"
    assert claims["user_id"] == "1"
    assert claims["exp"] - claims["iat"] == 200 * 365 * 86_400

    with server.client(None) as client:
        access = client.post("/api/token/refresh/", json={"refresh": refresh}).json()["access"]
    assert claims_of(access)["exp"] - claims_of(access)["iat"] == 300
    assert status_with(server, Authorization=f"Bearer {access}") == 200
    assert status_with(server, Authorization=f"Bearer {refresh}") == 401


def test_revoking_a_refresh_token_ends_its_access_tokens_at_once(server: RunningServer) -> None:
    with server.client() as admin:
        refresh = admin.post("/api/token/").json()["token"]
        access = admin.post("/api/token/refresh/", json={"refresh": refresh}).json()["access"]
        assert admin.post("/api/token/blacklist/", json={"refresh": refresh}).status_code == 204
        again = admin.post("/api/token/refresh", json={"refresh": refresh})
        assert (again.status_code, again.json()["detail"]) == (401, "Token is blacklisted")
        assert admin.post("/api/token/").status_code == 201
    assert status_with(server, Authorization=f"Bearer {access}") == 401


def test_a_rotated_refresh_token_is_replaced(server: RunningServer) -> None:
    with server.client() as admin:
        old = admin.post("/api/token/").json()["token"]
        new = admin.post("/api/token/rotate/", json={"refresh": old}).json()["refresh"]
        assert admin.post("/api/token/refresh/", json={"refresh": old}).status_code == 401
        assert admin.post("/api/token/refresh/", json={"refresh": new}).status_code == 200


def test_an_access_token_ends_after_300_seconds(server: RunningServer) -> None:
    with server.client() as admin:
        refresh = admin.post("/api/token/").json()["token"]
    jti, key = str(claims_of(refresh)["jti"]), server.parts.signing_key
    now = datetime.now(timezone.utc)
    fresh = sign_access_token(1, jti, key, now - timedelta(seconds=290)).text
    over = sign_access_token(1, jti, key, now - timedelta(seconds=301)).text
    forged = sign_access_token(2, jti, key, now).text
    statuses = [status_with(server, Authorization=f"Bearer {text}") for text in (fresh, over, forged)]
    assert statuses == [200, 401, 401]


def test_a_refresh_request_without_its_field_is_400(server: RunningServer) -> None:
    with server.client(None) as client:
        answer = client.post("/api/token/refresh/", json={})
        assert answer.json()["validation_errors"] == {"refresh": ["This field is required."]}
        assert client.post("/api/token/refresh/", data={"refresh": "x"}).status_code == 401


def test_a_legacy_token_can_be_reset_and_stays_reset(server: RunningServer) -> None:
    with server.client() as admin:
        assert admin.get("/api/current-user/token").json() == {"token": ADMIN_TOKEN}
        new = admin.post("/api/current-user/reset-token/").json()["token"]
    assert len(new) == 40
    assert status_with(server, Authorization=f"Token {ADMIN_TOKEN}") == 401
    assert status_with(server, Authorization=f"Token {new}") == 200


def test_legacy_tokens_can_be_switched_off_and_on(server: RunningServer) -> None:
    with server.client() as admin:
        personal = admin.post("/api/tokens", json={"name": "stays"}).json()["token"]
        off = admin.post("/api/jwt/settings", json={"legacy_api_tokens_enabled": False})
        assert off.json() == {"api_tokens_enabled": True, "legacy_api_tokens_enabled": False}
        assert admin.get(WHOAMI).status_code == 401
    with server.client(personal) as client:
        assert client.get("/api/jwt/settings").json()["legacy_api_tokens_enabled"] is False
        client.post("/api/jwt/settings", json={"legacy_api_tokens_enabled": True})
    assert status_with(server, Authorization=f"Token {ADMIN_TOKEN}") == 200


def test_a_token_that_ended_keeps_nobody_from_signing_in(server: RunningServer) -> None:
    """Notebooks send it as the password, and go on doing so."""
    with server.client() as admin:
        ended = admin.post("/api/tokens", json={"name": "notebook"}).json()
        reset = admin.post("/api/current-user/reset-token/").json()["token"]
        admin.headers["Authorization"] = f"Token {reset}"
        admin.delete(f"/api/tokens/{ended['id']}").raise_for_status()
    for secret in (ended["token"], ADMIN_TOKEN, "eyJ0.eyJ1.sig"):
        for path in (WHOAMI, TRACKING):
            with server.client(None, Authorization=basic(ADMIN_EMAIL, secret)) as client:
                statuses = {client.get(path).status_code for _ in range(11)}
            assert statuses <= {401, 429}, (secret, path)
    with server.database.read() as tx:
        assert tx.execute(select(sign_in_failures)).all() == []
    assert status_with(server, Authorization=basic(ADMIN_EMAIL, ADMIN_PASSWORD)) == 200


def test_only_an_organisation_admin_switches_token_kinds(server: RunningServer) -> None:
    person = server.member("owner@example.com", "owner")
    with server.client(person.token) as client:
        assert client.post("/api/jwt/settings", json={"legacy_api_tokens_enabled": False}).status_code == 403


def test_a_closed_account_comes_in_by_no_door(server: RunningServer) -> None:
    person = server.sign_up("gone@example.com")
    with server.client() as admin:
        assert admin.delete(f"/api/users/{person.id}/").status_code == 204
        assert admin.delete("/api/users/1/").status_code == 409
    assert status_with(server, Authorization=f"Token {person.token}") == 401
    assert status_with(server, Authorization=basic(person.email, "eight or more")) == 401


def test_last_activity_is_noted_by_a_write(server: RunningServer) -> None:
    with server.database.write() as tx:
        before = tx.now - timedelta(days=1)
        tx.execute(update(users).values(last_activity_at=before))
        tx.execute(update(tokens).values(last_used_at=before))
    with server.client() as admin:
        admin.post("/api/tokens", json={"name": "x"})
        seen = admin.get(WHOAMI).json()["last_activity"]
    assert datetime.fromisoformat(seen.replace("Z", "+00:00")) > before + timedelta(hours=1)


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded
