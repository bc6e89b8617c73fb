"""The rules of a project as its page sets them, and the address that trains without an account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert

from tests.serving import RunningServer, serve
from treadle.db.learning_tables import ml_backends
from treadle.learning.rules import rules


@pytest.fixture
def server(sqlite_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    with serve(sqlite_url, tmp_path) as running:
        yield running


@pytest.fixture
def admin(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        client.post("/api/projects/", json={"title": "shapes"}).raise_for_status()
        with server.database.write() as tx:
            row = {"project_id": 1, "title": "a", "created_at": tx.now, "updated_at": tx.now}
            tx.execute(insert(ml_backends), row)
        yield client


def test_rules_are_told_as_they_were_set_with_what_comes_of_them(admin: httpx.Client) -> None:
    asked = {"project": "1"}
    before = admin.get("/api/learning/rules/", params=asked).json()
    assert (before["train_after"], before["order"], before["next_at"]) == (None, "off", None)
    said = {"train_after": 50, "train_every_hours": 24, "order": "uncertainty", "spec": {"seed": 3}}
    told = admin.put("/api/learning/rules/", params=asked, json=said).json()
    assert {name: told[name] for name in said} == said
    assert (told["annotations_since"], told["problem"], told["hook_made_at"]) == (0, "", None)
    assert told["next_at"] is not None
    assert admin.get("/api/projects/1/").json()["sampling"] == "Uncertainty sampling"
    job = admin.post("/api/learning/order/", json={"project": 1})
    assert job.status_code == 202
    assert admin.get(f"/api/jobs/{job.json()['job']}/").json()["kind"] == "order-queue"
    wrong = admin.put("/api/learning/rules/", params=asked, json={"train_after": 0})
    assert (wrong.status_code, list(wrong.json()["validation_errors"])) == (400, ["train_after"])


def test_an_address_trains_without_an_account_and_is_told_once(
    server: RunningServer, admin: httpx.Client
) -> None:
    made = admin.post("/api/learning/rules/hook/", json={"project": 1}).json()
    assert made["url"] == server.url + made["path"]
    with server.client(None) as nobody:
        called = nobody.post(made["path"])
        assert (called.status_code, called.json()) == (202, {"state": "starts"})
        assert nobody.post(made["path"][:-3] + "/").status_code == 404
        assert nobody.get("/api/learning/rules/", params={"project": "1"}).status_code == 401
        told = admin.get("/api/learning/rules/", params={"project": "1"}).text
        assert made["path"].split("-", 1)[1].strip("/") not in told
        assert admin.delete("/api/learning/rules/hook/", params={"project": "1"}).status_code == 204
        assert nobody.post(made["path"]).status_code == 404


def test_the_secret_of_an_address_is_in_no_log(
    server: RunningServer,
    admin: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    made = admin.post("/api/learning/rules/hook/", json={"project": 1}).json()
    monkeypatch.setattr(rules, "call_hook", fail)
    assert admin.post(made["path"]).status_code == 500
    (told,) = [vars(record) for record in caplog.records if record.levelname == "ERROR"]
    assert told["path"] == "/api/learning/hooks/***/"
