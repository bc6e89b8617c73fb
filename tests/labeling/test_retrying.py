"""A job that failed is done again by whoever may, where what it needs is kept."""

from __future__ import annotations

import pytest

from tests.labeling.studio import Studio
from treadle import jobs
from treadle.errors import Conflict, Forbidden
from treadle.jobs import Job, JobParts, JobState
from treadle.labeling import uploads
from treadle.labeling.exports import EXPORT_JOB, ExportOrder, start_export
from treadle.labeling.imports import IMPORT_JOB, start_import
from treadle.labeling.retrying import RETRIES, Retrying
from treadle.labeling.uploads import StoredFile
from treadle.objects import MemoryObjects
from treadle.permissions import Permission
from treadle.settings import Settings


def order_import(studio: Studio, objects: MemoryObjects, *, is_kept: bool) -> Job:
    """An import of a file that is no table of the config, and hence fails."""
    file = uploads.store(objects, studio.project_id, "rows.json", [b'[{"text": "no image"}]'])
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
        files: list[StoredFile] | list[int] = [file]
        if is_kept:
            files = [uploads.add(tx, studio.project_id, grant.actor.user_id, file)]
        return start_import(tx, grant, files)[0]


def fail(studio: Studio, objects: MemoryObjects, job: Job) -> Job:
    ended = jobs.run_in_place(JobParts(studio.database, objects, Settings()), IMPORT_JOB, job.id)
    assert ended.state is JobState.FAILED
    return ended


def test_an_import_of_kept_files_is_done_again_as_whoever_asks(studio: Studio) -> None:
    objects = MemoryObjects()
    failed = fail(studio, objects, order_import(studio, objects, is_kept=True))
    with studio.database.write() as tx:
        again = Retrying(RETRIES).retry(tx, studio.people["manager"], failed)
    assert (again.retry_of, again.kind, again.actor_id) == (
        failed.id,
        "import",
        studio.people["manager"].user_id,
    )
    fail(studio, objects, again)


def test_an_import_whose_files_went_with_it_says_so(studio: Studio) -> None:
    objects = MemoryObjects()
    failed = fail(studio, objects, order_import(studio, objects, is_kept=False))
    with pytest.raises(Conflict, match="with its files"), studio.database.write() as tx:
        Retrying(RETRIES).retry(tx, studio.people["editor"], failed)


def test_who_may_not_do_it_does_not_do_it_again(studio: Studio) -> None:
    with studio.database.write() as tx:
        job = start_export(tx, studio.grant(tx, "editor", Permission.EXPORT), ExportOrder("JSON"))
        jobs.request_cancel(tx, studio.people["editor"], job)
    parts = JobParts(studio.database, MemoryObjects(), Settings())
    cancelled = jobs.run_in_place(parts, EXPORT_JOB, job.id)
    assert cancelled.state is JobState.CANCELLED
    with studio.database.write() as tx:
        with pytest.raises(Forbidden):
            Retrying(RETRIES).retry(tx, studio.people["annotator"], cancelled)
        assert Retrying(RETRIES).retry(tx, studio.people["viewer"], cancelled).retry_of == job.id
