"""Workspaces in which runs, logged models, traces and experiments were deleted, some long ago."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param, RunTag
from mlflow.entities.logged_model_tag import LoggedModelTag
from mlflow.entities.trace_info import TraceInfo
from mlflow.entities.trace_location import TraceLocation
from mlflow.entities.trace_state import TraceState
from mlflow.exceptions import MlflowException
from mlflow.store.model_registry.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore as Registry
from mlflow.store.tracking.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore
from mlflow.utils.workspace_context import WorkspaceContext
from sqlalchemy import insert, inspect, text, update

from treadle import jobs
from treadle.access import Actor, Grant, WorkspaceScope, allow
from treadle.access.audit import AuditEntry, AuditFilter, read_audit
from treadle.db import Database, Tx
from treadle.db.schema import jobs as job_rows
from treadle.db.schema import memberships, users, workspaces
from treadle.jobs import Job, JobParts, JobState, run_in_place
from treadle.jobs.runner import run_job
from treadle.objects import LocalObjects
from treadle.permissions import Permission
from treadle.settings import Settings
from treadle.tracking.paths import artifact_key, tracking_database_url
from treadle.tracking.purging import PURGE_JOB, start_purge

DAY_MS = 24 * 3600 * 1000
_numbers = count(1)


@dataclass
class Place:
    """One workspace of the house."""

    house: House
    id: int
    owner: Actor

    @property
    def name(self) -> str:
        return f"ws-{self.id}"

    def grant(self, tx: Tx, permission: Permission = Permission.TRACKING_MANAGE) -> Grant:
        return allow(tx, self.owner, permission, WorkspaceScope(self.id))

    def experiment(self, name: str) -> str:
        with WorkspaceContext(self.name):
            return str(self.house.store.create_experiment(name, tags=[]))

    def run(self, experiment: str, *, points: int = 3) -> str:
        """A run with something of everything."""
        store = self.house.store
        with WorkspaceContext(self.name):
            run_id = self.bare_run(experiment)
            model = self.model(experiment, run_id)
            metrics = [Metric("loss", 0.1 * step, step, step) for step in range(points)]
            store.log_batch(run_id, metrics, [Param("lr", "0.1")], [RunTag("mood", "fine")])
            store.log_metric(run_id, Metric("loss", 0.1, 1, 1, model_id=model, run_id=run_id))
            store.log_outputs(run_id, [LoggedModelOutput(model, 1)])
            trace = self.trace(experiment)
            store.link_traces_to_run([trace], run_id)
        return run_id

    def bare_run(self, experiment: str) -> str:
        """A run with a dataset and two files."""
        store = self.house.store
        with WorkspaceContext(self.name):
            run_id = str(store.create_run(experiment, "me", 1, [], "run").info.run_id)
            dataset = Dataset("set", uuid.uuid4().hex[:8], "local", "{}")
            store.log_inputs(run_id, [DatasetInput(dataset, [InputTag("context", "train")])], [])
        self.put(f"{experiment}/{run_id}/artifacts/model/weights.bin", b"w" * 1000)
        self.put(f"{experiment}/{run_id}/artifacts/log.txt", b"l" * 24)
        return run_id

    def model(self, experiment: str, run_id: str | None = None) -> str:
        with WorkspaceContext(self.name):
            tags = [LoggedModelTag("a", "b")]
            made = self.house.store.create_logged_model(experiment, "model", run_id, tags, None, "kind")
        self.put(f"{experiment}/models/{made.model_id}/artifacts/MLmodel", b"m" * 10)
        return str(made.model_id)

    def trace(self, experiment: str) -> str:
        trace_id = f"tr-{uuid.uuid4().hex}"
        place = TraceLocation.from_experiment_id(experiment)
        with WorkspaceContext(self.name):
            info = TraceInfo(
                trace_id, place, 1, TraceState.OK, tags={"hue": "red"}, trace_metadata={"k": "v"}
            )
            self.house.store.start_trace(info)
        return trace_id

    def version(self, name: str, source: str, **more: Any) -> str:
        with WorkspaceContext(self.name):
            self.house.registry.create_registered_model(name)
            return str(self.house.registry.create_model_version(name, source, **more).version)

    def change_version(self, name: str, **values: str) -> None:
        with self.house.store.engine.begin() as connection:
            changed = ", ".join(f"{column} = :{column}" for column in values)
            sql = f"UPDATE model_versions SET {changed} WHERE workspace = :place AND name = :name"
            connection.execute(text(sql), {**values, "place": self.name, "name": name})

    def delete_run(self, run_id: str, *, days_ago: float = 40) -> None:
        with WorkspaceContext(self.name):
            self.house.store.delete_run(run_id)
        self.house.age("runs", "deleted_time", "run_uuid", run_id, days_ago)

    def restore_run(self, run_id: str) -> None:
        with WorkspaceContext(self.name):
            self.house.store.restore_run(run_id)

    def sees(self, run_id: str) -> bool:
        with WorkspaceContext(self.name):
            try:
                self.house.store.get_run(run_id)
            except MlflowException:
                return False
        return True

    def delete_model(self, model_id: str, *, days_ago: float = 40) -> None:
        with WorkspaceContext(self.name):
            self.house.store.delete_logged_model(model_id)
        self.house.age("logged_models", "last_updated_timestamp_ms", "model_id", model_id, days_ago)

    def delete_experiment(self, experiment: str, *, days_ago: float = 40) -> None:
        with WorkspaceContext(self.name):
            self.house.store.delete_experiment(experiment)
        self.house.age("experiments", "last_update_time", "experiment_id", experiment, days_ago)
        self.house.age("runs", "deleted_time", "experiment_id", experiment, days_ago)

    def put(self, place: str, content: bytes) -> None:
        self.house.objects.put(artifact_key(f"workspaces/{self.name}/{place}"), [content])

    def files(self) -> list[str]:
        """What lies in the workspace, below its own folder."""
        prefix = f"{artifact_key(f'workspaces/{self.name}')}/"
        return [each.key[len(prefix) :] for each in self.house.objects.list(prefix)]

    def submit(self, older_than_days: int = 30) -> Job:
        with self.house.database.write() as tx:
            return start_purge(tx, self.grant(tx), older_than_days)

    def purge(self, older_than_days: int = 30) -> dict[str, Any]:
        """Its result."""
        job = run_in_place(self.house.parts, PURGE_JOB, self.submit(older_than_days).id)
        assert job.state is JobState.DONE, job.error
        result: dict[str, Any] = json.loads(job.result or "")
        return result

    def audited(self) -> list[AuditEntry]:
        with self.house.database.read() as tx:
            grant = self.grant(tx, Permission.AUDIT_READ)
            return list(read_audit(tx, grant, only=AuditFilter(action="tracking.purged")))


@dataclass
class House:
    """MLflow's own store beside Treadle's database, with workspaces in both."""

    parts: JobParts
    store: Any
    registry: Any
    people: dict[str, Actor] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.parts.database

    @property
    def objects(self) -> Any:
        return self.parts.objects

    def place(self) -> Place:
        """A new workspace with an owner."""
        number = next(_numbers)
        email = f"owner{number}@example.com"
        with self.database.write() as tx:
            workspace = {"name": f"place-{os.getpid()}-{number}", "created_at": tx.now}
            place_id = int(tx.execute(insert(workspaces).returning(workspaces.c.id), workspace).scalar_one())
            person = {"email": email, "created_at": tx.now}
            user_id = int(tx.execute(insert(users).returning(users.c.id), person).scalar_one())
            role = {"workspace_id": place_id, "user_id": user_id, "role": "owner", "created_at": tx.now}
            tx.execute(insert(memberships), role)
        return Place(self, place_id, Actor(user_id, email, is_admin=False))

    def age(self, table: str, column: str, key: str, of: str, days_ago: float) -> None:
        moment = int(time.time() * 1000 - days_ago * DAY_MS)
        with self.store.engine.begin() as connection:
            # PostgreSQL compares a number with no text.
            value = int(of) if key == "experiment_id" else of
            sql = f"UPDATE {table} SET {column} = :moment WHERE {key} = :of"
            connection.execute(text(sql), {"moment": moment, "of": value})

    def dump(self) -> set[tuple[str, str]]:
        """Every row of every table of MLflow's, as text."""
        with self.store.engine.connect() as connection:
            names = [
                each for each in inspect(connection).get_table_names() if not each.startswith("treadle_")
            ]
            return {
                (name, repr(tuple(row)))
                for name in names
                for row in connection.execute(text(f'SELECT * FROM "{name}"'))
            }

    def begin(self, job: Job) -> None:
        """A worker has taken the job up."""
        with self.database.write() as tx:
            running = update(job_rows).where(job_rows.c.id == job.id).values(state=JobState.RUNNING.value)
            tx.execute(running)

    def resume(self, job: Job) -> Job:
        """Run it anew, as a worker that remembers nothing."""
        run_job(self.parts, {PURGE_JOB.name: PURGE_JOB}, job.id, lambda _name, call: call())
        with self.database.read() as tx:
            return jobs.get(tx, job.id)

    def count(self, table: str) -> int:
        with self.store.engine.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def mentioned(rows: set[tuple[str, str]], *ids: str) -> set[tuple[str, str]]:
    """Rows that name one of these."""
    return {row for row in rows if any(each in row[1] for each in ids)}


@contextmanager
def open_house(database_url: str, folder: Path) -> Iterator[House]:
    """On a migrated database of Treadle's; MLflow makes its own beside it."""
    given = "" if database_url.startswith("sqlite") else database_url
    settings = Settings(data_dir=folder, database_url=given)
    folder.mkdir(exist_ok=True)
    url = tracking_database_url(settings)
    with (
        patch.dict(os.environ, {"MLFLOW_ENABLE_WORKSPACES": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}),
        closing(Database.open(database_url)) as database,
    ):
        store = WorkspaceAwareSqlAlchemyStore(url, "mlflow-artifacts:/")
        registry = Registry(url)
        parts = JobParts(database, LocalObjects(folder / "objects"), settings)
        try:
            yield House(parts, store, registry)
        finally:
            registry.engine.dispose()
            store.engine.dispose()
