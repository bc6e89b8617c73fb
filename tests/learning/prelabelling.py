"""A project with a connected backend, for tests of what is predicted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from tests.labeling.studio import Studio, open_studio
from tests.learning.spoken import Spoken
from treadle import jobs
from treadle.access.signing_key import load_signing_key
from treadle.db import Database
from treadle.db.learning_tables import ml_backends, prediction_attempts
from treadle.db.schema import predictions
from treadle.jobs import Job, JobParts, JobState, run_in_place
from treadle.labeling.filters import TaskQuery
from treadle.learning.connections import backends
from treadle.learning.connections.backends import Backend, NewBackend
from treadle.learning.connections.connecting import look
from treadle.learning.predictions import prelabel
from treadle.learning.predictions.attempts import Only
from treadle.objects import LocalObjects
from treadle.permissions import Permission
from treadle.settings import Settings


@dataclass
class Desk:
    """A studio, and what runs its jobs."""

    studio: Studio
    parts: JobParts

    @property
    def database(self) -> Database:
        return self.studio.database

    def connect(self, spoken: Spoken, **more: Any) -> Backend:
        """Connect a backend that is there, and look at it."""
        key = load_signing_key(self.parts.settings.data_dir)
        with self.database.write() as tx:
            grant = self.studio.grant(tx, "editor", Permission.PROJECT_WRITE)
            new = NewBackend(title="shapes", url=spoken.url, **{"timeout_s": 5.0, **more})
            backend = backends.add(tx, grant, new, key)
        return look(self.parts, backend.id)

    def order(self, backend: Backend, *task_ids: int, only: Only = "undone", version: str = "") -> Job:
        """Order predictions for the tasks, all without any; the job."""
        selected = {"all": False, "included": list(task_ids)} if task_ids else None
        with self.database.write() as tx:
            grant = self.studio.grant(tx, "editor", Permission.PREDICTION_WRITE)
            query = TaskQuery(selected=selected)
            return prelabel.start_prelabel(tx, grant, backend.id, query, only=only, version=version)

    def run(self, job: Job) -> dict[str, Any]:
        """Run a job that is done well; its result."""
        ended = run_in_place(self.parts, prelabel.PRELABEL_JOB, job.id)
        assert ended.state is JobState.DONE, (ended.error, ended.log)
        result: dict[str, Any] = json.loads(ended.result or "null")
        return result

    def run_badly(self, job: Job) -> dict[str, Any]:
        """Run a job that fails; its error."""
        ended = run_in_place(self.parts, prelabel.PRELABEL_JOB, job.id)
        assert ended.state is JobState.FAILED, (ended.state, ended.log)
        error: dict[str, Any] = json.loads(ended.error or "null")
        return error

    def prelabel(self, backend: Backend, *task_ids: int, **more: Any) -> dict[str, Any]:
        """Order and run; the result."""
        return self.run(self.order(backend, *task_ids, **more))

    def job(self, job_id: str) -> Job:
        with self.database.read() as tx:
            return jobs.get(tx, job_id)

    def predictions(self) -> list[Mapping[str, Any]]:
        """Every prediction, by task."""
        with self.database.read() as tx:
            return tx.rows(select(predictions).order_by(predictions.c.task_id, predictions.c.id))

    def attempts(self) -> list[Mapping[str, Any]]:
        """Every attempt, by task."""
        columns = prediction_attempts.c
        with self.database.read() as tx:
            return tx.rows(select(prediction_attempts).order_by(columns.task_id, columns.model_version))

    def set_backend(self, backend: Backend, **values: Any) -> Backend:
        """Change columns of the backend."""
        with self.database.write() as tx:
            tx.execute(ml_backends.update().where(ml_backends.c.id == backend.id).values(**values))
            return backends.get(tx, backend.id)


def open_desk(database: Database, data_dir: Path) -> Desk:
    """A studio whose jobs are run by hand."""
    settings = Settings(data_dir=data_dir, database_url=database.url)
    data_dir.mkdir(parents=True, exist_ok=True)
    return Desk(open_studio(database), JobParts(database, LocalObjects(data_dir / "objects"), settings))


@contextmanager
def connected(desk: Desk, spoken: Spoken, **more: Any) -> Iterator[Backend]:
    """The backend, there until the block ends."""
    with spoken.serving():
        yield desk.connect(spoken, **more)
