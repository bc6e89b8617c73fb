"""What happens is told: to whom, in which words, how often and in which order."""

from __future__ import annotations

import hmac
import json
import threading
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from tests.waiting import wait_until
from tests.webhooks.desk import KEY, ON_SQLITE, Desk, audience_of
from tests.webhooks.listening import Listener, listen
from treadle.db import Tx
from treadle.db.schema import audit_log, events
from treadle.db.webhook_tables import webhook_bodies, webhook_deliveries
from treadle.errors import Forbidden, Invalid
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import projects, tasks
from treadle.labeling.webhook_bodies import WebhookBodies
from treadle.outbound import AllowList
from treadle.permissions import Permission
from treadle.webhooks import Follower, deliveries, hooks, queues
from treadle.webhooks.dispatching import Dispatcher
from treadle.webhooks.hooks import HookForm
from treadle.webhooks.queues import Claim
from treadle.webhooks.receivers import Answer, Queue, Receiver
from treadle.webhooks.retrying import judge, wait

RECORDED = json.loads((Path(__file__).parents[1] / "golden" / "webhook-bodies.json").read_text("utf-8"))


def label(desk: Desk) -> int:
    """Everything that a task goes through; the task."""
    [task_id] = desk.studio.add_tasks(1)
    made = desk.studio.submit("annotator", task_id)
    with desk.database.write() as tx:
        grant = desk.studio.grant(tx, "editor", Permission.ANNOTATION_WRITE)
        annotation_verbs.change(tx, grant, made["id"], {"result": b"[]"})
    desk.follow()
    with desk.database.write() as tx:
        annotation_verbs.remove(tx, desk.studio.grant(tx, "editor", Permission.ANNOTATION_WRITE), made["id"])
    desk.studio.change_project(title="renamed")
    with desk.database.write() as tx:
        tasks.remove(tx, desk.studio.grant(tx, "editor", Permission.TASK_WRITE), task_id)
    return task_id


TOLD = [
    "TASKS_CREATED",
    "ANNOTATION_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_DELETED",
    "PROJECT_UPDATED",
    "TASKS_DELETED",
]


def test_bodies_are_those_of_label_studio_in_the_order_of_what_happened(
    desk: Desk, listener: Listener
) -> None:
    desk.hook(listener.url)
    task_id = label(desk)
    desk.tell()
    assert listener.actions == TOLD
    for heard in listener.heard:
        assert shape(heard.body) == shape(RECORDED[heard.action]), heard.action
    assert listener.heard[-1].body["tasks"] == [{"id": task_id}]
    desk.tell()
    assert len(listener.heard) == len(TOLD)


def shape(value: Any) -> Any:
    """Keys, to the depth at which a body tells of objects of its own."""
    return {
        key: sorted(each) if isinstance(each, dict) else sorted(each[0]) if isinstance(each, list) else None
        for key, each in value.items()
    }


@ON_SQLITE
def test_a_delivery_is_signed_over_time_and_body_and_carries_the_hooks_headers(
    desk: Desk, listener: Listener
) -> None:
    hook, secret = desk.hook(listener.url, headers={"X-Key": "v", "user-agent": "mine"})
    desk.studio.add_tasks(1)
    desk.tell()
    [heard] = listener.heard
    signed = heard.headers["X-Treadle-Timestamp"].encode() + b"." + heard.raw
    wanted = "sha256=" + hmac.new(secret.reveal().encode(), signed, sha256).hexdigest()
    assert heard.headers["X-Treadle-Signature"] == wanted
    assert heard.headers["X-Treadle-Action"] == "TASKS_CREATED"
    assert (heard.headers["X-Key"], heard.headers["user-agent"]) == ("v", "mine")
    assert secret.reveal() not in hook.sealed_secret


@ON_SQLITE
def test_a_hook_hears_of_what_it_wants_and_of_its_project_alone(desk: Desk, listener: Listener) -> None:
    label(desk)  # before there was a hook
    some, _ = desk.hook(
        listener.url, send_for_all_actions=False, actions=["TASKS_DELETED"], send_payload=False
    )
    with listen() as of_all:
        desk.hook(of_all.url, of_workspace=True)
        with desk.database.write() as tx:
            scope = desk.scope(of_workspace=True)
            grant = desk.studio.grant(tx, "manager", Permission.PROJECT_WRITE, scope)
            other = projects.create(tx, grant, {"title": "other"})["id"]
        label(desk)
        desk.tell()
        assert [each.body for each in listener.heard] == [{"action": "TASKS_DELETED"}]
        assert of_all.actions == ["PROJECT_CREATED", *TOLD]
        assert of_all.heard[0].body["project"]["id"] == other
    assert [row["body_id"] for row in desk.rows(some)] == [None]


@ON_SQLITE
def test_the_tasks_of_a_large_import_are_told_in_parts_each_once(desk: Desk, listener: Listener) -> None:
    desk.hook(listener.url)
    ids = desk.studio.add_tasks(7)
    with desk.database.write() as tx:
        tx.execute(delete(events))
        payload = json.dumps({"tasks": ids})
        row = {"kind": "tasks.restored", "project_id": desk.studio.project_id, "payload": payload}
        tx.execute(insert(events), {**row, "at": tx.now})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("treadle.labeling.webhook_bodies._TASKS_AT_ONCE", 3)
        patch.setattr("treadle.webhooks.following._BATCH_BYTES", 1)
        desk.tell()
    assert [[task["id"] for task in each.body["tasks"]] for each in listener.heard] == [
        ids[:3],
        ids[3:6],
        ids[6:],
    ]


@ON_SQLITE
def test_an_event_that_cannot_be_put_into_words_keeps_no_other(desk: Desk, listener: Listener) -> None:
    desk.hook(listener.url)
    with desk.database.write() as tx:
        row = {"kind": "tasks.deleted", "project_id": desk.studio.project_id, "payload": "{"}
        tx.execute(insert(events), {**row, "at": tx.now})
    desk.studio.add_tasks(1)
    desk.tell()
    assert listener.actions == ["TASKS_CREATED"]


def test_two_followers_tell_nothing_twice(desk: Desk, listener: Listener) -> None:
    desk.hook(listener.url)
    other = Follower(desk.database, WebhookBodies(), desk.audiences)
    desk.studio.add_tasks(3)
    threads = [threading.Thread(target=each.look) for each in (desk.follower, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.tell()
    assert listener.actions == ["TASKS_CREATED"] * 3


@ON_SQLITE
def test_a_kill_before_the_commit_loses_nothing_and_tells_nothing_twice(
    desk: Desk, listener: Listener
) -> None:
    desk.hook(listener.url)
    desk.studio.add_tasks(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliveries, "add", _die)
        with pytest.raises(KeyboardInterrupt):
            desk.follower.look()
    with desk.database.read() as tx:
        assert tx.rows(webhook_bodies.select()) == tx.rows(webhook_deliveries.select()) == []
    desk.follower = Follower(desk.database, WebhookBodies(), desk.audiences)
    desk.tell()
    assert listener.actions == ["TASKS_CREATED"] * 2


def _die(*_arguments: object) -> None:
    raise KeyboardInterrupt


def test_what_was_sent_when_we_were_killed_is_sent_again_as_it_was(desk: Desk, listener: Listener) -> None:
    hook, _ = desk.hook(listener.url)
    desk.studio.add_tasks(1)
    desk.follow()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dispatcher, "_settle", _die)
        with pytest.raises(KeyboardInterrupt):
            desk.send()
    desk.send()
    assert len(listener.heard) == 1  # whoever sent it may still be at it
    desk.pass_time(hook, timedelta(minutes=1))
    desk.send()
    first, second = listener.heard
    assert first.raw == second.raw
    assert first.headers["X-Treadle-Delivery"] == second.headers["X-Treadle-Delivery"]
    assert [row["state"] for row in desk.rows(hook)] == ["delivered"]


def test_a_receiver_that_is_away_keeps_the_order(desk: Desk, listener: Listener) -> None:
    hook, _ = desk.hook(listener.url)
    first, second = desk.studio.add_tasks(2)
    listener.statuses = [503]
    listener.headers = {"Retry-After": "120"}
    desk.tell()
    assert len(listener.heard) == 1
    rested = desk.get(hook).rests_until
    assert rested is not None
    assert rested - desk.rows(hook)[0]["sent_at"] >= timedelta(seconds=120)
    desk.send()
    assert len(listener.heard) == 1
    desk.pass_time(hook, timedelta(seconds=121))
    desk.send()
    assert [each.body["tasks"][0]["id"] for each in listener.heard] == [first, first, second]
    assert desk.get(hook).failures == 0


@ON_SQLITE
def test_what_a_receiver_refuses_steps_aside(desk: Desk, listener: Listener) -> None:
    hook, _ = desk.hook(listener.url)
    first, second = desk.studio.add_tasks(2)
    listener.statuses = [400]
    listener.answer = b"no\x00 \xff" + b"x" * 9_000
    desk.tell()
    assert [each.body["tasks"][0]["id"] for each in listener.heard] == [first, second]
    refused, taken = desk.rows(hook)
    assert (refused["state"], refused["status_code"], taken["state"]) == ("waiting", 400, "delivered")
    assert refused["response"] == "no\ufffd \ufffd" + "x" * 1_995
    desk.pass_time(hook, timedelta(seconds=6))
    desk.send()
    assert [row["state"] for row in desk.rows(hook)] == ["delivered", "delivered"]


@ON_SQLITE
def test_one_slow_receiver_delays_no_other(desk: Desk, listener: Listener) -> None:
    listener.gate.clear()
    desk.hook(listener.url)
    with listen() as quick:
        desk.hook(quick.url)
        desk.studio.add_tasks(2)
        desk.follow()
        Dispatcher(desk.database, desk.audiences).look()
        wait_until(lambda: len(quick.heard) == 2)
    assert len(listener.heard) <= 1
    listener.gate.set()
    wait_until(lambda: len(listener.heard) == 2)


def test_it_is_tried_for_over_a_day_and_then_given_up() -> None:
    now = datetime(2026, 11, 22, tzinfo=timezone.utc)
    queue = Queue(1, 1, None, failures=0, failing_since=None)
    tried = [timedelta()]
    while (verdict := judge_away(queue, len(tried), now, tried[-1])).due_at is not None:
        queue = Queue(1, 1, None, verdict.failures, verdict.failing_since)
        tried.append(tried[-1] + wait(verdict.failures))
    assert tried[-1] >= timedelta(hours=24)
    assert len(tried) < 50


def judge_away(queue: Queue, attempt: int, now: Any, later: timedelta) -> Any:
    return judge(Answer(problem="away"), queue, attempt=attempt, created_at=now, now=now + later)


@ON_SQLITE
def test_a_hook_that_takes_nothing_for_days_is_switched_off_and_says_so(
    desk: Desk, listener: Listener
) -> None:
    hook, _ = desk.hook(listener.url)
    desk.studio.add_tasks(2)
    listener.statuses = [500] * 9
    desk.tell()
    desk.pass_time(hook, timedelta(hours=73))
    desk.send()
    off = desk.get(hook)
    assert (off.is_active, off.problem.startswith("Nothing was taken since")) == (False, True)
    assert {row["state"] for row in desk.rows(hook)} == {"failed"}
    with desk.database.read() as tx:
        assert tx.rows(audit_log.select())[-1]["action"] == "webhook.switched-off"
    desk.studio.add_tasks(1)
    listener.statuses = []
    desk.tell()
    count = len(listener.heard)
    with desk.database.write() as tx:
        grant = desk.studio.grant(tx, "manager", Permission.WEBHOOK_WRITE)
        on = hooks.change(tx, grant, off, HookForm(listener.url), key=KEY)
    assert deliveries.replay_failed(desk.database, on.queue_id) == 2
    desk.tell()
    assert (on.is_active, on.problem) == (True, "")
    assert listener.actions[count:] == ["TASKS_CREATED"] * 2  # and not what happened while it was off


@ON_SQLITE
def test_an_address_of_this_machine_is_called_only_where_the_setting_lets_it(
    desk: Desk, listener: Listener
) -> None:
    closed = audience_of(AllowList())
    with pytest.raises(Forbidden, match="TREADLE_OUTBOUND_ALLOW"):
        closed.check_reach(listener.url)
    closed.check_reach("http://nobody.invalid/hook")
    hook, _ = desk.hook(listener.url)
    desk.studio.add_tasks(1)
    desk.follow()
    Dispatcher(desk.database, [closed]).drain(hook.queue_id)
    assert listener.heard == []
    assert "TREADLE_OUTBOUND_ALLOW" in desk.rows(hook)[0]["problem"]


@ON_SQLITE
def test_a_redirect_is_not_followed(desk: Desk, listener: Listener) -> None:
    hook, _ = desk.hook(listener.url)
    with listen() as elsewhere:
        listener.statuses = [307]
        listener.headers = {"Location": elsewhere.url}
        desk.studio.add_tasks(1)
        desk.tell()
        assert elsewhere.heard == []
    assert "redirect" in desk.rows(hook)[0]["problem"]


@pytest.mark.parametrize(
    ("field", "form"),
    [
        ("url", {"url": "ftp://example.com/"}),
        ("url", {"url": "http://ada:secret@example.com/"}),
        ("actions", {"actions": ["ANNOTATION_DELETED"]}),
        ("actions", {"actions": ["PROJECT_CREATED"]}),
        ("headers", {"headers": {"Host": "elsewhere"}}),
        ("headers", {"headers": {"X-Treadle-Signature": "sha256=0"}}),
        ("headers", {"headers": {"X-Key": "a\r\nX-Other: b"}}),
        ("headers", {"headers": {str(n): "v" for n in range(11)}}),
    ],
)
def test_what_no_hook_can_be_is_refused_by_its_field(field: str, form: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        hooks.check_form(HookForm(**{"url": "https://example.com/", **form}), is_of_project=True)
    assert list(refusal.value.fields) == [field]


@ON_SQLITE
def test_only_one_sends_from_a_queue(desk: Desk, listener: Listener) -> None:
    hook, _ = desk.hook(listener.url)
    with desk.database.write() as tx:
        assert queues.claim(tx, Claim(hook.queue_id, "one"), 10) is not None
        assert queues.claim(tx, Claim(hook.queue_id, "other"), 10) is None
        assert queues.claim(tx, Claim(hook.queue_id, "one"), 10) is not None


def test_what_is_old_is_forgotten_but_for_what_still_waits(desk: Desk, listener: Listener) -> None:
    hook, _ = desk.hook(listener.url)
    desk.studio.add_tasks(2)
    listener.statuses = [200, 400]
    desk.tell()
    desk.pass_time(hook, timedelta(days=8))
    assert deliveries.forget_old(desk.database) == 1
    assert [row["state"] for row in desk.rows(hook)] == ["waiting"]


def test_what_is_sent_again_keeps_its_body_and_nothing_else_from_being_forgotten(
    desk: Desk, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, _ = desk.hook(listener.url)
    for _count in range(4):
        desk.studio.add_tasks(1)
    desk.tell()
    desk.pass_time(hook, timedelta(days=10))
    first, second, *_old = [row["id"] for row in desk.rows(hook)]
    monkeypatch.setattr(deliveries, "_AT_ONCE", 2)
    c = webhook_deliveries.c
    with desk.database.write() as tx:
        tx.execute(update(webhook_bodies).values(created_at=tx.now - timedelta(days=10)))
        tx.execute(update(webhook_deliveries).where(c.id == second).values(created_at=tx.now))
        again = deliveries.replay(tx, hook.queue_id, first)
    assert deliveries.forget_old(desk.database) == 3
    assert [row["id"] for row in desk.rows(hook)] == [second, again.id]
    with desk.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(webhook_bodies)).scalar_one() == 2


def test_what_failed_for_a_day_is_sent_again_and_dropped_in_parts(
    desk: Desk, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, _ = desk.hook(listener.url)
    for _count in range(5):
        desk.studio.add_tasks(1)
    desk.follow()
    monkeypatch.setattr(deliveries, "_AT_ONCE", 2)
    with desk.database.write() as tx:
        deliveries.drop_waiting(tx, hook.queue_id, "for now")
    assert [row["state"] for row in desk.rows(hook)].count("waiting") == 3
    with desk.database.write() as tx:
        tx.execute(update(webhook_deliveries).values(state="failed"))
    assert deliveries.replay_failed(desk.database, hook.queue_id) == 5
    desk.send()
    assert [row["state"] for row in desk.rows(hook)] == ["delivered"] * 5


@ON_SQLITE
def test_who_there_is_to_tell_is_asked_only_when_something_happened(
    desk: Desk, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.hook(listener.url)
    desk.tell()
    asked: list[Tx] = []

    def list_receivers(tx: Tx) -> list[Receiver]:
        asked.append(tx)
        return known(tx)

    known = hooks.list_receivers
    monkeypatch.setattr(hooks, "list_receivers", list_receivers)
    desk.follow()
    assert asked == []
    desk.studio.add_tasks(1)
    desk.tell()
    assert (len(asked), len(listener.heard)) == (1, 1)


def test_an_event_that_is_committed_late_is_told_too(desk: Desk, listener: Listener) -> None:
    """On SQLite nobody writes beside another; on PostgreSQL a lower id may show after a higher one."""
    desk.hook(listener.url)
    if desk.database.dialect == "postgresql":
        with desk.database.engine.begin() as late:
            row = {"kind": "project.updated", "project_id": desk.studio.project_id, "payload": "{}"}
            late.execute(insert(events), {**row, "at": datetime.now(timezone.utc)})
            desk.studio.add_tasks(1)
            desk.tell()
            desk.tell()
            assert listener.actions == []
        with desk.database.write() as tx:  # an id of which nothing comes
            tx.execute(text("SELECT nextval(pg_get_serial_sequence('events', 'id'))"))
    else:
        desk.studio.change_project(title="renamed")
        desk.studio.add_tasks(1)
    desk.studio.add_tasks(1)
    wait_until(lambda: told_count(desk, listener) == 3)
    assert listener.actions == ["PROJECT_UPDATED", "TASKS_CREATED", "TASKS_CREATED"]


def told_count(desk: Desk, listener: Listener) -> int:
    desk.tell()
    return len(listener.heard)
