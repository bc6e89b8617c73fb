"""An import goes on where ``kill -9`` found it, and shows nothing before its end."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from tests.faults.house import House, import_rows, make_project
from tests.faults.recounting import check_counts
from tests.serving import ADMIN_TOKEN
from tests.waiting import wait_until
from treadle.db import Database
from treadle.db.schema import tasks
from treadle.labeling.imports.writing import undo_abandoned

ROWS = 150_000
#: As many as come in with the request itself.
SMALL_ROWS = 40_000
KILLS = 3


def order_import(client: httpx.Client, project_id: int, count: int) -> str:
    """Leave an import to the worker; its job."""
    body = json.dumps([{"image": f"/{number}.jpg"} for number in range(count)])
    answer = client.post(
        f"/api/projects/{project_id}/import", content=body, headers={"Prefer": "respond-async"}
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job"])


def job_of(client: httpx.Client, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/jobs/{job_id}").raise_for_status().json()
    return found


def count_shown(client: httpx.Client, project_id: int) -> int:
    """How many tasks the project says it has, as counted and as listed."""
    counted = client.get(f"/api/projects/{project_id}/").raise_for_status().json()["task_number"]
    listed = client.get(f"/api/tasks/?project={project_id}&page_size=1").raise_for_status().json()["total"]
    assert counted == listed
    return int(listed)


def count_rows(database: Database, project_id: int) -> int:
    """How many tasks the project has, shown or not."""
    counting = select(func.count()).select_from(tasks).where(tasks.c.project_id == project_id)
    with database.read() as tx:
        return int(tx.execute(counting).scalar_one())


def kill_the_worker_of_an_import(house: House, project_id: int, more_than: int) -> int:
    """Kill the worker once the import wrote more rows than that; how many it wrote by then."""
    with house.database() as database:
        wait_until(lambda: count_rows(database, project_id) > more_than)
        house.kill("worker")
        return count_rows(database, project_id)


def test_an_import_whose_worker_is_killed_goes_on_and_shows_all_at_once(house: House) -> None:
    house.start()
    with house.client() as client:
        project_id = make_project(client)
        job_id = order_import(client, project_id, ROWS)
        written = 0
        for _ in range(KILLS):
            written = kill_the_worker_of_an_import(house, project_id, more_than=written)
            assert written < ROWS, "the import ended before it could be disturbed"
            assert count_shown(client, project_id) == 0
        job = wait_until(lambda: ended(client, job_id), timeout_s=120)
        assert (job["state"], job["result"]["task_count"]) == ("done", ROWS)
        assert count_shown(client, project_id) == ROWS
    with house.database() as database, database.read() as tx:
        texts = tx.execute(select(tasks.c.data).order_by(tasks.c.inner_id)).scalars().all()
        assert [json.loads(text)["image"] for text in texts] == [f"/{number}.jpg" for number in range(ROWS)]
        check_counts(tx, project_id)


def ended(client: httpx.Client, job_id: str) -> dict[str, Any] | None:
    job = job_of(client, job_id)
    return job if job["finished_at"] else None


def test_an_upload_that_a_killed_web_process_was_taking_leaves_nothing(house: House) -> None:
    house.start()
    with house.client() as client:
        project_id = make_project(client)
        with begin_upload(client, project_id):
            wait_until(lambda: left_over(house.data_dir))
            house.kill("web")
        wait_until(house.server.is_healthy)
        assert count_shown(client, project_id) == 0
        assert client.get(f"/api/projects/{project_id}/file-uploads").json() == []
        import_rows(client, project_id, 1)
    house.kill("parent")
    house.start()
    assert left_over(house.data_dir) == []


def begin_upload(client: httpx.Client, project_id: int) -> socket.socket:
    """The connection on which half of an upload was sent."""
    host, port = client.base_url.host, client.base_url.port
    assert port is not None
    head = (
        f"POST /api/projects/{project_id}/import HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: Token {ADMIN_TOKEN}\r\nContent-Length: 2000000\r\n"
        "Content-Type: multipart/form-data; boundary=edge\r\n\r\n"
        '--edge\r\nContent-Disposition: form-data; name="file"; filename="half.jpg"\r\n\r\n'
    )
    connection = socket.create_connection((host, port))
    connection.sendall(head.encode() + b"x" * 1_000_000)
    return connection


def left_over(data_dir: Path) -> list[Path]:
    """The files that are neither database nor log nor objects that somebody may see."""
    return [path for path in (data_dir / "tmp").rglob("*") if path.is_file() and path.stat().st_size]


def test_an_import_that_a_killed_web_process_was_writing_shows_nothing_and_goes(house: House) -> None:
    house.start()
    with house.client() as client:
        project_id = project_of_a_cut_import(house, client)
        assert count_shown(client, project_id) == 0
        import_rows(client, project_id, 3)
        assert count_shown(client, project_id) == 3
    with house.database() as database:
        assert undo_abandoned(database, older_than=timedelta(0)) == 1
        assert count_rows(database, project_id) == 3
        with database.read() as tx:
            check_counts(tx, project_id)


def project_of_a_cut_import(house: House, client: httpx.Client) -> int:
    """A project whose import lost its web process in the middle.

    An import that ended before the process was killed proves nothing: it is begun again in another project.
    """
    for _ in range(10):
        project_id = make_project(client)
        is_cut = kill_in_a_small_import(house, client, project_id)
        wait_until(house.server.is_healthy)
        if is_cut:
            return project_id
    raise AssertionError("ten imports ended before the web process could be killed")


def kill_in_a_small_import(house: House, client: httpx.Client, project_id: int) -> bool:
    """Whether the import was still unanswered when its web process was killed."""
    body = json.dumps([{"image": f"/{number}.jpg"} for number in range(SMALL_ROWS)])
    with house.database() as database, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.post, f"/api/projects/{project_id}/import", content=body)
        wait_until(lambda: count_rows(database, project_id))
        house.kill("web")
        return isinstance(answer.exception(), httpx.TransportError)
