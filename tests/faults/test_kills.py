"""What was acknowledged survives ``kill -9`` of any process, and is there once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, cycle, islice

import httpx
import pytest
from sqlalchemy import select

from tests.faults.house import House, import_rows, make_project
from tests.faults.recounting import check_counts
from tests.waiting import wait_until
from treadle.db import Database, schema

CLIENTS = 4
TASKS = 40
TARGETS = ("parent", "web", "worker")
_RETRY_PAUSE_S = 0.02
_GIVE_UP_S = 120.0


@dataclass
class Saver:
    """Somebody whose client saves without a pause, each save again and again until it is acknowledged."""

    house: House
    number: int
    task_ids: list[int]
    #: The id of the annotation by the lead time that tells the save from all others.
    acknowledged: dict[float, int] = field(default_factory=dict)

    def save_until(self, is_enough: threading.Event) -> None:
        """Save, with a new key each, until it is enough."""
        with self.house.client() as client:
            for mark, task_id in zip(count(), cycle(self.task_ids), strict=False):
                lead_time = float(self.number + mark * CLIENTS)
                self.acknowledged[lead_time] = self._save(client, task_id, lead_time)
                if is_enough.is_set():
                    return

    def _save(self, client: httpx.Client, task_id: int, lead_time: float) -> int:
        """Send one save until it is acknowledged; the id of its annotation."""
        headers = {"Idempotency-Key": f"save-{lead_time}"}
        body = {"result": [], "lead_time": lead_time}
        deadline_s = time.monotonic() + _GIVE_UP_S
        while time.monotonic() < deadline_s:
            try:
                answer = client.post(f"/api/tasks/{task_id}/annotations/", json=body, headers=headers)
            except httpx.TransportError:
                time.sleep(_RETRY_PAUSE_S)
                continue
            if answer.status_code == 201:
                return int(answer.json()["id"])
            assert answer.status_code == 503, answer.text
            time.sleep(_RETRY_PAUSE_S)
        raise AssertionError(f"the save {lead_time} was not acknowledged within {_GIVE_UP_S} s")


def saved_in(database: Database) -> dict[float, int]:
    """The id of every annotation by its lead time; there are no two with one."""
    with database.read() as tx:
        rows = tx.execute(select(schema.annotations.c.lead_time, schema.annotations.c.id)).all()
    found = {row.lead_time: row.id for row in rows}
    assert len(found) == len(rows), "a save was done twice"
    return found


def kill_in_turn(house: House, savers: list[Saver], kills: int) -> None:
    """Kill one process after another, each once somebody has saved since the last one came back."""
    for target in islice(cycle(TARGETS), kills):
        wait_for_a_save(savers)
        house.kill(target)
        if target == "parent":
            house.start()


def wait_for_a_save(savers: list[Saver]) -> None:
    saved = sum(len(saver.acknowledged) for saver in savers)
    wait_until(lambda: sum(len(saver.acknowledged) for saver in savers) > saved, timeout_s=60)


def save_while(house: House, project_id: int, harm: Callable[[list[Saver]], None]) -> int:
    """Let four clients save while ``harm`` is done; look at what is there then; how many saves there were."""
    with house.client() as client:
        task_ids = import_rows(client, project_id, TASKS)
    savers = [Saver(house, number, task_ids[number::CLIENTS]) for number in range(CLIENTS)]
    is_enough = threading.Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        saving = [pool.submit(saver.save_until, is_enough) for saver in savers]
        try:
            harm(savers)
        finally:
            is_enough.set()
        for each in saving:
            each.result()
    acknowledged = {mark: saved for saver in savers for mark, saved in saver.acknowledged.items()}
    with house.database() as database:
        assert saved_in(database) == acknowledged
        with database.read() as tx:
            check_counts(tx, project_id)
    return len(acknowledged)


def survive(house: House, kills: int) -> None:
    house.start()
    with house.client() as client:
        project_id = make_project(client)
    assert save_while(house, project_id, lambda savers: kill_in_turn(house, savers, kills)) >= kills


def test_every_acknowledged_save_is_there_once_after_kills_in_turn(house: House) -> None:
    # On PostgreSQL our processes hold nothing that the database does not: fewer will do each day.
    survive(house, kills=12 if house.is_postgresql else 100)


@pytest.mark.long
def test_every_acknowledged_save_is_there_once_after_three_hundred_kills(house: House) -> None:
    survive(house, kills=300)
