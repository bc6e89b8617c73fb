"""A project whose tasks come out of a repo, and whose labels go into another."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.labeling.studio import Studio, open_studio
from treadle import jobs
from treadle.access import Grant, ProjectScope, RepoScope, WorkspaceScope, allow
from treadle.access.signing_key import load_signing_key
from treadle.connectors import opening, storages
from treadle.connectors.committing import COMMIT_JOB, start_commit
from treadle.connectors.places import Direction, read_form
from treadle.connectors.referencing import REFERENCE_JOB
from treadle.connectors.storages import NewStorage, Storage
from treadle.connectors.syncing import SYNC_JOB, start_sync
from treadle.connectors.targets import TARGET_JOB
from treadle.connectors.versions import AS_OF_JOB
from treadle.db import Database, Tx
from treadle.db.storage_tables import storage_items
from treadle.jobs import Job, JobKind, JobParts, JobState, run_in_place
from treadle.labeling import tasks as tasks_verbs
from treadle.objects import LocalObjects
from treadle.permissions import Permission
from treadle.repos import branches, catalogue
from treadle.repos.values import Commit, File, NewFile
from treadle.settings import Settings

KINDS: tuple[JobKind, ...] = (SYNC_JOB, COMMIT_JOB, TARGET_JOB, AS_OF_JOB, REFERENCE_JOB)

#: For what no database does otherwise.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class House:
    """A studio with repos, sources and targets."""

    studio: Studio
    parts: JobParts

    @property
    def database(self) -> Database:
        return self.studio.database

    def grant(self, tx: Tx, permission: Permission = Permission.PROJECT_WRITE, who: str = "editor") -> Grant:
        return allow(tx, self.studio.people[who], permission, ProjectScope(self.studio.project_id))

    def repo_grant(self, tx: Tx, repo_id: int) -> Grant:
        return allow(tx, self.studio.people["editor"], Permission.REPO_WRITE, RepoScope(repo_id))

    def make_repo(self, name: str) -> int:
        with self.database.write() as tx:
            workspace_id = self.grant(tx).workspace_id
            assert workspace_id is not None
            scope = WorkspaceScope(workspace_id)
            return catalogue.create(
                tx, allow(tx, self.studio.people["editor"], Permission.REPO_WRITE, scope), name
            ).id

    def commit(
        self, repo_id: int, files: Mapping[str, bytes], deletes: Sequence[str] = (), message: str = "more"
    ) -> Commit:
        with self.database.read() as tx:
            grant = self.repo_grant(tx, repo_id)
        news = [NewFile(path, [content]) for path, content in sorted(files.items())]
        return self.parts.repos.commit_files(grant, "master", news, message, deletes=deletes)

    def add_storage(self, direction: Direction, kind_name: str, **fields: object) -> Storage:
        with self.database.write() as tx:
            grant = self.grant(tx)
            kind = opening.find_kind(kind_name, direction)
            form = opening.complete(
                tx, grant, read_form(kind, direction, fields), kind=kind, direction=direction
            )
            key = load_signing_key(self.parts.settings.data_dir)
            return storages.create(tx, grant, NewStorage(direction, kind_name, form), key)

    def change_storage(self, storage: Storage, **fields: object) -> Storage:
        key = load_signing_key(self.parts.settings.data_dir)
        with self.database.write() as tx:
            grant, now = self.grant(tx), storages.get(tx, storage.id)
            kind, direction = opening.find_kind(now.kind, now.direction), now.direction
            form = read_form(kind, direction, fields, before=storages.form_of(now, key), only_given=True)
            form = opening.complete(tx, grant, form, kind=kind, direction=direction)
            return storages.change(tx, grant, now, form, key=key, title=now.title, description="")

    def sync(self, storage: Storage, *, is_automatic: bool = False) -> dict[str, Any]:
        with self.database.write() as tx:
            job = start_sync(tx, self.grant(tx), storage.id, is_automatic=is_automatic)
        return self.run(job)

    def commit_labels(self, storage: Storage, message: str = "labels") -> dict[str, Any]:
        with self.database.write() as tx:
            job = start_commit(tx, self.grant(tx), storage.id, message)
        return self.run(job)

    def run(self, job: Job) -> dict[str, Any]:
        kind = next(each for each in KINDS if each.name == job.kind)
        ended = run_in_place(self.parts, kind, job.id)
        assert ended.state is JobState.DONE, (ended.error, ended.log)
        result: dict[str, Any] = json.loads(ended.result or "null")
        return result

    def storage(self, storage: Storage) -> Storage:
        with self.database.read() as tx:
            return storages.get(tx, storage.id)

    def states(self, storage: Storage) -> dict[str, str]:
        """What is told of each file, by its key."""
        now = self.storage(storage)
        with self.database.read() as tx:
            rows = tx.execute(storage_items.select().where(storage_items.c.storage_id == storage.id)).all()
        return {row.key: storages.shown_state(row.state, is_fresh=row.round == now.round) for row in rows}

    def tasks(self) -> list[dict[str, Any]]:
        """Every task that shows, by id."""
        with self.database.read() as tx:
            return tasks_of(tx, self.grant(tx, Permission.TASK_READ))

    def head(self, repo_id: int) -> str | None:
        with self.database.read() as tx:
            return branches.get(tx, repo_id, "master").head

    def files(self, repo_id: int, commit_id: str) -> dict[str, bytes]:
        snapshot = self.parts.repos.at(repo_id, commit_id)
        found = [each.path for each in snapshot.list() if isinstance(each, File)]
        return {path: b"".join(snapshot.read(path)) for path in found}

    def job(self, job_id: str) -> Job:
        with self.database.read() as tx:
            return jobs.get(tx, job_id)


def tasks_of(tx: Tx, grant: Grant) -> list[dict[str, Any]]:
    rows = tasks_verbs.list_of_project(tx, grant, limit=10_000, offset=0)
    return [{**row, "data": json.loads(row["data"])} for row in rows]


def open_house(database: Database, folder: Path) -> House:
    studio = open_studio(database)
    settings = Settings(
        data_dir=folder, database_url=database.url if database.dialect == "postgresql" else ""
    )
    return House(studio, JobParts(database, LocalObjects(folder / "objects"), settings))
