"""What happens by itself: targets are written after a save, sources follow, labels are committed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.connectors.house import ON_SQLITE, House
from treadle.connectors import following, storages
from treadle.connectors.following import Follower
from treadle.connectors.opening import StorageParts
from treadle.connectors.pending import last_event
from treadle.connectors.storages import Storage
from treadle.connectors.syncing import SYNC_JOB
from treadle.connectors.targets import start_writing
from treadle.db.schema import jobs, memberships
from treadle.jobs import JobParts, JobState, run_in_place
from treadle.labeling import annotations as annotation_verbs
from treadle.permissions import Permission


@pytest.fixture
def folder(house: House, tmp_path: Path) -> Path:
    """A folder that the house may write to."""
    folder = tmp_path / "outside"
    folder.mkdir()
    settings = replace(house.parts.settings, local_files_roots=str(folder))
    house.parts = JobParts(house.database, house.parts.objects, settings)
    return folder


def add_target(house: House, folder: Path, **fields: object) -> Storage:
    target = house.add_storage("target", "localfiles", path=str(folder), **fields)
    with house.database.write() as tx:
        storages.note(tx, target.id, position=last_event(tx))
    return target


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_annotation_is_written_after_its_save_and_again_when_it_changes(
    house: House, folder: Path
) -> None:
    (task_id,) = house.studio.add_tasks()
    house.studio.submit("annotator", task_id)
    add_target(house, folder)
    follower = Follower(house.parts)
    follower.look()
    assert names(folder) == [], "what was there before is written by a sync"
    mine = house.studio.submit("reviewer", task_id)["id"]
    follower.look()
    assert str(mine) in names(folder)
    written = json.loads((folder / str(mine)).read_bytes())
    assert (written["id"], written["task"]["id"], written["task"]["data"]["n"]) == (mine, task_id, 0)
    with house.database.write() as tx:
        grant = house.grant(tx, Permission.ANNOTATION_WRITE, "reviewer")
        annotation_verbs.change(tx, grant, mine, {"result": b"[]"})
    follower.look()
    assert json.loads((folder / str(mine)).read_bytes())["result"] == []


@ON_SQLITE
@pytest.mark.parametrize("deletes", [True, False])
def test_a_deleted_annotation_takes_its_file_along_where_that_is_wanted(
    house: House, folder: Path, deletes: bool
) -> None:
    (task_id,) = house.studio.add_tasks()
    add_target(house, folder, can_delete_objects=deletes)
    mine = house.studio.submit("reviewer", task_id)["id"]
    Follower(house.parts).look()
    with house.database.write() as tx:
        annotation_verbs.remove(tx, house.grant(tx, Permission.ANNOTATION_WRITE, "reviewer"), mine)
    Follower(house.parts).look()
    assert names(folder) == ([] if deletes else [str(mine)])


@ON_SQLITE
def test_a_sync_writes_everything_by_task_where_that_is_wanted(house: House, folder: Path) -> None:
    ids = house.studio.add_tasks(3)
    for task_id in ids[:2]:
        house.studio.submit("annotator", task_id)
    target = add_target(house, folder, task_files=True)
    for _ in range(2):
        with house.database.write() as tx:
            job = start_writing(tx, house.grant(tx), target.id)
        assert house.run(job)["tasks"] == 2
    assert names(folder) == [f"{task_id}.json" for task_id in ids[:2]]
    assert len(json.loads((folder / f"{ids[0]}.json").read_bytes())["annotations"]) == 1


@ON_SQLITE
def test_a_target_that_cannot_be_written_says_so_and_is_written_later(house: House, folder: Path) -> None:
    (task_id,) = house.studio.add_tasks()
    target = add_target(house, folder)
    mine = house.studio.submit("reviewer", task_id)["id"]
    folder.rename(folder.with_name("away"))
    Follower(house.parts).look()
    assert house.storage(target).status == "failed"
    assert str(folder) in house.storage(target).problem
    folder.with_name("away").rename(folder)
    with house.database.write() as tx:
        storages.note(tx, target.id, meta={})  # its rest is over
    Follower(house.parts).look()
    assert names(folder) == [str(mine)]
    assert (house.storage(target).status, house.storage(target).problem) == ("completed", "")


def queued(house: House, kind: str) -> list[str]:
    with house.database.read() as tx:
        waiting = select(jobs.c.id).where(jobs.c.kind == kind, jobs.c.state == JobState.QUEUED.value)
        return list(tx.execute(waiting).scalars())


def test_a_source_follows_its_branch_once_for_each_commit(house: House) -> None:
    images = house.make_repo("images")
    house.add_storage("source", "repo", repo="images")
    followed = house.add_storage("source", "repo", repo="images", follow=True)
    follower = Follower(house.parts)
    follower.look()
    assert queued(house, SYNC_JOB.name) == [], "nothing was committed"
    house.commit(images, {"a.jpg": b"a"})
    follower.look()
    follower.look()
    (job,) = queued(house, SYNC_JOB.name)
    house.commit(images, {"b.jpg": b"b"})
    follower.look()
    assert queued(house, SYNC_JOB.name) == [job], "one at a time"
    assert run_in_place(house.parts, SYNC_JOB, job).state is JobState.DONE
    assert house.storage(followed).head == house.head(images)
    follower.look()
    assert queued(house, SYNC_JOB.name) == []
    assert len(house.tasks()) == 2
    # What differs from the commit that was read before is all that is looked at.
    house.commit(images, {"b.jpg": b"another", "c.jpg": b"c"}, deletes=["a.jpg"])
    follower.look()
    (job,) = queued(house, SYNC_JOB.name)
    house.run(house.job(job))
    assert house.job(job).message == "Looked at 3 changes"
    assert house.states(followed) == {"a.jpg": "retired", "b.jpg": "changed", "c.jpg": "new"}


@ON_SQLITE
def test_who_may_no_longer_is_not_followed_for(house: House) -> None:
    images = house.make_repo("images")
    source = house.add_storage("source", "repo", repo="images", follow=True)
    house.commit(images, {"a.jpg": b"a"})
    with house.database.write() as tx:
        theirs = memberships.c.user_id == house.studio.people["editor"].user_id
        tx.execute(memberships.update().where(theirs).values(role="viewer"))
    Follower(house.parts).look()
    assert queued(house, SYNC_JOB.name) == []
    assert house.storage(source).status == "failed"


@ON_SQLITE
def test_a_failure_leaves_what_a_job_noted_meanwhile(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.make_repo("images")
    source = house.add_storage("source", "repo", repo="images", follow=True)

    def fail(parts: StorageParts, storage: Storage) -> None:
        with parts.database.write() as tx:
            storages.note(tx, storage.id, meta={"references": {"commit": "c"}})
        raise OSError("it broke")

    monkeypatch.setattr(following, "follow_branch", fail)
    Follower(house.parts).look()
    assert house.storage(source).problem == "it broke"
    assert house.storage(source).meta["references"] == {"commit": "c"}


def test_labels_are_committed_by_themselves_after_so_many_saves(house: House) -> None:
    house.make_repo("labels")
    target = house.add_storage("target", "repo", repo="labels", commit_after_saves=3)
    ids = house.studio.add_tasks(3)
    follower = Follower(house.parts)
    for task_id in ids[:2]:
        house.studio.submit("annotator", task_id)
    follower.look()
    assert queued(house, "commit-labels") == []
    house.studio.submit("annotator", ids[2])
    follower.look()
    (job,) = queued(house, "commit-labels")
    with house.database.read() as tx:
        assert storages.unfinished_job(tx, storages.get(tx, target.id)) is not None
    assert house.run(house.job(job))["tasks"] == 3
