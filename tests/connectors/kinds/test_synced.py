"""A project reads its tasks from a storage of each kind, and writes its labels to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.connectors.house import House, open_house
from tests.connectors.kinds.grounds import GROUNDS, Ground
from treadle.access.signing_key import load_signing_key
from treadle.connectors.opening import open_place
from treadle.connectors.showing import find_shown
from treadle.connectors.storages import Storage
from treadle.connectors.targets import start_writing
from treadle.db import Database
from treadle.jobs import JobParts
from treadle.permissions import Permission


@pytest.fixture(params=GROUNDS)
def ground(request: pytest.FixtureRequest) -> Ground:
    """An empty storage of each kind."""
    return GROUNDS[request.param](request)


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path, ground: Ground) -> Iterator[House]:
    """A house that may reach the storage; what differs by the database is tried with one kind."""
    database = Database.open(sqlite_url)
    opened = open_house(database, tmp_path / "data")
    allowed = {name: getattr(ground.settings, name) for name in ("outbound_allow", "local_files_roots")}
    settings = replace(opened.parts.settings, **allowed)
    opened.parts = JobParts(database, opened.parts.objects, settings)
    yield opened
    database.close()


def read(house: House, source: Storage, key: str) -> bytes:
    """The file as a task shows it."""
    with house.database.read() as tx:
        shown = find_shown(tx, house.grant(tx, Permission.TASK_READ), house.storage(source), key)
    return b"".join(shown.read(house.parts, load_signing_key(house.parts.settings.data_dir)))


def test_tasks_and_pictures_come_out_of_a_storage_and_labels_go_into_it(house: House, ground: Ground) -> None:
    picture = ground.put("a.jpg", b"pixels")
    address = ground.open().uri(picture)
    ground.put("b.json", json.dumps({"data": {"image": address}}).encode())
    source = house.add_storage("source", ground.kind.name, **ground.form)
    assert (house.sync(source)["new"], house.sync(source)["new"]) == (2, 0)
    tasks = house.tasks()
    if ground.open().key_of(address) is not None:  # The web's own addresses are left to the browser.
        assert len({task["data"]["image"] for task in tasks}) == 1, "both show the picture, at our address"
    assert read(house, source, picture) == b"pixels"
    ground.put("a.jpg", b"other pixels than before")
    if next(ground.open().list()).etag:
        assert house.sync(source)["changed"] == 1
    assert read(house, source, picture) == b"other pixels than before"
    if ground.is_written:
        check_target(house, ground, tasks[0]["id"])


def check_target(house: House, ground: Ground, task_id: int) -> None:
    target = house.add_storage("target", ground.kind.name, **ground.form)
    mine = house.studio.submit("reviewer", task_id)["id"]
    with house.database.write() as tx:
        job = start_writing(tx, house.grant(tx), target.id)
    house.run(job)
    place = open_place(house.parts, load_signing_key(house.parts.settings.data_dir), target)
    written = json.loads(b"".join(place.read(place.key(str(mine)))))
    assert (written["id"], written["task"]["id"]) == (mine, task_id)
