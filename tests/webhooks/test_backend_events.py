"""Backends hear what happens in their project, with their auth, each event once."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from tests.labeling.studio import open_studio
from tests.learning.peers import OLD, Peer, peer
from tests.waiting import wait_until
from tests.webhooks.desk import KEY, ON_SQLITE, Desk, open_desk
from tests.webhooks.listening import Listener, listen
from treadle.access.sealing import seal
from treadle.db import Database
from treadle.db.learning_tables import ml_backends
from treadle.db.webhook_tables import webhook_deliveries, webhook_queues
from treadle.learning.connections import backend_events
from treadle.learning.connections.backend_events import BackendAudience
from treadle.settings import Settings
from treadle.webhooks import dispatching
from treadle.webhooks.dispatching import Dispatcher


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return open_desk(open_studio(database), BackendAudience(Settings(data_dir=tmp_path), KEY))


def connect(desk: Desk, listener: Listener | Peer, **more: Any) -> int:
    """A backend at the listener's address, with a password."""
    with desk.database.write() as tx:
        values = {
            "project_id": desk.studio.project_id,
            "title": "old one",
            "url": listener.url,
            "auth_method": "BASIC_AUTH",
            "auth_user": "studio",
            "sealed_secret": seal(KEY, "open sesame"),
            "created_at": tx.now,
            "updated_at": tx.now,
        }
        made = tx.execute(insert(ml_backends).returning(ml_backends.c.id), {**values, **more})
        return int(made.scalar_one())


def rows(desk: Desk) -> list[Mapping[str, Any]]:
    with desk.database.read() as tx:
        return tx.rows(select(webhook_deliveries).order_by(webhook_deliveries.c.id))


def test_a_backend_hears_of_annotations_and_a_built_in_one_does_not(desk: Desk, listener: Listener) -> None:
    connect(desk, listener)
    connect(desk, listener, builtin="yolo")
    [task_id] = desk.studio.add_tasks(1)
    desk.studio.submit("annotator", task_id)
    desk.tell()
    assert listener.actions == ["TASKS_CREATED", "ANNOTATION_CREATED"]
    heard = listener.heard[-1]
    assert heard.path == "/hook/webhook"
    assert heard.headers["Authorization"] == "Basic " + base64.b64encode(b"studio:open sesame").decode()
    assert heard.body["project"]["parsed_label_config"]["box"]["labels"] == ["Cat", "Dög"]
    assert [row["state"] for row in rows(desk)] == ["delivered", "delivered"]


@ON_SQLITE
def test_what_a_model_failed_at_is_not_sent_again_and_what_it_had_no_time_for_is(
    desk: Desk, listener: Listener
) -> None:
    connect(desk, listener)
    listener.statuses = [500, 503]
    desk.studio.add_tasks(2)
    desk.tell()
    assert [row["state"] for row in rows(desk)] == ["failed", "waiting"]
    with desk.database.write() as tx:
        tx.execute(webhook_queues.update().values(rests_until=tx.now - timedelta(seconds=1)))
    desk.send()
    assert [row["state"] for row in rows(desk)] == ["failed", "delivered"]


@ON_SQLITE
def test_a_model_of_2022_that_began_anew_hears_of_its_project_first(desk: Desk) -> None:
    with peer(health=OLD) as there:

        def answer(_body: object) -> tuple[int, object]:
            return (201, {}) if there.is_set_up else (500, {"detail": "no model yet"})

        there.answers["/webhook"] = answer
        connect(desk, there, generation="old")
        desk.studio.add_tasks(1)
        desk.tell()
        assert there.paths() == ["POST /webhook", "POST /setup", "POST /webhook"]
    assert [row["state"] for row in rows(desk)] == ["delivered"]


@ON_SQLITE
def test_models_that_hang_keep_no_webhook_waiting(
    desk: Desk, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "_MOST", 1)
    connect(desk, listener)
    listener.gate.clear()
    desk.studio.add_tasks(1)
    desk.follow()
    with listen() as other:
        desk.hook(other.url)
        desk.studio.add_tasks(1)
        desk.follow()
        Dispatcher(desk.database, desk.audiences).look()
        wait_until(lambda: other.actions == ["TASKS_CREATED"])
        listener.gate.set()
        wait_until(lambda: {row["state"] for row in rows(desk)} == {"delivered"})


@ON_SQLITE
def test_a_model_with_hours_for_predictions_has_a_minute_for_an_event(
    desk: Desk, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend_events, "_MOST_S", 0.3)
    connect(desk, listener, timeout_s=7200)
    listener.gate.clear()
    desk.studio.add_tasks(1)
    desk.tell()
    assert [row["status_code"] for row in rows(desk)] == [None]


@ON_SQLITE
def test_what_a_slow_model_took_is_not_sent_again(desk: Desk, listener: Listener) -> None:
    connect(desk, listener, timeout_s=0.3)
    listener.gate.clear()
    desk.studio.add_tasks(1)
    desk.tell()
    [row] = rows(desk)
    assert (row["state"], row["status_code"]) == ("delivered", None)
    assert row["problem"]
