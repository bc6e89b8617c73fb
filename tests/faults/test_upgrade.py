"""Workers of one release after another, each killed in the middle: what they were doing is done once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from tests.faults.recounting import check_counts
from tests.labeling.studio import Studio, open_studio
from tests.waiting import wait_until
from treadle import jobs
from treadle.db import Database
from treadle.db.schema import tasks
from treadle.jobs import Job, JobState
from treadle.labeling import trash
from treadle.labeling.exports import ExportOrder, start_export
from treadle.labeling.filters import TaskQuery
from treadle.labeling.imports import Plan, start_import
from treadle.objects import LocalObjects
from treadle.permissions import Permission

ROOT = Path(__file__).resolve().parents[2]
ROWS = 8_000


class Yard:
    """A database and a data folder, and one worker at a time, each of a later release."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.studio: Studio = open_studio(database)
        self.objects = LocalObjects(folder / "objects")
        url = database.url if database.dialect == "postgresql" else ""
        self._environment = {"TREADLE_DATA_DIR": str(folder), "TREADLE_DATABASE_URL": url}
        self._release = 0
        self._left = ExitStack()
        self._worker = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self._release += 1
        command = [sys.executable, "-m", "tests.faults.worker_process", f"0.{self._release}.0"]
        worker = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **self._environment})
        self._left.callback(worker.wait)
        self._left.callback(worker.kill)
        return worker

    def order(self, start: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        """Order something as the project's editor."""
        with self.studio.database.write() as tx:
            return start(tx, self.studio.grant(tx, "editor", Permission.TASK_WRITE), *arguments, **more)

    def disturb(self, job: Job, is_half_way: Callable[[], bool]) -> Job:
        """The job once it has ended, its first worker killed half way, the second one of a later release."""
        wait_until(is_half_way, timeout_s=60)
        self._worker.kill()
        self._worker.wait()
        assert not self.read(job).is_final, "the job ended before it could be disturbed"
        self._worker = self._start()
        wait_until(lambda: self.read(job).is_final, timeout_s=120)
        ended = self.read(job)
        assert ended.state is JobState.DONE, ended.error
        return ended

    def read(self, job: Job) -> Job:
        with self.studio.database.read() as tx:
            return jobs.get(tx, job.id)

    def count(self) -> int:
        """How many tasks there are, shown or not."""
        with self.studio.database.read() as tx:
            return int(tx.execute(select(func.count()).select_from(tasks)).scalar_one())

    def close(self) -> None:
        self._left.close()


@pytest.fixture
def yard(database: Database, tmp_path: Path) -> Iterator[Yard]:
    opened = Yard(database, tmp_path)
    yield opened
    opened.close()


def test_import_export_and_deletion_survive_an_upgrade_half_way(yard: Yard) -> None:
    body = json.dumps([{"image": f"/{number}.jpg"} for number in range(ROWS)]).encode()
    yard.objects.put("imports/bodies/rows.json", [body])
    imported, _ = yard.order(start_import, [], plan=Plan(body_key="imports/bodies/rows.json"))
    yard.disturb(imported, lambda: yard.count() > 0)
    assert yard.count() == ROWS

    exported = yard.order(start_export, ExportOrder("JSON", with_all=True))
    ended = yard.disturb(exported, lambda: yard.read(exported).progress_done > 0)
    key = msgspec.json.decode(ended.result or "")["object_key"]
    rows = json.loads(b"".join(yard.objects.read(key)))
    assert [row["data"]["image"] for row in rows] == [f"/{number}.jpg" for number in range(ROWS)]

    deleting, deletion_id = yard.order(trash.start_deleting, "tasks", TaskQuery())
    yard.disturb(deleting, lambda: 0 < yard.count() < ROWS)
    with yard.studio.database.read() as tx:
        assert (yard.count(), trash.get(tx, deletion_id).item_count) == (0, ROWS)

    restoring = yard.order(trash.start_restoring, deletion_id)
    yard.disturb(restoring, lambda: yard.count() > 0)
    assert yard.count() == ROWS
    with yard.studio.database.read() as tx:
        check_counts(tx, yard.studio.project_id)
