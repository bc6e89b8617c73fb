"""Snapshots and their conversions, as they are ordered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.labeling.studio import Studio
from treadle import jobs
from treadle.db.schema import export_conversions, exports
from treadle.errors import Conflict
from treadle.jobs import JobParts, JobState
from treadle.labeling.exports import (
    SNAPSHOT_JOB,
    NewSnapshot,
    convert_snapshot,
    remove_snapshot,
    snapshots,
    start_snapshot,
)
from treadle.labeling.exports.job import Written, write_file
from treadle.objects import MemoryObjects
from treadle.permissions import Permission
from treadle.settings import Settings


def test_a_snapshot_that_is_not_written_cannot_be_converted(studio: Studio) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.EXPORT)
        export_id, _job = start_snapshot(tx, grant, NewSnapshot())
        with pytest.raises(Conflict, match="not written"):
            convert_snapshot(tx, grant, export_id, "COCO")


def test_a_conversion_that_failed_is_ordered_anew(studio: Studio) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.EXPORT)
        export_id, _job = start_snapshot(tx, grant, NewSnapshot())
        tx.execute(exports.update().values(status="completed"))
        _first, job = convert_snapshot(tx, grant, export_id, "COCO")
        assert job is not None
        assert convert_snapshot(tx, grant, export_id, "COCO")[1] is None
        tx.execute(export_conversions.update().values(status="failed"))
        assert convert_snapshot(tx, grant, export_id, "COCO")[1] is not None


@pytest.mark.parametrize("is_begun", [False, True])
def test_a_snapshot_that_is_deleted_before_it_is_written_leaves_no_file(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, *, is_begun: bool
) -> None:
    objects = MemoryObjects()
    with studio.database.write() as tx:
        export_id, job = start_snapshot(tx, studio.grant(tx, "editor", Permission.EXPORT), NewSnapshot())

    def remove() -> None:
        with studio.database.write() as tx:
            remove_snapshot(tx, studio.grant(tx, "editor", Permission.EXPORT), export_id)

    def write_then_remove(*arguments: Any, **named: Any) -> Written:
        written = write_file(*arguments, **named)
        remove()
        return written

    if is_begun:
        monkeypatch.setattr(snapshots, "write_file", write_then_remove)
    else:
        remove()
    ended = jobs.run_in_place(JobParts(studio.database, objects, Settings()), SNAPSHOT_JOB, job.id)
    assert (ended.state, list(objects.list())) == (JobState.FAILED, [])
