"""What a source says of itself, and which of its files are tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.connectors.house import ON_SQLITE, House
from tests.faults.recounting import check_counts
from treadle.access import DeletedRepoScope, RepoScope, allow
from treadle.connectors import storages
from treadle.connectors.following import Follower
from treadle.connectors.syncing import SYNC_JOB, start_sync
from treadle.connectors.tracing import Tracer
from treadle.jobs import JobState, run_in_place
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import rendering, trash
from treadle.labeling import tasks as task_verbs
from treadle.labeling.progress import read_progress
from treadle.permissions import Permission
from treadle.repos import catalogue


@ON_SQLITE
def test_a_source_goes_on_once_its_deleted_repo_is_back(house: House) -> None:
    repo_id = house.make_repo("images")
    house.commit(repo_id, {"a.jpg": b"a"})
    source = house.add_storage("source", "repo", repo="images@master", follow=True)
    house.sync(source)
    with house.database.write() as tx:
        manager = house.studio.people["manager"]
        catalogue.delete(tx, allow(tx, manager, Permission.REPO_DELETE, RepoScope(repo_id)))
        job = start_sync(tx, house.grant(tx), source.id)
    assert run_in_place(house.parts, SYNC_JOB, job.id).state is JobState.FAILED
    told = house.storage(source)
    assert (told.status, "bring it back" in told.problem, "images@master" in told.problem) == (
        "failed",
        True,
        True,
    )
    follower = Follower(house.parts)
    follower.look()
    assert house.storage(source).last_job == job.id, "its repo is still deleted"
    with house.database.write() as tx:
        catalogue.restore(tx, allow(tx, manager, Permission.REPO_DELETE, DeletedRepoScope(repo_id)))
    follower.look()
    again = house.storage(source).last_job
    assert again is not None
    house.run(house.job(again))
    assert house.storage(source).status == "completed"


@ON_SQLITE
def test_what_no_object_of_the_config_shows_is_passed_over_and_said(house: House) -> None:
    repo_id = house.make_repo("mixed")
    files = ("a.txt", "b.JPG", "labels.parquet", "no-extension", "table.csv", "x.bin")
    house.commit(repo_id, dict.fromkeys(files, b"?"))
    source = house.add_storage("source", "repo", repo="mixed@master")
    told = house.sync(source)
    assert (told["new"], told["passed_over"]) == (2, 4)
    assert [task["data"]["image"].rpartition("/")[2] for task in house.tasks()] == ["b.JPG", "no-extension"]
    now = house.storage(source)
    assert (now.status, now.meta["passed_over"]) == ("completed", 4)
    assert "a.txt, labels.parquet, table.csv, x.bin" in now.problem


@ON_SQLITE
def test_an_item_that_is_no_task_is_told_with_what_it_lacks_and_how_to_leave_it_out(house: House) -> None:
    repo_id = house.make_repo("mixed")
    source = house.add_storage("source", "repo", repo="mixed@master")
    house.commit(repo_id, {"meta.json": b'[{"image": "/1.jpg"}, {"camera": "x"}]'})
    (problem,) = house.sync(source)["problems"]
    assert problem.startswith("meta.json: item 1 is no task: it has no 'image'")
    assert "filter" in problem


@ON_SQLITE
def test_lineage_tells_an_annotation_as_it_is_now_and_says_so(house: House) -> None:
    (task_id,) = house.studio.add_tasks(1)
    made = house.studio.submit("annotator", task_id)
    with house.database.read() as tx:
        tracer = Tracer(tx, house.studio.people["editor"])
        _, told = tracer.trace(f"annotation:{made['id']}", direction="up", depth=1, limit=9)
    assert told[0].detail.endswith(" region now")


def test_a_retired_task_keeps_no_project_from_its_end(house: House) -> None:
    repo_id = house.make_repo("images")
    house.commit(repo_id, {"a.jpg": b"a", "b.jpg": b"b", "c.jpg": b"c"})
    source = house.add_storage("source", "repo", repo="images")
    house.sync(source)
    first, second, _ = (task["id"] for task in house.tasks())
    house.studio.submit("annotator", first)
    house.studio.submit("annotator", second)
    house.commit(repo_id, {}, deletes=["b.jpg", "c.jpg"])
    house.sync(source)
    project = house.studio.project()
    assert (project["task_number"], project["finished_task_number"], project["retired_task_number"]) == (
        3,
        2,
        1,
    )
    told = rendering.project(project)
    assert (told["task_number"], told["queue_total"], told["queue_done"]) == (3, 2, 2)
    with house.database.read() as tx:
        progress = read_progress(tx, house.grant(tx, Permission.PROJECT_READ))
    assert (progress.tasks["total"], progress.tasks["finished"]) == (2, 2)


def test_retired_tasks_are_counted_with_whatever_becomes_of_them(house: House) -> None:
    repo_id = house.make_repo("images")
    house.commit(repo_id, {f"{name}.jpg": name.encode() for name in "abcd"})
    source = house.add_storage("source", "repo", repo="images")
    house.sync(source)
    ids = [task["id"] for task in house.tasks()]
    house.commit(repo_id, {}, deletes=["a.jpg", "b.jpg", "c.jpg"])
    house.sync(source)

    def left() -> int:
        with house.database.read() as tx:
            check_counts(tx, house.studio.project_id)
        return int(house.studio.project()["retired_task_number"])

    def change(verb: Callable[..., Any], *arguments: Any) -> Any:
        with house.database.write() as tx:
            return verb(tx, house.grant(tx, Permission.TASK_WRITE), *arguments)

    assert left() == 3
    made = house.studio.submit("annotator", ids[0])
    assert left() == 2, "one is labelled"
    change(annotation_verbs.remove, made["id"])
    assert left() == 3
    deletion = change(task_verbs.remove, ids[1])
    assert left() == 2, "one is gone"
    change(trash.restore_now, deletion)
    assert left() == 3
    house.studio.submit("annotator", ids[2])
    house.studio.change_project(maximum_annotations=2)
    assert left() == 3, "each needs two annotations now"
    house.commit(repo_id, {"b.jpg": b"b"})
    house.sync(source)
    assert left() == 2, "one is back in its source"
    change(storages.remove, house.storage(source))
    assert left() == 0
