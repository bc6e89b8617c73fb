"""Only the host that the platform gave this application is its own; a neighbour is a stranger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloudera.asking import DOMAIN, HOST, Application, Headers, open_application
from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD

#: It is not known what the platform sends: the host alone, the scheme too, or the host by a header.
FORWARDED: dict[str, Headers] = {
    "host": [],
    "scheme": [("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "10.0.0.9")],
    "other-host": [("Host", "127.0.0.1:8100"), ("X-Forwarded-Host", HOST), ("X-Forwarded-Proto", "https")],
}


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with open_application(tmp_path_factory.mktemp("origins")) as opened:
        yield opened


@pytest.fixture(scope="module")
def cookies(application: Application) -> str:
    """Those of the administrator's browser."""
    page = application.ask("GET", "/user/login/")
    csrf = page.cookies["csrftoken"]
    form = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "csrfmiddlewaretoken": csrf}
    answer = application.ask("POST", "/user/login/", [("Cookie", f"csrftoken={csrf}")], data=form)
    assert answer.status_code == 302
    return f"csrftoken={csrf}; sessionid={answer.cookies['sessionid']}"


def write(application: Application, cookies: str, *headers: tuple[str, str]) -> tuple[int, str]:
    """What comes of a write in the browser."""
    given = [("Cookie", cookies), *headers]
    answer = application.ask("POST", "/api/projects", given, json={"title": "A project"})
    return answer.status_code, answer.json().get("detail", "")


@pytest.mark.parametrize("forwarded", FORWARDED)
def test_our_own_pages_write(application: Application, cookies: str, forwarded: str) -> None:
    own = ("Origin", f"https://{HOST}")
    assert write(application, cookies, *FORWARDED[forwarded], own)[0] == 201


@pytest.mark.parametrize("forwarded", FORWARDED)
@pytest.mark.parametrize("origin", [f"https://neighbour.{DOMAIN}", "https://evil.example", f"http://{HOST}"])
def test_a_stranger_s_page_does_not_and_both_are_named(
    application: Application, cookies: str, forwarded: str, origin: str
) -> None:
    status, detail = write(application, cookies, *FORWARDED[forwarded], ("Origin", origin))
    assert status == 403
    assert origin in detail
    assert f"https://{HOST}" in detail


def test_a_host_outside_the_domain_is_not_ours(application: Application, cookies: str) -> None:
    rebound = [("Host", "rebound.example"), ("Origin", "https://rebound.example")]
    assert write(application, cookies, *rebound)[0] == 403
    assert write(application, cookies, ("Sec-Fetch-Site", "same-origin"), *rebound)[0] == 403


def test_cookies_are_for_https_alone(application: Application) -> None:
    page = application.ask("GET", "/user/login/")
    assert "secure" in page.headers["set-cookie"].lower()
