"""A workspace, somebody who may submit jobs in it, and workers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update

from tests.jobs.kinds import KINDS
from tests.waiting import wait_until
from treadle.access import Actor, Grant, ProjectScope, allow
from treadle.access.users import NewUser, add_user
from treadle.db import Database
from treadle.db.schema import events, memberships, projects, users, workspaces
from treadle.jobs import Job, JobParts, get, submit
from treadle.jobs.worker import Worker
from treadle.objects import MemoryObjects
from treadle.permissions import Permission
from treadle.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Yard:
    """A database with one project, and its editor."""

    database: Database
    settings: Settings
    folder: Path
    editor: Actor
    project_id: int

    def grant(self) -> Grant:
        with self.database.read() as tx:
            return allow(tx, self.editor, Permission.PROJECT_WRITE, ProjectScope(self.project_id))

    def submit(self, kind: str, **payload: object) -> Job:
        with self.database.write() as tx:
            return submit(tx, self.grant(), kind, {"folder": str(self.folder), **payload})

    def get(self, job_id: str) -> Job:
        with self.database.read() as tx:
            return get(tx, job_id)

    def wait(self, job_id: str) -> Job:
        wait_until(lambda: self.get(job_id).is_final)
        return self.get(job_id)

    @property
    def parts(self) -> JobParts:
        return JobParts(self.database, MemoryObjects(), self.settings)

    @contextmanager
    def worker(self) -> Iterator[None]:
        """A worker in a thread of this process."""
        worker = Worker(self.parts, KINDS)
        thread = threading.Thread(target=worker.work)
        thread.start()
        try:
            yield
        finally:
            worker.stop()
            thread.join()


@pytest.fixture
def yard(database: Database, tmp_path: Path) -> Yard:
    """A database with one project, and its editor."""
    folder = tmp_path / "folder"
    folder.mkdir()
    database_url = database.url if database.dialect == "postgresql" else ""
    settings = Settings(data_dir=tmp_path, database_url=database_url)
    with database.write() as tx:
        user = add_user(tx, NewUser("ed@example.com", None))
        at = {"created_at": tx.now}
        workspace = {"name": "den", **at}
        workspace_id = tx.execute(insert(workspaces).returning(workspaces.c.id), workspace).scalar_one()
        member = {"workspace_id": workspace_id, "user_id": user.id, "role": "editor", **at}
        tx.execute(insert(memberships), member)
        project = {"workspace_id": workspace_id, "title": "Cats", "updated_at": tx.now, **at}
        project_id = tx.execute(insert(projects).returning(projects.c.id), project).scalar_one()
        # The first person of an installation is its admin; here an editor and no more is wanted.
        tx.execute(update(users).values(is_admin=False))
        tx.execute(delete(events))
    return Yard(database, settings, folder, Actor(user.id, user.email, False), project_id)


@pytest.fixture
def start_worker(yard: Yard) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts worker processes, and ends those that are left."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "TREADLE_DATA_DIR": str(yard.settings.data_dir),
            "TREADLE_DATABASE_URL": yard.settings.database_url,
        }
        command = [sys.executable, "-m", "tests.jobs.worker_process", *arguments]
        started.append(subprocess.Popen(command, cwd=ROOT, env=environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
