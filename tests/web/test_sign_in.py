"""Signing up, in and out, in a browser's way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD, RunningServer, post_form, serve

AS_JSON = {"Accept": "application/json"}


def test_the_first_sign_up_owns_the_installation(unowned_server: RunningServer) -> None:
    with unowned_server.browser() as client:
        assert client.get("/api/session").json()["sign_up"] == "first"
        answer = post_form(client, "/user/signup", {"email": "Ada@Example.com", "password": PASSWORD})
        session = client.get("/api/session").json()
    assert (answer.status_code, answer.headers["location"]) == (302, "../")
    assert session["user"]["email"] == "ada@example.com"
    assert session["user"]["is_admin"] is True
    assert [(w["name"], w["role"]) for w in session["workspaces"]] == [("main", "owner")]
    assert session["sign_up"] == "open"


def test_a_later_sign_up_has_no_role(server: RunningServer) -> None:
    person = server.sign_up("bea@example.com")
    with server.client(person.token) as client:
        assert client.get("/api/workspaces").json() == []
        assert client.get("/api/workspaces/1").status_code == 404
        assert [user["email"] for user in client.get("/api/users/").json()] == ["bea@example.com"]


def test_sign_in_sets_a_session_that_sign_out_ends(server: RunningServer) -> None:
    with server.browser() as client:
        answer = post_form(client, "/user/login/", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
        assert (answer.status_code, answer.headers["location"]) == (302, "../../")
        cookie = next(text for text in answer.headers.get_list("set-cookie") if text.startswith("sessionid="))
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert client.get("/api/current-user/whoami").status_code == 200
        kept = client.cookies["sessionid"]
        assert client.get("/logout").status_code == 302
        client.cookies.set("sessionid", kept)
        assert client.get("/api/current-user/whoami").status_code == 401


@pytest.mark.parametrize(
    "fetched",
    [{"Sec-Fetch-Dest": "image"}, {"Sec-Fetch-Dest": "empty"}, {"Accept": "image/avif,image/*,*/*;q=0.8"}],
)
def test_what_a_page_fetches_signs_nobody_out(server: RunningServer, fetched: dict[str, str]) -> None:
    with server.browser() as client:
        post_form(client, "/user/login/", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
        answer = client.get("/logout/", headers=fetched)
        assert (answer.status_code, answer.json()["code"]) == (403, "sign-out-in-background")
        assert client.get("/api/current-user/whoami").status_code == 200
        assert client.get("/logout/", headers={"Sec-Fetch-Dest": "document"}).status_code == 302
        assert client.get("/api/current-user/whoami").status_code == 401


def test_a_page_signs_in_and_is_told_where_to_go(server: RunningServer) -> None:
    fields = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "next": "/projects/1/label"}
    with server.browser() as client:
        answer = post_form(client, "/user/login", fields, headers=AS_JSON)
    assert (answer.status_code, answer.json()) == (200, {"next": "projects/1/label"})


def test_nobody_is_sent_to_another_site_after_signing_in(server: RunningServer) -> None:
    with server.browser() as client:
        for target in ("https://far.example/", "//far.example", "/\\far.example", "javascript:alert(1)"):
            fields = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "next": target}
            assert post_form(client, "/user/login", fields, headers=AS_JSON).json() == {"next": ""}


def test_a_wrong_password_and_an_unknown_person_get_the_same_answer(server: RunningServer) -> None:
    with server.browser() as client:
        answers = [
            post_form(client, "/user/login", {"email": email, "password": "not this one"}, headers=AS_JSON)
            for email in (ADMIN_EMAIL, "nobody@example.com")
        ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json()["validation_errors"] == answers[1].json()["validation_errors"]


def test_a_refused_form_without_script_comes_back_as_a_page(server: RunningServer) -> None:
    with server.browser() as client:
        answer = post_form(client, "/user/login/", {"email": ADMIN_EMAIL, "password": "not this one"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "do not match" in answer.text


def test_too_many_failures_mean_a_pause_even_with_the_right_password(server: RunningServer) -> None:
    with server.browser() as client:
        for _ in range(10):
            post_form(client, "/user/login", {"email": ADMIN_EMAIL, "password": "not this one"})
        fields = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        answer = post_form(client, "/user/login", fields, headers=AS_JSON)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["code"] == "too-many-attempts"
    server.sign_up("somebody.else@example.com")


def test_a_form_without_the_cookie_repeated_is_refused_and_told_what_to_do(server: RunningServer) -> None:
    with server.browser() as client:
        fields = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        answer = client.post("/user/login", data=fields, headers=AS_JSON)
        assert answer.status_code == 403
        assert "csrfmiddlewaretoken" in answer.json()["detail"]
        assert client.post("/user/login", data=fields).headers["content-type"].startswith("text/html")
        header = {"X-CSRFToken": client.cookies["csrftoken"]}
        assert client.post("/user/login", data=fields, headers=header).status_code == 302


def test_a_write_from_another_site_is_refused_and_says_what_to_set(server: RunningServer) -> None:
    with server.browser() as client:
        post_form(client, "/user/login", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
        foreign = client.post(
            "/api/tokens", json={"name": "x"}, headers={"Origin": "https://elsewhere.example"}
        )
        own = client.post("/api/tokens", json={"name": "x"}, headers={"Origin": server.url})
        marked = {"Origin": "https://proxied.example", "Sec-Fetch-Site": "same-origin"}
        proxied = client.post("/api/tokens", json={"name": "y"}, headers=marked)
        no_browser = client.post("/api/tokens", json={"name": "z"})
    assert foreign.status_code == 403
    for part in ("https://elsewhere.example", server.url, "TREADLE_TRUSTED_ORIGINS"):
        assert part in foreign.json()["detail"]
    assert [own.status_code, proxied.status_code, no_browser.status_code] == [201, 201, 201]


def test_a_token_needs_no_origin(server: RunningServer) -> None:
    with server.client(Origin="https://elsewhere.example") as client:
        assert client.post("/api/tokens", json={"name": "x"}).status_code == 201


def test_a_trusted_origin_may_write(database_url: str, tmp_path: Path) -> None:
    trusted = "https://a.example, https://b.example/"
    with serve(database_url, tmp_path / "data", trusted_origins=trusted) as it, it.browser() as client:
        post_form(client, "/user/login", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
        answer = client.post("/api/tokens", json={"name": "x"}, headers={"Origin": "https://b.example"})
    assert answer.status_code == 201


def test_sign_up_by_invitation_only(database_url: str, tmp_path: Path) -> None:
    with serve(database_url, tmp_path / "data", sign_up="invited") as server:
        with server.browser() as client:
            assert client.get("/api/session").json()["sign_up"] == "invited"
            fields = {"email": "cy@example.com", "password": PASSWORD}
            refused = post_form(client, "/user/signup", fields, headers=AS_JSON)
            wrong = post_form(client, "/user/signup", {**fields, "invitation": "made up"}, headers=AS_JSON)
        assert (refused.status_code, refused.json()["code"]) == (403, "sign-up-invited")
        assert (wrong.status_code, wrong.json()["code"]) == (400, "invitation-invalid")
        with server.client() as admin:
            token = admin.post("/api/workspaces/1/invitations", json={"role": "editor"}).json()["token"]
        person = server.sign_up("cy@example.com", invitation=token)
        with server.client(person.token) as client:
            assert [w["role"] for w in client.get("/api/workspaces").json()] == ["editor"]


def test_a_wrong_sign_up_names_the_field(server: RunningServer) -> None:
    with server.browser() as client:
        for fields, field in (
            ({"email": "no address", "password": PASSWORD}, "email"),
            ({"email": ADMIN_EMAIL.upper(), "password": PASSWORD}, "email"),
            ({"email": "dee@example.com", "password": "short"}, "password"),
            ({"email": "dee@example.com"}, "password"),
        ):
            answer = post_form(client, "/user/signup/", fields, headers=AS_JSON)
            assert answer.status_code == 400
            assert list(answer.json()["validation_errors"]) == [field]
        assert client.get("/api/session").json()["user"] is None


def test_the_session_answers_strangers_and_sets_the_csrf_cookie_once(server: RunningServer) -> None:
    with server.client(None) as client:
        first = client.get("/api/session")
        assert (first.status_code, first.json()["user"]) == (200, None)
        assert "csrftoken=" in first.headers["set-cookie"]
        assert "set-cookie" not in client.get("/api/session").headers


def test_a_changed_password_ends_every_other_session_at_once(server: RunningServer) -> None:
    path, new = "/api/current-user/password/", "another long one"
    with server.browser() as here, server.browser() as elsewhere:
        for client in (here, elsewhere):
            post_form(client, "/user/signup", {"email": "cleo@example.com", "password": PASSWORD})
            post_form(client, "/user/login", {"email": "cleo@example.com", "password": PASSWORD})
        wrong = here.post(path, json={"current_password": "not this one", "password": new})
        assert (wrong.status_code, list(wrong.json()["validation_errors"])) == (400, ["current_password"])
        short = here.post(path, json={"current_password": PASSWORD, "password": "short"})
        assert (short.status_code, list(short.json()["validation_errors"])) == (400, ["password"])
        assert here.post(path, json={"current_password": PASSWORD, "password": new}).status_code == 204
        assert here.get("/api/current-user/whoami").status_code == 200
        assert elsewhere.get("/api/current-user/whoami").status_code == 401
        back = post_form(elsewhere, "/user/login", {"email": "cleo@example.com", "password": new})
        assert back.status_code == 302


def test_where_to_go_next_is_written_as_a_header_can_carry_it(server: RunningServer) -> None:
    expected = {
        "/projects/é?a=b": "../projects/%C3%A9?a=b",
        "/a\r\nSet-Cookie: x=y": "../a%0D%0ASet-Cookie:%20x=y",
        "http://[": "../",
    }
    found = {}
    for target in expected:
        with server.browser() as client:
            fields = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "next": target}
            found[target] = post_form(client, "/user/login", fields).headers.get("location")
    assert found == expected


def test_a_made_up_password_is_not_shown_any_more_once_it_is_changed(server: RunningServer) -> None:
    kept = server.parts.settings.first_sign_in_path
    path, new = "/api/current-user/password/", "another long one"
    with server.browser() as client:
        post_form(client, "/user/signup", {"email": "dora@example.com", "password": PASSWORD})
        kept.write_text('{"email": "other@example.com", "password": "x"}')
        client.post(path, json={"current_password": PASSWORD, "password": new}).raise_for_status()
        assert kept.exists()
        kept.write_text('{"email": "dora@example.com", "password": "x"}')
        client.post(path, json={"current_password": new, "password": PASSWORD}).raise_for_status()
        assert not kept.exists()


def test_a_wrong_token_that_is_sent_on_and_on_waits_and_a_right_one_passes(server: RunningServer) -> None:
    with server.client("tdl_wrong") as wrong, server.client() as right:
        answers = [wrong.get("/api/projects/").status_code for _ in range(11)]
        waiting = wrong.get("/api/projects/")
        assert (answers[:10], waiting.status_code) == ([401] * 10, 429)
        assert int(waiting.headers["retry-after"]) > 0
        assert right.get("/api/projects/").status_code == 200


def test_made_up_tokens_shut_nobody_out_who_has_a_right_one(server: RunningServer) -> None:
    """Behind a proxy that nobody named, everybody has one address."""
    paths = ("/api/projects/", "/api/3.0/mlflow/workspaces")
    with server.client() as right, server.client(None) as stranger:
        for number in range(201):
            made_up = {"Authorization": f"Bearer tdl_{number}"}
            answer = stranger.get(paths[number % 2], headers=made_up)
        assert answer.status_code == 429
        new = right.post("/api/tokens", json={"name": "new"})
        assert new.status_code == 201
    with server.client(new.json()["token"]) as client:
        assert [client.get(path).status_code for path in paths] == [200, 200]


def test_the_client_that_a_trusted_proxy_names_is_the_one_that_waits(
    database_url: str, tmp_path: Path
) -> None:
    proxied = serve(database_url, tmp_path / "data", trusted_proxies="127.0.0.1")
    with proxied as server, server.browser() as client:
        for number in range(31):
            fields = {"email": f"person{number}@example.com", "password": "not this one"}
            post_form(client, "/user/login", fields, headers={"X-Forwarded-For": "203.0.113.9"})
        fields = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        guessing = {**AS_JSON, "X-Forwarded-For": "192.0.2.7, 203.0.113.9"}
        assert post_form(client, "/user/login", fields, headers=guessing).status_code == 429
        elsewhere = {**AS_JSON, "X-Forwarded-For": "192.0.2.7"}
        assert post_form(client, "/user/login", fields, headers=elsewhere).status_code == 200
