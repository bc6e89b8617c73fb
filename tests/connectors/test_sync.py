"""A source is synced: what is new, changed and gone, once and again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.connectors.house import ON_SQLITE, House
from treadle.access.signing_key import load_signing_key
from treadle.connectors.showing import find_shown
from treadle.connectors.storages import Storage
from treadle.connectors.syncing import start_sync
from treadle.db.storage_tables import lineage_edges
from treadle.errors import Conflict, Invalid, NotFound
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import source_changes
from treadle.labeling import tasks as task_verbs
from treadle.labeling.filters import TaskQuery
from treadle.labeling.projects import Page
from treadle.labeling.queue import next_task
from treadle.labeling.task_list import read_page
from treadle.permissions import Permission

A, B, C = b"picture a", b"picture b", b"picture c"


@pytest.fixture
def images(house: House) -> int:
    repo_id = house.make_repo("images")
    house.commit(repo_id, {"a.jpg": A, "b.jpg": B, "cats/c.png": C})
    return repo_id


@pytest.fixture
def source(house: House, images: int) -> Storage:
    return house.add_storage("source", "repo", repo="images@master")


def data_of(house: House) -> list[Any]:
    return [task["data"] for task in house.tasks()]


def test_files_become_tasks_once(house: House, source: Storage) -> None:
    assert house.sync(source)["new"] == 3
    address = f"/api/storages/items/{source.id}/"
    pictures = [f"{address}{name}" for name in ("a.jpg", "b.jpg", "cats/c.png")]
    assert data_of(house) == [{"image": picture} for picture in pictures]
    assert house.sync(source)["new"] == 0
    assert len(house.tasks()) == 3
    now = house.storage(source)
    assert (now.status, now.last_sync_count) == ("completed", 0)


def test_what_was_put_replaced_and_deleted_is_new_changed_and_retired(
    house: House, images: int, source: Storage
) -> None:
    house.sync(source)
    kept = {task["id"] for task in house.tasks()}
    house.studio.submit("annotator", min(kept))
    commit = house.commit(images, {"b.jpg": b"another b", "d.jpg": b"d"}, deletes=["a.jpg"])
    told = house.sync(source)
    assert {name: told[name] for name in ("new", "changed", "retired")} == {
        "new": 1,
        "changed": 1,
        "retired": 1,
    }
    assert told["commit"] == commit.id
    states = {"a.jpg": "retired", "b.jpg": "changed", "cats/c.png": "synced", "d.jpg": "new"}
    assert house.states(source) == states
    assert kept < {task["id"] for task in house.tasks()}, "a retired task stays with its work"


@ON_SQLITE
def test_a_file_that_comes_back_has_its_task_again(house: House, images: int, source: Storage) -> None:
    house.sync(source)
    house.commit(images, {}, deletes=["a.jpg"])
    house.sync(source)
    house.commit(images, {"a.jpg": A})
    house.sync(source)
    assert len(house.tasks()) == 3
    assert house.states(source)["a.jpg"] != "retired"


def test_what_became_of_a_file_stands_in_the_list_and_what_is_gone_is_offered_to_nobody(
    house: House, images: int, source: Storage
) -> None:
    house.sync(source)
    house.commit(images, {"b.jpg": b"another b"}, deletes=["a.jpg"])
    house.sync(source)
    with house.database.write() as tx:
        grant = house.grant(tx, Permission.TASK_READ)
        page = read_page(tx, grant, TaskQuery(), Page(1, 10), is_whole=False)["tasks"]
        offered = next_task(tx, grant, lease_s=60).task_id
    told = [(task["storage_filename"], task["source_state"]) for task in page]
    assert told == [("a.jpg", "retired"), ("b.jpg", "changed"), ("cats/c.png", "synced")]
    assert offered == page[1]["id"]


def test_what_is_to_be_labelled_leaves_out_what_is_gone(house: House, images: int, source: Storage) -> None:
    house.sync(source)
    house.studio.submit("annotator", house.tasks()[0]["id"])
    house.commit(images, {}, deletes=["a.jpg", "b.jpg"])
    house.sync(source)
    is_not = [
        {"filter": f"filter:tasks:{name}", "operator": "equal", "type": "Boolean", "value": False}
        for name in ("is_labeled", "is_retired")
    ]
    with house.database.read() as tx:
        grant = house.grant(tx, Permission.TASK_READ)
        query = TaskQuery({"conjunction": "and", "items": is_not})
        found = read_page(tx, grant, query, Page(1, 10), is_whole=False)
    project = house.studio.project()
    assert [task["storage_filename"] for task in found["tasks"]] == ["cats/c.png"]
    left = project["task_number"] - project["retired_task_number"] - project["finished_task_number"]
    assert found["total"] == left


def test_labels_on_a_file_that_changed_are_told_until_each_is_saved_again(
    house: House, images: int, source: Storage
) -> None:
    house.sync(source)
    first, task_id = house.head(images), house.tasks()[0]["id"]
    assert first is not None
    mine, theirs = (house.studio.submit(who, task_id) for who in ("annotator", "reviewer"))
    second = house.commit(images, {"a.jpg": b"another a"}).id
    house.sync(source)
    with house.database.read() as tx:
        change = source_changes.find(tx, task_id)
        assert change is not None
        assert mine["updated_at"] < change.at
        assert (change.key, change.commit_id) == ("a.jpg", second)
        assert [commit for at, commit in change.versions if at <= mine["updated_at"]] == [first]
        grant, now = house.grant(tx, Permission.TASK_READ), house.storage(source)
        old, new = (find_shown(tx, grant, now, "a.jpg", at=at) for at in (mine["updated_at"], tx.now))
    key = load_signing_key(house.parts.settings.data_dir)
    assert [b"".join(each.read(house.parts, key)) for each in (old, new)] == [A, b"another a"]
    for annotation, state in ((mine, "changed"), (theirs, "synced")):
        with house.database.write() as tx:
            grant = house.grant(tx, Permission.ANNOTATION_WRITE, "reviewer")
            annotation_verbs.change(tx, grant, annotation["id"], {})
            page = read_page(tx, grant, TaskQuery(), Page(1, 10), is_whole=False)["tasks"]
        assert page[0]["source_state"] == state
    house.commit(images, {"a.jpg": A})
    house.sync(source)
    with house.database.read() as tx:
        again = source_changes.find(tx, task_id)
        page = read_page(tx, house.grant(tx, Permission.TASK_READ), TaskQuery(), Page(1, 10), is_whole=False)
    assert again is not None
    assert again.at > change.at
    assert page["tasks"][0]["source_state"] == "changed"


def test_a_file_is_not_shown_for_a_task_whose_file_begins_with_its_name(house: House) -> None:
    repo_id = house.make_repo("scans")
    source = house.add_storage("source", "repo", repo="scans")
    for name in ("scan10", "scan1"):
        house.commit(repo_id, {name: name.encode()})
        house.sync(source)
    with house.database.write() as tx:
        next_task(tx, house.grant(tx, Permission.ANNOTATION_WRITE, "annotator"), lease_s=60)
        grant = house.grant(tx, Permission.TASK_READ, "annotator")
        assert find_shown(tx, grant, house.storage(source), "scan10").key == "scan10"
        with pytest.raises(NotFound):
            find_shown(tx, grant, house.storage(source), "scan1")


def test_json_files_hold_tasks_with_their_annotations(house: House) -> None:
    repo_id = house.make_repo("lists")
    choice = {"from_name": "q", "to_name": "img", "type": "choices", "value": {"choices": ["sharp"]}}
    done = {"data": {"image": "/1.jpg"}, "annotations": [{"result": [choice]}]}
    guessed = {"data": {"image": "/2.jpg"}, "predictions": [{"result": [choice], "score": 0.5}]}
    house.commit(
        repo_id,
        {
            "many.json": json.dumps([done, guessed]).encode(),
            "one.json": json.dumps({"image": "treadle://lists@master/p.png"}).encode(),
        },
    )
    source = house.add_storage("source", "repo", repo="lists", regex_filter=r".*\.json")
    assert house.sync(source)["new"] == 3
    tasks = house.tasks()
    counts = [(task["total_annotations"], task["total_predictions"]) for task in tasks]
    assert counts == [(1, 0), (0, 1), (0, 0)]
    assert tasks[2]["data"] == {"image": f"/api/storages/items/{source.id}/p.png"}
    # The second task changes, the first goes, a third comes.
    changed = [done, {"data": {"image": "/other.jpg"}}, {"data": {"image": "/3.jpg"}}]
    house.commit(repo_id, {"many.json": json.dumps(changed).encode()})
    told = house.sync(source)
    assert (told["new"], told["changed"], told["retired"]) == (1, 1, 0)
    assert [task["data"]["image"] for task in house.tasks()][:2] == ["/1.jpg", "/other.jpg"]
    assert house.tasks()[0]["total_annotations"] == 1


@ON_SQLITE
def test_a_file_that_is_no_task_is_told_and_the_others_are_taken(house: House) -> None:
    repo_id = house.make_repo("mixed")
    house.commit(repo_id, {"bad.json": b'{"picture": 1}', "cut.json": b'[{"image": "/1', "a.jpg": A})
    source = house.add_storage("source", "repo", repo="mixed")
    told = house.sync(source)
    assert told["new"] == 1
    assert sorted(line.partition(":")[0] for line in told["problems"]) == ["bad.json", "cut.json"]
    assert house.storage(source).status == "completed_with_errors"
    house.commit(repo_id, {"bad.json": b'{"image": "/2.jpg"}'})
    assert house.sync(source)["new"] == 1


def test_a_deleted_task_comes_back_when_somebody_asks_and_not_by_itself(
    house: House, source: Storage
) -> None:
    house.sync(source)
    gone = house.tasks()[0]["id"]
    with house.database.write() as tx:
        task_verbs.remove(tx, house.grant(tx, Permission.TASK_WRITE), gone)
    house.sync(source, is_automatic=True)
    assert len(house.tasks()) == 2
    house.sync(source)
    assert len(house.tasks()) == 3


def test_where_a_task_came_from_is_kept(house: House, images: int, source: Storage) -> None:
    house.sync(source)
    with house.database.read() as tx:
        edges = tx.execute(lineage_edges.select()).all()
    ids = {str(task["id"]) for task in house.tasks()}
    assert {(edge.from_id, edge.to_id) for edge in edges} == {(house.head(images), task) for task in ids}


def test_a_source_that_is_moved_shows_what_lies_in_its_new_place(
    house: House, images: int, source: Storage
) -> None:
    house.sync(source)
    other = house.make_repo("others")
    house.commit(other, {"a.jpg": A, "e.jpg": b"e"})
    house.change_storage(source, repo="others@master")
    told = house.sync(source)
    assert (told["new"], told["changed"], told["retired"]) == (1, 1, 2)
    with house.database.read() as tx:
        shown = find_shown(tx, house.grant(tx, Permission.TASK_READ), house.storage(source), "a.jpg")
    assert shown.commit_id == house.head(other)


def test_one_sync_at_a_time(house: House, source: Storage) -> None:
    with house.database.write() as tx:
        job = start_sync(tx, house.grant(tx), source.id)
    with pytest.raises(Conflict, match=job.id), house.database.write() as tx:
        start_sync(tx, house.grant(tx), source.id)


@ON_SQLITE
@pytest.mark.parametrize("named", ["nowhere@master", "images@nothing", "", "a b"])
def test_a_source_names_a_repo_that_is_there(house: House, images: int, named: str) -> None:
    with pytest.raises(Invalid) as raised:
        house.add_storage("source", "repo", repo=named)
    assert "repo" in raised.value.fields


@ON_SQLITE
def test_pachyderms_fields_name_a_repo_and_a_commit(house: House, images: int) -> None:
    first = house.head(images)
    house.commit(images, {"d.jpg": b"d"})
    whole = house.add_storage("source", "pachyderm", repository="images@master")
    parts = house.add_storage(
        "source", "pachyderm", pach_repo="images", pach_commit=first, use_blob_urls=True
    )
    assert (house.sync(whole)["new"], house.sync(parts)["new"]) == (4, 3)
