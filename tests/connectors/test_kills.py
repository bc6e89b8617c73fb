"""A worker is killed in a sync or in a commit of labels, and the next one ends it as if it had not been."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, update

from tests.connectors.house import House
from tests.connectors.killed import Order, kill_at, resume
from tests.faults.recounting import check_counts
from treadle.connectors.committing import start_commit
from treadle.connectors.pending import find_pending
from treadle.connectors.syncing import start_sync
from treadle.db.schema import jobs
from treadle.db.storage_tables import storage_items
from treadle.jobs import Job, JobState
from treadle.repos import commits

FILES = 1_200  # of three transactions


def begin(house: House, job: Job) -> Order:
    """The job, taken up by a worker."""
    with house.database.write() as tx:
        tx.execute(update(jobs).where(jobs.c.id == job.id).values(state=JobState.RUNNING.value))
    return Order(house.database.url, house.parts.settings, job.id)


@pytest.mark.parametrize("step", ["sync.in-transaction:1", "sync.in-transaction:4"])
def test_a_killed_sync_makes_every_task_once(house: House, step: str) -> None:
    images = house.make_repo("images")
    house.commit(images, {f"{n:04}.jpg": b"%d" % n for n in range(FILES)})
    source = house.add_storage("source", "repo", repo="images")
    with house.database.write() as tx:
        job = start_sync(tx, house.grant(tx), source.id)
    kill_at(step, begin(house, job))
    with house.database.read() as tx:
        check_counts(tx, source.project_id)
    resume(house.parts, job.id)
    assert house.job(job.id).state is JobState.DONE
    wanted = [f"/api/storages/items/{source.id}/{n:04}.jpg" for n in range(FILES)]
    assert sorted(task["data"]["image"] for task in house.tasks()) == wanted
    assert house.storage(source).status == "completed"
    with house.database.read() as tx:
        check_counts(tx, source.project_id)


@pytest.mark.parametrize("before", [0, 3])
def test_a_file_of_many_tasks_is_taken_whole_after_a_kill(house: House, before: int) -> None:
    """Whether all of its tasks are new, or it was synced when it held but a few."""
    lists = house.make_repo("lists")
    source = house.add_storage("source", "repo", repo="lists")

    def commit(count: int) -> None:
        rows = [{"image": f"/{n:04}.jpg"} for n in range(count)]
        house.commit(lists, {"tasks.json": json.dumps(rows).encode()})

    if before:
        commit(before)
        house.sync(source)
    commit(FILES)
    with house.database.write() as tx:
        job = start_sync(tx, house.grant(tx), source.id)
    kill_at("sync.in-transaction:3", begin(house, job))
    assert len(house.tasks()) == (before or 500)
    resume(house.parts, job.id)
    assert [task["data"]["image"] for task in house.tasks()] == [f"/{n:04}.jpg" for n in range(FILES)]
    assert house.sync(source)["changed"] == 0
    with house.database.read() as tx:
        taken = set(tx.execute(select(storage_items.c.etag)).scalars())
    assert len(taken - {""}) == len(taken) == 1


@pytest.mark.parametrize(
    "step",
    [
        "finish.packs-written",
        "finish.after-transaction",
        "commit.in-transaction",
        "commit.recorded",
    ],
)
def test_a_killed_commit_of_labels_is_one_commit(house: House, step: str) -> None:
    labels = house.make_repo("labels")
    target = house.add_storage("target", "repo", repo="labels")
    ids = house.studio.add_tasks(5)
    for task_id in ids:
        house.studio.submit("annotator", task_id)
    with house.database.write() as tx:
        job = start_commit(tx, house.grant(tx), target.id, "once")
    kill_at(step, begin(house, job))
    resume(house.parts, job.id)
    assert house.job(job.id).state is JobState.DONE
    head = house.head(labels)
    assert head is not None
    with house.database.read() as tx:
        assert [each.message for each in commits.log(tx, head)] == ["once"]
        assert find_pending(tx, house.storage(target)).count == 0
    assert sorted(house.files(labels, head)) == sorted(f"{task_id}.json" for task_id in ids)
