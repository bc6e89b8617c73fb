"""REMOTE-USER counts where it was switched on and the proxy says it; a token stands beside the platform's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloudera.asking import DOMAIN, HOST, Application, Headers, open_application
from tests.serving import ADMIN_EMAIL, ADMIN_TOKEN
from treadle.access import ORGANIZATION, allow
from treadle.access.arrivals import Trust, arrive
from treadle.access.identities import identify_by_email
from treadle.access.people import deactivate_person
from treadle.errors import Forbidden, Unauthenticated
from treadle.permissions import Permission
from treadle.tracking.asked import Asked, read_asked
from treadle.tracking.entrance import Entrance, Keys

WHOAMI = "/api/current-user/whoami"
ADA = ("REMOTE-USER", "ada@example.com")


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """An application that believes REMOTE-USER."""
    with open_application(tmp_path_factory.mktemp("on"), TREADLE_REMOTE_USER="1") as application:
        yield application


@pytest.fixture(scope="module")
def off(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """An application as it comes."""
    with open_application(tmp_path_factory.mktemp("off")) as application:
        yield application


def test_whom_the_proxy_names_is_here_without_any_role(on: Application) -> None:
    answer = on.ask("GET", WHOAMI, [ADA])
    assert (answer.status_code, answer.json()["email"]) == (200, ADA[1])
    assert on.ask("GET", "/api/session", [ADA]).json()["workspaces"] == []
    assert on.ask("POST", "/api/projects", [ADA], json={"title": "mine"}).status_code == 403


def test_nobody_becomes_somebody_where_it_was_not_switched_on(off: Application) -> None:
    assert off.ask("GET", WHOAMI, [("REMOTE-USER", ADMIN_EMAIL)]).status_code == 401
    assert off.ask("GET", "/api/session", [ADA]).json()["user"] is None


def test_nobody_else_than_the_loopback_is_believed(on: Application) -> None:
    assert on.ask("GET", WHOAMI, [("REMOTE-USER", ADMIN_EMAIL)], peer="10.0.0.7").status_code == 401


def test_a_name_gets_the_domain_of_the_platform(on: Application) -> None:
    answer = on.ask("GET", WHOAMI, [("REMOTE-USER", "Grace")])
    assert answer.json()["email"] == f"grace@{DOMAIN}"


@pytest.mark.parametrize(
    "headers", [[ADA, ("REMOTE-USER", ADMIN_EMAIL)], [("REMOTE-USER", f"{ADMIN_EMAIL},{ADA[1]}")]]
)
def test_two_names_are_none(on: Application, headers: Headers) -> None:
    answer = on.ask("GET", WHOAMI, headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "remote-user-unclear")


def test_a_header_with_an_underscore_is_another_header(on: Application) -> None:
    assert on.ask("GET", WHOAMI, [("REMOTE_USER", ADMIN_EMAIL)]).status_code == 401


def test_another_site_s_page_writes_nothing_by_it(on: Application) -> None:
    wicked = [("REMOTE-USER", ADMIN_EMAIL), ("Origin", f"https://neighbour.{DOMAIN}")]
    answer = on.ask("POST", "/api/projects", wicked, json={"title": "theirs"})
    assert (answer.status_code, answer.json()["code"]) == (403, "cross-site")
    own = [("REMOTE-USER", ADMIN_EMAIL), ("Origin", f"https://{HOST}")]
    assert on.ask("POST", "/api/projects", own, json={"title": "ours"}).status_code == 201


def test_a_closed_account_stays_closed(on: Application) -> None:
    closed = ("REMOTE-USER", "closed@example.com")
    assert on.ask("GET", WHOAMI, [closed]).status_code == 200
    with on.database.write() as tx:
        admin, person = identify_by_email(tx, ADMIN_EMAIL), identify_by_email(tx, closed[1])
        assert admin is not None
        assert person is not None
        grant = allow(tx, admin.actor, Permission.ORGANIZATION_ADMIN, ORGANIZATION)
        deactivate_person(tx, grant, person.actor.user_id)
    assert {on.ask("GET", WHOAMI, [closed]).status_code for _ in range(3)} <= {401, 403}
    assert on.ask("GET", "/api/session", [closed]).json()["user"] is None


def test_a_person_signs_in_as_whom_the_platform_knows(on: Application) -> None:
    page = on.ask("GET", "/user/login/")
    csrf = page.cookies["csrftoken"]
    form = {"email": ADMIN_EMAIL, "password": "correct horse", "csrfmiddlewaretoken": csrf}
    headers = [ADA, ("Cookie", f"csrftoken={csrf}"), ("Accept", "application/json")]
    answer = on.ask("POST", "/user/login/", headers, data=form)
    assert answer.status_code == 400
    assert f"knows you as {ADA[1]}" in answer.text


def test_nobody_owns_an_installation_by_a_header(tmp_path: Path) -> None:
    nobody = {"TREADLE_ADMIN_EMAIL": "", "TREADLE_ADMIN_PASSWORD": "", "TREADLE_ADMIN_TOKEN": ""}
    with open_application(tmp_path, TREADLE_REMOTE_USER="1", **nobody) as application:
        assert application.ask("GET", WHOAMI, [ADA]).json()["code"] == "not-set-up"
        assert application.ask("GET", "/api/session", [ADA]).json()["sign_up"] == "first"


@pytest.mark.parametrize("path", [WHOAMI, "/api/workspaces"])
def test_our_token_counts_beside_the_platform_s_authorization(off: Application, path: str) -> None:
    platform = ("Authorization", "Bearer the-platform-s-own-key")
    assert off.ask("GET", path, [platform]).status_code == 401
    assert off.ask("GET", path, [platform, ("X-Treadle-Token", ADMIN_TOKEN)]).status_code == 200
    assert off.ask("GET", path, [platform, ("X-Treadle-Token", "nope")]).status_code == 401


class Doors:
    """MLflow's door, up to where somebody is known."""

    def __init__(self, application: Application) -> None:
        self.parts = application.parts
        self.entrance = Entrance(
            application.database,
            Keys(self.parts.settings, self.parts.signing_key, self.parts.wrong_credentials),
        )

    def who(self, headers: Headers, method: str = "GET", peer: str = "127.0.0.1") -> str:
        return self.entrance.identify(self._asked(headers, method, peer)).actor.email

    def _asked(self, headers: Headers, method: str, peer: str) -> Asked:
        raw = [(name.lower().encode(), value.encode()) for name, value in [("Host", HOST), *headers]]
        path = "/api/2.0/mlflow/experiments/get" if method == "GET" else "/api/2.0/mlflow/runs/create"
        scope = {"type": "http", "method": method, "path": path, "headers": raw, "client": (peer, 1)}
        arrive(scope, Trust(platform_domain=DOMAIN))
        return read_asked(scope)


def test_mlflow_s_door_hears_the_same(on: Application, off: Application) -> None:
    doors = Doors(on)
    assert doors.who([ADA]) == ADA[1]
    assert doors.who([ADA, ("X-Treadle-Token", ADMIN_TOKEN)]) == ADMIN_EMAIL
    assert doors.who([("Authorization", "Bearer x"), ("X-Treadle-Token", ADMIN_TOKEN)]) == ADMIN_EMAIL
    for application, headers, peer in (
        (on, [ADA], "10.0.0.7"),
        (on, [ADA, ("REMOTE-USER", ADMIN_EMAIL)], "127.0.0.1"),
        (off, [ADA], "127.0.0.1"),
    ):
        with pytest.raises(Unauthenticated):
            Doors(application).who(headers, peer=peer)


def test_mlflow_s_door_asks_whose_page_wrote(on: Application) -> None:
    doors = Doors(on)
    assert doors.who([ADA, ("Origin", f"https://{HOST}")], "POST") == ADA[1]
    for origin in ([("Origin", f"https://neighbour.{DOMAIN}")], []):
        with pytest.raises(Forbidden):
            doors.who([ADA, *origin], "POST")
