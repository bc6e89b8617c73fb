"""Sample projects in a database."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image
from sqlalchemy import Table, select, update

from treadle.access import Actor, WorkspaceScope, allow
from treadle.access.users import NewUser, add_user
from treadle.access.workspaces import add_first_workspace, list_workspaces
from treadle.db import Database, Tx
from treadle.db.schema import annotations as annotation_rows
from treadle.db.schema import file_uploads, installation, predictions, projects, tasks
from treadle.objects import MemoryObjects
from treadle.permissions import Permission
from treadle.repos import branches, catalogue, commits
from treadle.repos.engine import RepoEngine
from treadle.samples import SAMPLES, add_sample_repos, add_samples

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
        titles = {row.title: row.id for row in tx.execute(select(projects.c.title, projects.c.id))}
        assert _count(tx, tasks, titles["Garage and things"]) == 10
        assert _count(tx, predictions, titles["Garage and things"]) == 3
        assert _count(tx, tasks, titles["Handwritten digits"]) == 300
        assert _count(tx, annotation_rows, titles["Handwritten digits"]) == 60
        assert _count(tx, tasks, titles["Coins"]) == 72
        assert _count(tx, annotation_rows, titles["Coins"]) == 54
        assert _count(tx, tasks, titles["Python topics"]) >= 20
        assert _count(tx, predictions, titles["Python topics"]) >= 20
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
        shown = (projects.c.title == "Python topics") & projects.c.deleted_at.is_(None)
        topics = tx.execute(select(projects.c.id).where(shown)).scalars().all()
        assert len(topics) == 1
        assert topics[0] != half_id
        assert _count(tx, tasks, topics[0]) >= 20


def test_a_repo_of_digits_is_added_once_and_completed_after_a_crash(
    database: Database, actor: Actor, workspace_id: int
) -> None:
    engine = RepoEngine(database, MemoryObjects())
    with database.write() as tx:  # what a crash left
        grant = allow(tx, actor, Permission.REPO_WRITE, WorkspaceScope(workspace_id))
        repo = catalogue.create(tx, grant, "digits")

    assert add_sample_repos(engine, actor, workspace_id) == 2
    assert add_sample_repos(engine, actor, workspace_id) == 0

    with database.read() as tx:
        head = branches.get(tx, repo.id, "master").head
        assert head is not None
        assert commits.get(tx, head, repo.id).file_count == 300


def _count(tx: Tx, table: Table, project_id: int) -> int:
    return len(tx.execute(select(table.c.id).where(table.c.project_id == project_id)).all())


def _file(objects: MemoryObjects, key: str) -> io.BytesIO:
    return io.BytesIO(b"".join(objects.read(key)))
