"""The worker clears away what nobody needs any more, and nothing else."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.labeling.studio import open_studio
from treadle import jobs
from treadle.db import Database
from treadle.db.schema import idempotency
from treadle.db.schema import jobs as job_table
from treadle.jobs import JobParts
from treadle.labeling.exports import EXPORT_JOB, ExportOrder, start_export
from treadle.labeling.saving import KEPT, Answer, keep_answer, save_key
from treadle.launch import housekeeping
from treadle.launch.housekeeping import keep_house
from treadle.launch.opening import keep_temporary_files_in
from treadle.objects import MemoryObjects
from treadle.permissions import Permission
from treadle.settings import Settings

A_MOMENT = timedelta(minutes=1)


def test_old_answers_and_old_export_files_go_and_the_rest_stays(database: Database) -> None:
    studio = open_studio(database)
    user_id = studio.people["editor"].user_id
    parts = JobParts(database, MemoryObjects(), Settings())
    with database.write() as tx:
        for key in ("old", "new"):
            keep_answer(tx, save_key(user_id, "POST /x", key, b""), Answer(201, "{}", None))
        tx.execute(
            update(idempotency).where(idempotency.c.key == "old").values(created_at=tx.now - KEPT - A_MOMENT)
        )
        grant = studio.grant(tx, "editor", Permission.EXPORT)
        made = [start_export(tx, grant, ExportOrder("JSON")).id for _ in range(2)]
    for job_id in made:
        jobs.run_in_place(parts, EXPORT_JOB, job_id)
    with database.write() as tx:
        ended = update(job_table).where(job_table.c.id == made[0])
        tx.execute(ended.values(finished_at=tx.now - timedelta(days=8)))

    keep_house(parts)

    with database.read() as tx:
        assert list(tx.execute(select(idempotency.c.key)).scalars()) == ["new"]
    assert [each.key for each in parts.objects.list("exports/")] == [f"exports/{made[1]}"]


def test_a_chore_that_cannot_be_done_does_not_keep_the_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def fail(_parts: JobParts) -> int:
        raise PermissionError("somebody else's file")

    def clear(_parts: JobParts) -> int:
        done.append("clear")
        return 1

    monkeypatch.setattr(housekeeping, "CHORES", (fail, clear))
    keep_house(JobParts(database, MemoryObjects(), Settings()))
    assert done == ["clear"]


def test_what_is_written_for_a_moment_lies_beside_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    keep_temporary_files_in(tmp_path)
    with tempfile.NamedTemporaryFile() as file:
        assert Path(file.name).parent == (tmp_path / "tmp").resolve()
