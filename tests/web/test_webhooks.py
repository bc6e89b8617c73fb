"""Webhooks over HTTP: what is told of them, and what they refuse."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import RunningServer, serve
from tests.web.operations.table import CONFIG
from tests.webhooks.listening import Listener, listen
from treadle.webhooks.sending import HookAudience

NOWHERE = "http://nobody.invalid/hook"


@pytest.fixture
def server(sqlite_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    """A server that may call this machine for its users."""
    with serve(sqlite_url, tmp_path / "data", outbound_allow="127.0.0.1") as running:
        yield running


@pytest.fixture
def admin(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listen() as listening:
        yield listening


@pytest.fixture
def project(admin: httpx.Client) -> int:
    made = admin.post("/api/projects/", json={"title": "Told of", "label_config": CONFIG})
    return int(made.json()["id"])


def test_a_secret_is_shown_when_it_is_made_and_never_again(admin: httpx.Client, project: int) -> None:
    made = admin.post("/api/webhooks/", json={"url": NOWHERE, "project": project, "headers": {"X-K": "v"}})
    hook = made.json()
    assert hook["secret"].startswith("whsec_")
    at = f"/api/webhooks/{hook['id']}/"
    told = [admin.get(at).json(), *admin.get("/api/webhooks/").json()]
    assert [each for each in told if "secret" in each or each["headers"] != {"X-K": "v"}] == []
    assert admin.post(f"{at}secret/").json()["secret"] != hook["secret"]
    audit = admin.get("/api/audit-log").text
    assert "webhook.secret-renewed" in audit
    assert "whsec_" not in audit


def test_a_test_is_sent_at_once_and_stands_in_the_log(
    admin: httpx.Client, project: int, listener: Listener
) -> None:
    made = admin.post("/api/webhooks/", json={"url": listener.url, "project": project}).json()
    at = f"/api/webhooks/{made['id']}/"
    answer = admin.post(f"{at}test/").json()
    assert (answer["state"], answer["status_code"], answer["response"]) == ("delivered", 200, "thanks")
    assert [each.body for each in listener.heard] == [{"action": "TEST"}]
    [logged] = admin.get(f"{at}deliveries/").json()["results"]
    assert logged == answer
    whole = admin.get(f"{at}deliveries/{logged['id']}/").json()
    assert whole["body"] == {"action": "TEST"}
    again = admin.post(f"{at}deliveries/{logged['id']}/replay/")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    assert admin.get(at).json()["waiting"] == 1
    assert admin.patch(at, json={"is_active": False}).json()["waiting"] == 0
    refused = admin.post(f"{at}deliveries/{logged['id']}/replay/")
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook-off")
    assert [each["state"] for each in admin.get(f"{at}deliveries/?state=failed").json()["results"]] == [
        "failed"
    ]


def test_addresses_of_others_are_asked_by_threads_that_nobody_else_waits_for(
    admin: httpx.Client, project: int, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking: list[str] = []

    def note(known: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any) -> Any:
            asking.append(threading.current_thread().name)
            return known(*given)

        return noted

    monkeypatch.setattr(HookAudience, "check_reach", note(HookAudience.check_reach))
    monkeypatch.setattr(HookAudience, "sender", note(HookAudience.sender))
    made = admin.post("/api/webhooks/", json={"url": listener.url, "project": project}).json()
    path = f"/api/webhooks/{made['id']}/"
    assert admin.patch(path, json={"url": f"{listener.url}/other"}).status_code == 200
    assert admin.post(f"{path}test/").status_code == 200
    assert [name.partition("_")[0] for name in asking] == ["backends"] * 3


def test_a_change_leaves_what_it_does_not_name(admin: httpx.Client, project: int) -> None:
    body = {"url": NOWHERE, "project": project, "actions": ["TASKS_DELETED"], "send_for_all_actions": False}
    made = admin.post("/api/webhooks/", json=body).json()
    changed = admin.patch(f"/api/webhooks/{made['id']}/", json={"send_payload": False}).json()
    assert {**changed, "updated_at": ""} == {
        **{name: value for name, value in made.items() if name != "secret"},
        "send_payload": False,
        "updated_at": "",
    }


def test_what_no_hook_can_be_is_refused_by_its_field(admin: httpx.Client, project: int) -> None:
    for field, body in (
        ("url", {}),
        ("url", {"url": "http://10.0.0.1/"}),
        ("actions", {"url": NOWHERE, "actions": ["PROJECT_DELETED"]}),
        ("headers", {"url": NOWHERE, "headers": {"Host": "elsewhere"}}),
    ):
        answer = admin.post("/api/webhooks/", json={**body, "project": project})
        assert answer.status_code == (403 if "10.0.0.1" in str(body) else 400), answer.text
        assert list(answer.json()["validation_errors"]) == [field]
    assert admin.get("/api/webhooks/").json() == []


def test_the_list_is_of_a_project_or_of_what_has_none(admin: httpx.Client, project: int) -> None:
    ids = [
        admin.post("/api/webhooks/", json={"url": NOWHERE, **more}).json()["id"]
        for more in ({"project": project}, {})
    ]
    for query, wanted in (("", ids), (f"?project={project}", ids[:1]), ("?project=null", ids[1:])):
        assert [each["id"] for each in admin.get(f"/api/webhooks/{query}").json()] == wanted
    admin.delete(f"/api/projects/{project}/")
    assert [each["id"] for each in admin.get("/api/webhooks/").json()] == ids[1:]
