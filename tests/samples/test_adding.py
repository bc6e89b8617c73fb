"""Sample projects in a database."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image
from sqlalchemy import select, update

from treadle.access import Actor
from treadle.access.users import NewUser, add_user
from treadle.access.workspaces import add_first_workspace, list_workspaces
from treadle.db import Database
from treadle.db.schema import file_uploads, installation, predictions, projects, tasks
from treadle.objects import MemoryObjects
from treadle.samples import SAMPLES, add_samples

pytest.importorskip("skimage")


@pytest.fixture
def actor(database: Database) -> Actor:
    with database.write() as tx:
        user = add_user(tx, NewUser("ada@example.com", None), is_admin=True)
        add_first_workspace(tx, user.id)
    return Actor(user.id, user.email, is_admin=True)


@pytest.fixture
def workspace_id(database: Database, actor: Actor) -> int:
    with database.read() as tx:
        return list_workspaces(tx, actor)[0].id


def test_pictures_texts_and_suggestions_are_there(
    database: Database, actor: Actor, workspace_id: int
) -> None:
    objects = MemoryObjects()

    assert add_samples(database, objects, actor, workspace_id) == len(SAMPLES)

    with database.read() as tx:
        assert len(tx.execute(select(projects)).all()) == 3
        assert len(tx.execute(select(tasks)).all()) == 10 + 60 + 28
        assert len(tx.execute(select(predictions)).all()) == 3 + 60 + 28
        coffee = next(
            data
            for (text,) in tx.execute(select(tasks.c.data))
            if (data := json.loads(text)).get("title") == "Coffee"
        )
        upload = tx.execute(select(file_uploads).where(file_uploads.c.file_name.like("%coffee.png"))).one()
    assert coffee["image"].endswith(upload.file_name)
    assert (upload.width_px, upload.height_px) == (600, 400)
    with Image.open(_file(objects, upload.object_key)) as picture:
        assert picture.size == (600, 400)


def test_a_second_start_adds_nothing_even_what_was_deleted(
    database: Database, actor: Actor, workspace_id: int
) -> None:
    add_samples(database, MemoryObjects(), actor, workspace_id)
    with database.write() as tx:
        tx.execute(projects.delete().where(projects.c.title == "Python topics"))

    assert add_samples(database, MemoryObjects(), actor, workspace_id) == 0


def test_a_sample_that_a_crash_cut_short_is_added_anew(
    database: Database, actor: Actor, workspace_id: int
) -> None:
    add_samples(database, MemoryObjects(), actor, workspace_id)
    with database.write() as tx:
        half_id = tx.execute(select(projects.c.id).where(projects.c.title == "Python topics")).scalar_one()
        tx.execute(tasks.delete().where(tasks.c.project_id == half_id))
        tx.execute(
            update(installation).where(installation.c.key == "sample:topics").values(value=str(half_id))
        )

    assert add_samples(database, MemoryObjects(), actor, workspace_id) == 1

    with database.read() as tx:
        topics = tx.execute(select(projects.c.id).where(projects.c.title == "Python topics")).scalars().all()
        assert len(topics) == 1
        assert topics[0] != half_id
        assert len(tx.execute(select(tasks.c.id).where(tasks.c.project_id == topics[0])).all()) == 28


def _file(objects: MemoryObjects, key: str) -> io.BytesIO:
    return io.BytesIO(b"".join(objects.read(key)))
