"""What the server answers to those who look for what is wrong: to administrators, and within limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.doctor.conftest import Town
from tests.waiting import wait_until
from treadle.web import routes_doctor

ROOT = "/api/admin/doctor"


@pytest.fixture
def client(town: Town) -> Iterator[httpx.Client]:
    with town.server.client() as opened:
        yield opened


def test_a_silence_has_an_end(client: httpx.Client) -> None:
    assert client.get(f"{ROOT}/silence/", params={"seconds": "0"}).json() == {"seconds": 0.0}
    for wrong in ("601", "-1", "nan", "inf", "soon", "1e9"):
        answer = client.get(f"{ROOT}/silence/", params={"seconds": wrong})
        assert (answer.status_code, answer.json()["code"]) == (400, "query-invalid"), wrong
    assert client.get(f"{ROOT}/events/", params={"seconds": "31"}).status_code == 400


def test_a_body_that_is_tried_has_an_end(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes_doctor, "_MOST_BODY_BYTES", 1000)
    assert client.post(f"{ROOT}/upload/", content=b"x" * 1000).json() == {"size_bytes": 1000}
    answer = client.post(f"{ROOT}/upload/", content=b"x" * 1001)
    assert answer.json()["code"] == "body-too-large"


def test_only_so_many_look_at_once(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes_doctor, "_MOST_AT_ONCE", 0)
    for method, path in (("GET", ""), ("GET", "silence/"), ("GET", "events/"), ("POST", "upload/")):
        answer = client.request(method, f"{ROOT}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (503, "doctor-busy"), path


def test_who_went_away_leaves_their_place(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_free() -> bool:
        return client.get(f"{ROOT}/silence/", params={"seconds": 0}).is_success

    wait_until(is_free)
    monkeypatch.setattr(routes_doctor, "_MOST_AT_ONCE", 1)
    with client.stream("GET", f"{ROOT}/events/", params={"seconds": 30}) as answer:
        said = answer.iter_text()  # which hangs up when it is let go of
        assert next(said) == "data: first\n\n"
        assert not is_free()
    wait_until(is_free)
    with pytest.raises(httpx.ReadTimeout):
        client.get(f"{ROOT}/silence/", params={"seconds": 600}, timeout=0.2)
    wait_until(is_free)


def test_what_a_browser_saw_is_judged_by_what_arrived_of_its_question(client: httpx.Client) -> None:
    seen: dict[str, Any] = {"site": "https://example.org/x", "sent_origin": "https://example.org"}
    checks = client.post(f"{ROOT}/judgement/", json=seen, headers={"Origin": "https://evil.example"}).json()
    codes = {check["code"] for check in checks if check["state"] == "fault"}
    assert codes == {"host-lost", "scheme-lost", "origin-lost"}
    for wrong in ({}, {"site": "x" * 501}, {"site": "x", "uploads": [{"size_bytes": 1, "status": 1}] * 21}):
        assert client.post(f"{ROOT}/judgement/", json=wrong).status_code == 400, wrong


def test_a_server_that_is_well_finds_nothing_about_itself(client: httpx.Client) -> None:
    checks = client.get(f"{ROOT}/").json()
    assert [check for check in checks if check["state"] == "fault"] == []
    names = {check["name"] for check in checks}
    assert {"Data folder", "Disk", "Shared memory", "Key", "Database", "Objects", "Worker"} <= names
