"""What a job holds in its hands while it runs."""

from __future__ import annotations

import time
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from treadle.access import Actor, Grant
from treadle.db import Database, Tx
from treadle.errors import Forbidden
from treadle.jobs import rows
from treadle.jobs.rows import Job
from treadle.late import late, once
from treadle.objects import ObjectStore
from treadle.settings import Settings

if typing.TYPE_CHECKING:
    from treadle.repos.engine import RepoEngine

open_repos = late("treadle.repos.engine:RepoEngine")

T = TypeVar("T")

#: Runs a step once: by name, what it does, giving JSON; answers from memory when it has ended before.
RunStep = Callable[[str, Callable[[], str]], str]

_REPORT_INTERVAL_S = 0.25


class JobCancelled(BaseException):
    """Somebody asked the job to stop. Let it pass: what there is to tidy up stands in the kind's ``undo``."""


@dataclass(frozen=True)
class JobParts:
    """What every job may use."""

    database: Database
    objects: ObjectStore
    settings: Settings

    @once
    def repos(self) -> RepoEngine:
        """The engine of repos, one for the process."""
        engine: RepoEngine = open_repos(self.database, self.objects)
        return engine


@dataclass
class JobRun:
    """One run of a job, from its beginning or resumed."""

    job: Job
    parts: JobParts
    run_step: RunStep
    #: None while a job is undone, which needs nobody's permission.
    held_grant: Grant | None
    _reported_at_s: float = field(default=float("-inf"), init=False)

    @property
    def database(self) -> Database:
        """The open database."""
        return self.parts.database

    @property
    def objects(self) -> ObjectStore:
        """The object store."""
        return self.parts.objects

    @property
    def settings(self) -> Settings:
        """The server's settings."""
        return self.parts.settings

    @property
    def grant(self) -> Grant:
        """The permission of the kind, held anew since this run began."""
        if self.held_grant is None:
            raise Forbidden("job-undone", f"Job {self.job.id} is being undone and holds no permission.")
        return self.held_grant

    @property
    def actor(self) -> Actor:
        """The person whom the job runs for."""
        return self.grant.actor

    @property
    def payload(self) -> Any:
        """What was submitted, as plain values; `decode` gives it a type."""
        return msgspec.json.decode(self.job.payload)

    def decode(self, kind: type[T]) -> T:
        """What was submitted, as a ``kind``. Raises msgspec.ValidationError."""
        return msgspec.json.decode(self.job.payload, type=kind)

    def step(self, name: str, fn: Callable[..., T], *args: object) -> T:
        """Call ``fn(*args)`` unless it has ended in an earlier run; the value that it returned then or now.

        name: the same in every run, and part of the product once released: a job that is half way at
        an upgrade resumes by it. The value travels as JSON and comes back as what ``fn`` is annotated
        to return; an error of ours comes back as itself. Raises JobCancelled before the step.
        """
        self.check_cancelled()
        answer = self.run_step(name, lambda: msgspec.json.encode(fn(*args)).decode())
        value: T = msgspec.json.decode(answer, type=_returned_type(fn))
        return value

    def check_cancelled(self) -> None:
        """Raise JobCancelled when somebody asked for it.

        Every step begins with it; a long one calls it too.
        """
        with self.database.read() as tx:
            asked = rows.get(tx, self.job.id).cancel_requested
        if asked:
            raise JobCancelled

    def report(self, done: int, total: int, message: str = "") -> None:
        """Show progress, at most four times a second and always when ``done`` reaches ``total``."""
        now_s = time.monotonic()
        if done < total and now_s - self._reported_at_s < _REPORT_INTERVAL_S:
            return
        self._reported_at_s = now_s
        with self.database.write() as tx:
            rows.write_progress(tx, self.job.id, done, total, message=message)

    def place(self, start: T) -> T:
        """Where the job's long step is: what `keep_place` wrote last, in this run or an earlier one.

        start: where it begins, of the type that is kept.
        """
        with self.database.read() as tx:
            kept = rows.get(tx, self.job.id).place
        return start if kept is None else msgspec.json.decode(kept, type=type(start))

    def keep_place(self, tx: Tx, place: object) -> None:
        """Write down where the long step is, in the transaction of the work itself.

        Whatever kills the worker, the next run goes on exactly behind what was committed. A job has one.
        """
        rows.write_place(tx, self.job.id, msgspec.json.encode(place).decode())

    def log(self, line: str) -> None:
        """Add a line to the job's log; inside a step it is there once, else once for each run."""
        with self.database.write() as tx:
            rows.append_log(tx, self.job.id, line)


def _returned_type(fn: Callable[..., object]) -> Any:
    # A partial or another object that is called has no annotations of its own: plain values, then.
    return typing.get_type_hints(fn).get("return", Any) if hasattr(fn, "__annotations__") else Any
