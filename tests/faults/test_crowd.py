"""A crowd that saves at once, and a database that goes away and comes back."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import httpx

from tests.faults.house import House, import_rows, make_project
from tests.faults.recounting import check_counts
from tests.postgresql import PostgresqlServer
from tests.serving import ADMIN_TOKEN
from tests.waiting import run_coroutine, wait_until

CROWD = 500


async def save_all_at_once(house: House, task_ids: list[int]) -> Counter[int]:
    """Every task's save in a request of its own, all sent before the first is answered."""
    headers = {"Authorization": f"Token {ADMIN_TOKEN}"}
    limits = httpx.Limits(max_connections=len(task_ids))
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{house.server.port}",
        headers=headers,
        limits=limits,
        timeout=60,
        trust_env=False,
    ) as client:
        sent = (client.post(f"/api/tasks/{each}/annotations/", json={"result": []}) for each in task_ids)
        return Counter([answer.status_code for answer in await asyncio.gather(*sent)])


def test_five_hundred_saves_at_once_are_all_done_and_counted(house: House) -> None:
    house.start()
    with house.client() as client:
        project_id = make_project(client)
        task_ids = import_rows(client, project_id, CROWD)
        assert run_coroutine(save_all_at_once(house, task_ids)) == {201: CROWD}
        assert client.get("/health").is_success
    with house.database() as database, database.read() as tx:
        check_counts(tx, project_id)


def test_while_the_database_is_away_saves_are_refused_and_afterwards_they_go_on(
    postgresql: PostgresqlServer, postgresql_url: str, tmp_path: Path
) -> None:
    house = House(tmp_path, postgresql_url)
    try:
        house.start()
        with house.client() as client:
            project_id = make_project(client)
            (task_id,) = import_rows(client, project_id, 1)
            address, key = f"/api/tasks/{task_id}/annotations/", {"Idempotency-Key": "once"}
            with postgresql.unreachable(postgresql_url):
                refused = client.post(address, json={"result": []}, headers=key)
                assert refused.status_code == 503, refused.text
                assert refused.headers["retry-after"] == "1"
                assert "database" in refused.json()["detail"]
            saved = client.post(address, json={"result": []}, headers=key)
            assert saved.status_code == 201, saved.text
            # The worker begins anew, and does what was waiting.
            exported = client.get(f"/api/projects/{project_id}/export?exportType=JSON")
            assert [len(task["annotations"]) for task in exported.json()] == [1]
            wait_until(lambda: client.get("/health").is_success)
    finally:
        house.close()
