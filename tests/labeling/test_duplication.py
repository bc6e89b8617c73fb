"""A second project like the first, with its tasks and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import insert, select

from tests.faults.recounting import check_counts
from tests.labeling.studio import Studio
from treadle import jobs
from treadle.access import WorkspaceScope
from treadle.db.schema import file_uploads, projects, task_fields, tasks, views
from treadle.jobs import Job, JobParts, JobState
from treadle.labeling import duplication, field_indexes, uploads
from treadle.labeling.duplication import DUPLICATE_JOB
from treadle.objects.memory import MemoryObjects
from treadle.permissions import Permission
from treadle.settings import Settings


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def full(studio: Studio, objects: MemoryObjects, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """A project of three tasks, one with an upload and one with an annotation, and a shared view."""
    monkeypatch.setattr(duplication, "_BATCH", 2)
    studio.change_project(maximum_annotations=2, expert_instruction="Look.", show_overlap_first=True)
    file = uploads.store(objects, studio.project_id, "cat.jpg", [b"cat"])
    objects.put(uploads.thumbnail_key(studio.project_id, file.file_name), [b"small cat"])
    with studio.database.write() as tx:
        upload_id = uploads.add(tx, studio.project_id, studio.people["editor"].user_id, file)
        for title, is_private in (("Ours", False), ("Mine", True)):
            view = {"settings": f'{{"title":"{title}"}}', "is_private": is_private, "created_at": tx.now}
            tx.execute(insert(views), {"project_id": studio.project_id, **view})
    url = uploads.url_of(studio.project_id, file.file_name)
    (with_file,) = studio.add_tasks(image=url)
    with studio.database.write() as tx:
        tx.execute(tasks.update().where(tasks.c.id == with_file).values(file_upload_id=upload_id))
    studio.submit("annotator", studio.add_tasks(2)[0])
    return studio


def duplicate(studio: Studio) -> tuple[Mapping[str, Any], Job]:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.PROJECT_WRITE)
        assert grant.workspace_id is not None
        target = studio.grant(tx, "editor", Permission.PROJECT_WRITE, WorkspaceScope(grant.workspace_id))
        made = duplication.copy_settings(tx, grant, target)
        return made, duplication.start_copying_tasks(tx, grant, made["id"])


def run(studio: Studio, objects: MemoryObjects, job: Job) -> Job:
    return jobs.run_in_place(JobParts(studio.database, objects, Settings()), DUPLICATE_JOB, job.id)


def rows_of(studio: Studio, table: Any, project_id: int) -> list[Mapping[str, Any]]:
    with studio.database.read() as tx:
        return tx.rows(select(table).where(table.c.project_id == project_id).order_by(table.c.id))


def test_a_copy_has_the_settings_the_tasks_and_the_files(full: Studio, objects: MemoryObjects) -> None:
    made, job = duplicate(full)
    kept = ("label_config", "maximum_annotations", "expert_instruction", "options", "workspace_id")
    assert [made[name] for name in kept] == [full.project()[name] for name in kept]
    assert made["title"] == "shapes (copy)"
    ended = run(full, objects, job)
    assert (ended.state, ended.result) == (JobState.DONE, f'{{"project":{made["id"]},"task_count":3}}')
    copied = Studio(full.database, full.people, made["id"])
    assert copied.project()["task_number"] == 3
    with full.database.read() as tx:
        check_counts(tx, made["id"])
    assert [row["settings"] for row in rows_of(full, views, made["id"])] == ['{"title":"Ours"}']
    (file,) = rows_of(full, file_uploads, made["id"])
    rows = rows_of(full, tasks, made["id"])
    assert b"".join(objects.read(file["object_key"])) == b"cat"
    assert b"".join(objects.read(uploads.thumbnail_key(made["id"], file["file_name"]))) == b"small cat"
    assert uploads.url_of(made["id"], file["file_name"]) in rows[0]["data"]
    assert [(row["inner_id"], row["overlap"], row["total_annotations"]) for row in rows] == [
        (1, 2, 0),
        (2, 2, 0),
        (3, 2, 0),
    ]
    assert [row["file_upload_id"] for row in rows] == [file["id"], None, None]


def test_an_index_of_the_copy_holds_the_tasks_that_come_after_it(
    full: Studio, objects: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, job = duplicate(full)
    copy = Studio(full.database, full.people, made["id"])
    write = duplication._write_batch

    def index_first(*arguments: Any) -> None:
        monkeypatch.setattr(duplication, "_write_batch", write)
        field_indexes.create(
            arguments[0], copy.grant(arguments[0], "editor", Permission.PROJECT_WRITE), "image"
        )
        write(*arguments)

    monkeypatch.setattr(duplication, "_write_batch", index_first)
    run(full, objects, job)
    with full.database.read() as tx:
        indexed = list(tx.execute(select(task_fields.c.task_id)).scalars())
    assert sorted(indexed) == [row["id"] for row in rows_of(full, tasks, made["id"])]


def test_a_copy_that_is_interrupted_goes_on_without_doubles(
    full: Studio, objects: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, job = duplicate(full)
    write, batches = duplication._write_batch, []

    def break_off(*arguments: Any) -> None:
        write(*arguments)
        batches.append(len(arguments[-1]))
        if len(batches) == 2:
            raise KeyboardInterrupt  # as a kill: nothing is undone

    monkeypatch.setattr(duplication, "_write_batch", break_off)
    with pytest.raises(KeyboardInterrupt):
        run(full, objects, job)
    assert Studio(full.database, full.people, made["id"]).project()["task_number"] == 0
    assert run(full, objects, job).state is JobState.DONE
    assert (len(rows_of(full, tasks, made["id"])), batches) == (3, [2, 1, 1])


def test_a_cancelled_copy_leaves_nothing(full: Studio, objects: MemoryObjects) -> None:
    made, job = duplicate(full)
    before = {each.key for each in objects.list()}
    with full.database.write() as tx:
        jobs.request_cancel(tx, full.people["editor"], job)
    assert run(full, objects, job).state is JobState.CANCELLED
    with full.database.read() as tx:
        left = list(tx.execute(select(projects.c.id)).scalars())
    assert (left, {each.key for each in objects.list()}) == ([full.project_id], before)
    assert made["id"] not in left
