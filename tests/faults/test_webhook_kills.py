"""Workers and servers are killed while tasks are made: a webhook is told of each, in order."""

from __future__ import annotations

import pytest

from tests.faults.house import House, make_project
from tests.launch import conftest as launched
from tests.waiting import wait_until
from tests.webhooks.listening import Heard, listen

TASKS = 120


@pytest.mark.long
def test_every_event_is_told_in_order_over_kills(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    # The listener is on this machine, which servers call for nobody by themselves.
    monkeypatch.setattr(launched, "_COMMAND", ["env", "TREADLE_OUTBOUND_ALLOW=127.0.0.1", *launched._COMMAND])
    house.start()
    with listen() as listener, house.client() as client:
        project = make_project(client)
        hook = {"url": listener.url, "project": project}
        client.post("/api/webhooks/", json=hook).raise_for_status()
        for number in range(TASKS):
            task = {"project": project, "data": {"image": f"/{number}.jpg"}}
            client.post("/api/tasks/", json=task).raise_for_status()
            if number % 40 == 20:
                house.kill("worker")
        house.kill("parent")
        house.start()
        wait_until(lambda: len({task_of(each) for each in listener.heard}) == TASKS, timeout_s=90)
    first = list(dict.fromkeys(task_of(each) for each in listener.heard))
    assert first == sorted(first)


def task_of(heard: Heard) -> int:
    return int(heard.body["tasks"][0]["id"])
