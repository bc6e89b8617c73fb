"""Trainings on disk: what was asked, how it went, and whose it is.

::

    MODEL_DIR/PROJECT/jobs/ID/job.json       the state, replaced as a whole at each change
    MODEL_DIR/PROJECT/jobs/ID/request.json   what to train, for the training process
    MODEL_DIR/PROJECT/jobs/ID/log.txt        all that the training wrote
    MODEL_DIR/PROJECT/jobs/ID/version/       what becomes the version, moved away when it does
    MODEL_DIR/PROJECT/jobs/ID/lock           held by the server that the training belongs to

A job that is not over and whose lock nobody holds was left by a server that was killed.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

import msgspec

from treadle.ml.versions import replace_file

State = Literal["queued", "running", "loading", "completed", "failed", "cancelled"]
OVER: frozenset[State] = frozenset({"completed", "failed", "cancelled"})
_FILE, _REQUEST, _LOG, _LOCK, _VERSION = "job.json", "request.json", "log.txt", "lock", "version"
_KEPT_POINTS = 2000
_KEPT_JOBS = 50


class Point(msgspec.Struct, array_like=True, frozen=True):
    """A value of a metric; ``step`` as the training counted, else one after the other."""

    step: int
    value: float


class Job(msgspec.Struct):
    """One training."""

    id: str
    project: str
    event: str
    created_at: datetime
    state: State = "queued"
    #: Whether the version is to serve as soon as there is one.
    is_promoted: bool = True
    started_at: datetime | None = None
    ended_at: datetime | None = None
    #: What came of it; "" for nothing.
    version: str = ""
    #: What happened, in a sentence.
    message: str = ""
    done: float = 0
    total: float = 0
    metrics: dict[str, list[Point]] = {}

    def note(self, name: str, value: float, step: int | None) -> None:
        """Add a value of a metric; of very many every second one is kept."""
        points = self.metrics.setdefault(name, [])
        points.append(Point(step if step is not None else len(points), value))
        if len(points) > _KEPT_POINTS:
            del points[-2::-2]

    def last_values(self) -> dict[str, float]:
        """The last value of each metric."""
        return {name: points[-1].value for name, points in self.metrics.items() if points}


class Request(msgspec.Struct, frozen=True):
    """What to train: the project as it was called, the event, and the webhook's body."""

    key: str
    label_config: str
    hostname: str
    access_token: str
    extra_params: msgspec.Raw
    event: str
    data: msgspec.Raw
    #: The version to begin with; "" for none.
    version: str


class JobFolder:
    """The folder of one training, and the lock that says that its server lives."""

    def __init__(self, project_folder: Path, number: str = "") -> None:
        self.id = number or f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self.path = project_folder / "jobs" / self.id
        self._lock: int | None = None

    @property
    def version(self) -> Path:
        """Where the version's files are written."""
        return self.path / _VERSION

    @property
    def log(self) -> Path:
        """What the training wrote."""
        return self.path / _LOG

    def take(self) -> bool:
        """Make it ours; is it nobody else's?"""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        opened = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(opened)
            return False
        self._lock = opened
        return True

    def let_go(self) -> None:
        """It is over: what was only for the training goes."""
        with suppress(OSError):
            (self.path / _REQUEST).unlink(missing_ok=True)
        shutil.rmtree(self.version, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def write(self, job: Job) -> None:
        """Write the state down. Raises OSError."""
        # Not durable: after a loss of power nothing trains, whatever is written here.
        replace_file(self.path / _FILE, msgspec.json.encode(job), is_durable=False)

    def read(self) -> Job | None:
        """The state; None where there is none that can be read."""
        try:
            return msgspec.json.decode((self.path / _FILE).read_bytes(), type=Job)
        except (OSError, msgspec.DecodeError):
            return None

    def write_request(self, request: Request) -> None:
        """Write down what to train. Raises OSError."""
        replace_file(self.path / _REQUEST, msgspec.json.encode(request), is_durable=False)

    def read_request(self) -> Request:
        """What to train. Raises OSError, msgspec.DecodeError."""
        return msgspec.json.decode((self.path / _REQUEST).read_bytes(), type=Request)

    def read_log(self, start: int, size_bytes: int) -> bytes:
        """A piece of the log; a negative start counts from its end."""
        try:
            with self.log.open("rb") as file:
                file.seek(0, os.SEEK_END)
                end = file.tell()
                file.seek(max(0, end + start) if start < 0 else min(start, end))
                return file.read(size_bytes)
        except OSError:
            return b""


def job_folders(project_folder: Path) -> Iterator[JobFolder]:
    """All trainings of a project, the newest first."""
    try:
        names = sorted((entry.name for entry in (project_folder / "jobs").iterdir()), reverse=True)
    except OSError:
        return
    for name in names:
        if not name.startswith("."):
            yield JobFolder(project_folder, name)


def prune_jobs(project_folder: Path) -> None:
    """Remove the oldest trainings that are over."""
    for folder in list(job_folders(project_folder))[_KEPT_JOBS:]:
        job = folder.read()
        if job is None or job.state in OVER:
            shutil.rmtree(folder.path, ignore_errors=True)
