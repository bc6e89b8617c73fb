"""A full disk: a clear error, nothing half written, and a server that goes on when there is room.

Room is taken away by the limit on the size of files (RLIMIT_FSIZE), which needs no root: each write
of the process then fails, as on a full disk.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.faults.house import House, import_rows, make_project
from tests.faults.recounting import check_counts
from tests.faults.test_import_kills import ROWS, count_rows, count_shown, ended, left_over, order_import
from tests.waiting import wait_until
from treadle.errors import Unavailable
from treadle.objects import LocalObjects

FORM = {"file": ("rows.csv", b"image\n" + b"/a.jpg\n" * 20_000)}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A server on SQLite: PostgreSQL's disk is another's."""
    opened = House(tmp_path, "")
    opened.start()
    opened.server.part("worker")
    yield opened
    opened.close()


@contextmanager
def disk_full(house: House, part: str) -> Iterator[None]:
    """No byte can be written by this part of the server."""
    with no_room(house.server.part(part)):
        yield


@contextmanager
def no_room(pid: int) -> Iterator[None]:
    """No file of the process may be longer than a byte."""
    usual = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, usual[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)


def check_told(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (507, "disk-full"), answer.text
    assert "disk" in answer.json()["detail"]
    assert "try again" in answer.json()["detail"]


def check_whole(house: House, project_id: int) -> None:
    with house.database() as database, database.read() as tx:
        check_counts(tx, project_id)


def test_a_save_on_a_full_disk_is_refused_and_can_be_sent_again(house: House) -> None:
    with house.client() as client:
        project_id = make_project(client)
        (task_id,) = import_rows(client, project_id, 1)
        url, headers = f"/api/tasks/{task_id}/annotations/", {"Idempotency-Key": "one"}
        with disk_full(house, "web"):
            check_told(client.post(url, json={"result": []}, headers=headers))
            assert client.get(url).json() == []
            assert house.server.is_healthy()
        saved = client.post(url, json={"result": []}, headers=headers)
        assert saved.status_code == 201
        assert [each["id"] for each in client.get(url).json()] == [saved.json()["id"]]
    check_whole(house, project_id)


def test_an_upload_on_a_full_disk_is_refused_and_leaves_nothing(house: House) -> None:
    with house.client() as client:
        project_id = make_project(client)
        url = f"/api/projects/{project_id}/import"
        with disk_full(house, "web"):
            check_told(client.post(url, files=FORM))
            check_told(client.post(url, json=[{"image": "/a.jpg"}]))
            assert house.server.is_healthy()
        assert left_over(house.data_dir) == []
        assert kept_objects(house.data_dir / "objects") == []
        assert count_shown(client, project_id) == 0
        assert client.post(url, files=FORM).json()["task_count"] == 20_000
    check_whole(house, project_id)


def test_an_import_that_finds_the_disk_full_half_way_shows_nothing_until_it_can_go_on(house: House) -> None:
    with house.client() as client:
        project_id = make_project(client)
        job_id = order_import(client, project_id, ROWS)
        with house.database() as database:
            wait_until(lambda: count_rows(database, project_id))
        with disk_full(house, "worker"):
            wait_until(lambda: "The worker process ended and is started again" in house.server.text)
            assert count_shown(client, project_id) == 0
        job = wait_until(lambda: ended(client, job_id), timeout_s=60)
        assert (job["state"], count_shown(client, project_id)) == ("done", ROWS)
    check_whole(house, project_id)


def test_an_object_that_finds_no_room_leaves_nothing(tmp_path: Path) -> None:
    objects = LocalObjects(tmp_path)
    with no_room(os.getpid()), pytest.raises(Unavailable, match="disk is full"):
        objects.put("a/b", [b"x" * 100])
    assert kept_objects(tmp_path) == []


def kept_objects(folder: Path) -> list[Path]:
    """Every file of an object store, whole or not."""
    return [path for path in folder.rglob("*") if path.is_file()]
