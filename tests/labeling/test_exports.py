"""Exports and snapshots as the worker writes them, from the database to the file."""

from __future__ import annotations

import errno
import io
import json
import zipfile
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, update

from tests.labeling.studio import Studio, box, result
from treadle import jobs
from treadle.db import schema
from treadle.jobs import Job, JobParts
from treadle.labeling import predictions, rendering, uploads
from treadle.labeling.exports import (
    EXPORT_JOB,
    SNAPSHOT_JOB,
    Detail,
    ExportOrder,
    NewSnapshot,
    convert_snapshot,
    render_snapshot,
    report_key,
    start_export,
    start_snapshot,
)
from treadle.labeling.exports.snapshots import get_snapshot
from treadle.labeling.formats import Reason
from treadle.labeling.predictions import NewPrediction
from treadle.labeling.tasks import work_on
from treadle.objects import MemoryObjects, StoredObject
from treadle.permissions import Permission
from treadle.settings import Settings


@pytest.fixture
def parts(studio: Studio) -> JobParts:
    return JobParts(studio.database, MemoryObjects(), Settings())


def export(studio: Studio, parts: JobParts, kind: str = "JSON", **order: Any) -> tuple[bytes, dict[str, Any]]:
    """The file, and the job's result."""
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.EXPORT)
        job_id = start_export(tx, grant, ExportOrder(kind, **order)).id
    found = told(jobs.run_in_place(parts, EXPORT_JOB, job_id))
    return b"".join(parts.objects.read(found["object_key"])), found


def told(job: Job) -> dict[str, Any]:
    assert job.error is None, job.error
    found: dict[str, Any] = msgspec.json.decode(job.result or "")
    return found


def test_json_tells_what_the_api_tells(studio: Studio, parts: JobParts) -> None:
    first, second = studio.add_tasks(2)
    studio.submit("annotator", first, lead_time=2.5)
    studio.submit("reviewer", first, was_cancelled=True)
    with studio.database.write() as tx:
        editor = studio.grant(tx, "editor", Permission.ANNOTATION_WRITE)
        predictions.add(tx, editor, first, NewPrediction(result()))
        tx.execute(update(schema.annotations).values(draft_created_at=tx.now, prediction='{"id": 3}'))
        draft = {"task_id": first, "user_id": studio.people["editor"].user_id, "result": "[]"}
        tx.execute(insert(schema.drafts), {**draft, "created_at": tx.now, "updated_at": tx.now})
    written = json.loads(export(studio, parts, with_all=True)[0])

    assert [each["id"] for each in written] == [first, second]
    with studio.database.read() as tx:
        work = work_on(tx, studio.grant(tx, "editor", Permission.EXPORT), [first])
        shown = json.loads(msgspec.json.encode(rendering.task(studio.task(first))))
        done = [
            json.loads(msgspec.json.encode(rendering.annotation(each, tx.now))) for each in work.annotations
        ]
    more = {"annotations", "drafts", "predictions", "allow_skip"}
    assert {name: value for name, value in written[0].items() if name not in more} == shown
    assert written[0]["predictions"] == [each["id"] for each in work.predictions]
    assert [each["user"] for each in written[0]["drafts"]] == ["editor@example.com"]
    for ours, theirs in zip(written[0]["annotations"], done, strict=True):
        del theirs["created_username"], theirs["created_ago"]
        assert {name: ours[name] for name in theirs} == theirs
        assert ours.keys() - theirs.keys() == {"prediction", "result_count", "unique_id"}
        assert ours["prediction"] == {"id": 3}


def test_an_export_of_several_pages_holds_every_task_once(studio: Studio, parts: JobParts) -> None:
    ids = studio.add_tasks(120)
    written, found = export(studio, parts, with_all=True)
    assert [each["id"] for each in json.loads(written)] == ids
    assert (found["task_count"], found["loss_count"], found["left_out"]) == (120, 0, {})
    assert [each.key for each in parts.objects.list("exports/")] == [found["object_key"]]


def test_an_export_comes_with_a_report_of_what_it_could_not_carry(studio: Studio, parts: JobParts) -> None:
    (task_id,) = studio.add_tasks(1)
    choice = {
        "id": "q",
        "from_name": "q",
        "to_name": "img",
        "type": "choices",
        "value": {"choices": ["sharp"]},
    }
    done = studio.submit("annotator", task_id, result=result(box(rotation=45), choice))
    _, found = export(studio, parts, "VOC")

    assert found["left_out"] == {Reason.TURNED.value: 1, Reason.ANSWER.value: 1}
    with studio.database.read() as tx:
        assert f"1 x {Reason.TURNED.value}" in jobs.get(tx, found["url"].rpartition("/")[2]).log
    assert (found["loss_count"], found["report_url"]) == (2, f"{found['url']}/report")
    report = json.loads(b"".join(parts.objects.read(report_key(found["object_key"]))))
    where = {"task": task_id, "annotation": done["id"]}
    assert report == [
        {**where, "region": "q", "reason": Reason.ANSWER.value},
        {**where, "region": "r-Cat", "reason": Reason.TURNED.value},
    ]


def test_pictures_of_the_project_come_along_and_others_are_reported(studio: Studio, parts: JobParts) -> None:
    stored = uploads.store(parts.objects, studio.project_id, "a b.png", [b"pic", b"ture"])
    with studio.database.write() as tx:
        uploads.add(tx, studio.project_id, studio.people["editor"].user_id, stored)
        # The same file said to be another project's: not this project's to give away.
        foreign = uploads.url_of(studio.project_id + 1, stored.file_name)
    addresses = [uploads.url_of(studio.project_id, stored.file_name), foreign, "https://example.com/b.png"]
    ids = [studio.add_tasks(1, image=address)[0] for address in addresses]
    for task_id in ids:
        studio.submit("annotator", task_id)
    archive, found = export(studio, parts, "YOLO_WITH_IMAGES")

    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        pictures = [name for name in opened.namelist() if name.startswith("images/")]
        labels = [name for name in opened.namelist() if name.startswith("labels/")]
        assert [opened.read(name) for name in pictures] == [b"picture"]
    assert len(labels) == 3
    assert pictures[0].removeprefix("images/").replace(".png", ".txt") == labels[0].removeprefix("labels/")
    assert found["left_out"] == {Reason.PICTURE_MISSING.value: 1, Reason.PICTURE_ELSEWHERE.value: 1}


def test_a_snapshot_spells_out_what_is_asked_and_converts_all_the_same(
    studio: Studio, parts: JobParts
) -> None:
    (task_id,) = studio.add_tasks(1)
    studio.submit("annotator", task_id)
    asked = {"serialization_options": {"predictions": {"only_id": False}}}
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.EXPORT)
        predictions.add(tx, grant, task_id, NewPrediction(result(), model_version="m1"))
        new = NewSnapshot(detail=Detail(predictions_in_full=True, people_in_full=True), asked=asked)
        export_id, job = start_snapshot(tx, grant, new)
    jobs.run_in_place(parts, SNAPSHOT_JOB, job.id)
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.EXPORT)
        shown = render_snapshot(tx, get_snapshot(tx, grant, export_id))
        _, conversion = convert_snapshot(tx, grant, export_id, "CSV")
    assert conversion is not None
    found = told(jobs.run_in_place(parts, SNAPSHOT_JOB, conversion.id))

    (written,) = json.loads(b"".join(parts.objects.read(f"snapshots/{export_id}/JSON")))
    assert [each["model_version"] for each in written["predictions"]] == ["m1"]
    assert written["annotations"][0]["completed_by"]["email"] == "annotator@example.com"
    assert (shown["task_filter_options"], shown["serialization_options"]) == (
        None,
        asked["serialization_options"],
    )
    table = b"".join(parts.objects.read(f"snapshots/{export_id}/CSV")).decode()
    assert str(studio.people["annotator"].user_id) in table
    assert found["loss_count"] == 0


def test_an_export_on_a_full_disk_says_so_and_leaves_no_file(studio: Studio, parts: JobParts) -> None:
    studio.submit("annotator", studio.add_tasks(1)[0])
    full = JobParts(studio.database, FullDisk(), parts.settings)
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.EXPORT)
        job_id = start_export(tx, grant, ExportOrder("VOC")).id
    job = jobs.run_in_place(full, EXPORT_JOB, job_id)
    assert (job.state, json.loads(job.error or "")["code"]) == (jobs.JobState.FAILED, "disk-full")
    assert list(full.objects.list("exports/")) == []


class FullDisk(MemoryObjects):
    """A store on a disk without room."""

    def put(self, key: str, chunks: Iterable[bytes]) -> StoredObject:
        for _ in chunks:
            raise OSError(errno.ENOSPC, "No space left on device", key)
        return super().put(key, ())
