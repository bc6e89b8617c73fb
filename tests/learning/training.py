"""A project of texts with finished work, and a real backend that learns from it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from tests.labeling.studio import Studio, open_studio
from tests.ml.serving.running import children_of
from tests.waiting import wait_until
from treadle import events, jobs
from treadle.access.signing_key import load_signing_key
from treadle.db import Database
from treadle.db.schema import audit_log, projects
from treadle.jobs import Job, JobParts, run_in_place
from treadle.learning.connections import backends
from treadle.learning.connections.backends import Backend, NewBackend
from treadle.learning.connections.client import told_of
from treadle.learning.training import gate, trainings
from treadle.learning.training.training_job import TRAINING_JOB
from treadle.learning.training.trainings import Spec, Training
from treadle.ml.trying import free_port, serving
from treadle.objects import LocalObjects
from treadle.permissions import Permission
from treadle.settings import Settings

_DAYS = count(1)
MODEL = Path(__file__).with_name("words_model.py")
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="kind" toName="text">'
    '<Choice value="Good"/><Choice value="Bad"/></Choices></View>'
)


def answer(*labels: str) -> bytes:
    """A result with these choices."""
    value = {"choices": list(labels)}
    return json.dumps([{"from_name": "kind", "to_name": "text", "type": "choices", "value": value}]).encode()


@dataclass
class Served:
    """The words' model behind ``treadle ml serve``, at one port all the time."""

    folder: Path
    port: int = field(default_factory=free_port)
    pid: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def learnt(self) -> list[int]:
        """The tasks that the last training got."""
        found: list[int] = json.loads((self.folder / "learnt").read_text())
        return found

    def job(self, name: str) -> dict[str, Any]:
        """A training as it tells of it."""
        found: dict[str, Any] = httpx.get(f"{self.url}/jobs/{name}", trust_env=False).json()
        return found

    @contextmanager
    def running(self) -> Iterator[None]:
        """Be there until the block ends."""
        model = self.folder / "model.py"
        shutil.copyfile(MODEL, model)
        command = ["ml", "serve", str(model), "--port", str(self.port)]
        command += ["--model-dir", str(self.folder / "models")]
        with serving(command, {"WORDS_FOLDER": str(self.folder)}) as process:
            self.pid = process.pid
            wait_until(self._is_ready)
            yield
            if process.poll() is None:
                process.kill()

    def _is_ready(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/ready", trust_env=False).status_code == 200
        return False

    def kill(self) -> None:
        """As kill -9 of the whole backend."""
        for pid in (self.pid, *children_of(self.pid)):
            with suppress(ProcessLookupError):  # they end with the first
                os.kill(pid, signal.SIGKILL)


@dataclass
class School:
    """A studio, and what runs its trainings by hand."""

    studio: Studio
    parts: JobParts

    @property
    def database(self) -> Database:
        return self.studio.database

    def label(self, number_of_tasks: int = 40) -> list[int]:
        """Label as many texts, half of them good; their ids."""
        ids = []
        for number in range(number_of_tasks):
            label, word = ("Good", "fine") if number % 2 else ("Bad", "awful")
            (task_id,) = self.studio.add_tasks(1, text=f"{word} {word} story{number}")
            self.studio.submit("annotator", task_id, result=answer(label))
            ids.append(task_id)
        return ids

    def set_config(self, config: str) -> None:
        """Set a label config that people would be refused: as an import of older work leaves it behind."""
        with self.database.write() as tx:
            tx.execute(projects.update().values(label_config=config))

    def connect(self, url: str, **more: Any) -> Backend:
        """A backend that says where it is, and of which age."""
        key = load_signing_key(self.parts.settings.data_dir)
        with self.database.write() as tx:
            grant = self.studio.grant(tx, "manager", Permission.PROJECT_WRITE)
            backend = backends.add(tx, grant, NewBackend(title="words", url=url, timeout_s=20.0), key)
            backends.note(tx, backend.id, state="CO", generation=more.get("generation", "treadle"))
            return backends.get(tx, backend.id)

    def disconnect(self, backend: Backend) -> None:
        with self.database.write() as tx:
            grant = self.studio.grant(tx, "manager", Permission.PROJECT_WRITE)
            backends.remove(tx, grant, backends.get(tx, backend.id))

    def start(self, backend: Backend, who: str = "manager", override: str = "", **spec: Any) -> Training:
        """Order a training."""
        wish = Spec(**spec)
        with self.database.read() as tx:
            grant = self.studio.grant(tx, who, Permission.PROJECT_WRITE)
        findings = gate.look(self.database, grant, wish.query, held_out=wish.held_out).findings
        with self.database.write() as tx:
            grant = self.studio.grant(tx, who, Permission.PROJECT_WRITE)
            project_id = self.studio.project_id
            return trainings.start(
                tx,
                grant,
                project_id,
                backend.id,
                spec=wish,
                cause="person",
                override=override,
                findings=findings,
            )

    def start_blindly(self, backend: Backend) -> Training:
        """As a rule does, which nobody waits for."""
        with self.database.write() as tx:
            grant = self.studio.grant(tx, "manager", Permission.PROJECT_WRITE)
            return trainings.start(tx, grant, backend.project_id, backend.id, spec=Spec(), cause="count")

    def audited(self, action: str) -> dict[str, Any]:
        """What the audit log tells of the newest such action."""
        with self.database.read() as tx:
            rows = tx.rows(audit_log.select().where(audit_log.c.action == action))
        found: dict[str, Any] = json.loads(rows[-1]["detail"])
        return found

    def run(self, training: Training) -> Training:
        """Run its job to its end; the training then."""
        run_in_place(self.parts, TRAINING_JOB, str(training.job_id))
        return self.get(training)

    def get(self, training: Training) -> Training:
        with self.database.read() as tx:
            return trainings.get(tx, training.id)

    def job(self, training: Training) -> Job:
        with self.database.read() as tx:
            return jobs.get(tx, str(training.job_id))

    def cancel(self, training: Training, *, keep: bool) -> Training:
        with self.database.write() as tx:
            grant = self.studio.grant(tx, "manager", Permission.PROJECT_WRITE)
            return trainings.cancel(tx, grant, trainings.get(tx, training.id), keep=keep)

    def version_names(self, backend: Backend) -> list[str]:
        """The versions that there are here."""
        with self.database.read() as tx:
            return [row["name"] for row in trainings.versions_of(tx, backend.project_id)]

    def remote_jobs(self, backend: Backend) -> list[dict[str, Any]]:
        """The trainings of the project as the backend knows them, the newest first."""
        with self.database.read() as tx:
            key = told_of(tx, backend).key
        answer = httpx.get(f"{backend.url}/jobs", params={"project": key}, trust_env=False)
        found: list[dict[str, Any]] = answer.json()["jobs"]
        return found

    def objects_of(self, training: Training) -> list[str]:
        """What is kept for a training while it lasts."""
        return [each.key for each in self.parts.objects.list(f"jobs/{training.job_id}/")]

    def events(self) -> list[str]:
        """What happened to trainings."""
        with self.database.read() as tx:
            found = events.read_events(tx, 0)
        return [event.kind for event in found if event.kind.startswith("training.")]

    def serving(self, backend: Backend) -> Mapping[str, Any] | None:
        with self.database.read() as tx:
            return backends.serving_version(tx, backend.id)

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """A worker as the product starts it, in a process of its own."""
        code = "from treadle.launch.worker import main; main([])"
        environment = {
            **os.environ,
            "TREADLE_DATA_DIR": str(self.parts.settings.data_dir),
            "TREADLE_DATABASE_URL": self.parts.settings.database_url,
        }
        process = subprocess.Popen([sys.executable, "-c", code], env=environment)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def running(self, training: Training) -> Iterator[None]:
        """Its job runs beside the block, and is waited for."""
        thread = threading.Thread(target=self.run, args=(training,))
        thread.start()
        try:
            yield
        finally:
            thread.join()

    def wait_until_it_learns(self, training: Training) -> None:
        """Until a figure has come."""
        wait_until(lambda: self.figures(training))

    def figures(self, training: Training) -> dict[str, list[tuple[int, float]]]:
        with self.database.read() as tx:
            return trainings.figures_of(tx, training.id)

    def log(self, training: Training, start: int = 0) -> tuple[str, int]:
        with self.database.read() as tx:
            return trainings.log_of(tx, training.id, start)


def open_school(database: Database, data_dir: Path) -> School:
    """A studio whose project asks what kind of text it is."""
    data_dir.mkdir(parents=True, exist_ok=True)
    url = database.url if database.dialect == "postgresql" else ""
    settings = Settings(data_dir=data_dir, database_url=url)
    studio = open_studio(database)
    studio.change_project(label_config=CONFIG)
    with database.write() as tx:
        # The key by which a backend that tests share knows the project.
        created_at = tx.now - timedelta(days=next(_DAYS))
        tx.execute(projects.update().values(created_at=created_at))
    return School(studio, JobParts(database, LocalObjects(data_dir / "objects"), settings))
