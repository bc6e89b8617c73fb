"""Trainings as the front sees them: who waits, who runs, and what becomes of what they learnt.

Promises: asking returns at once; a project trains once at a time, and what is asked meanwhile is trained once
after it; a version serves only when every model process has loaded it; a training that fails, is cancelled or
killed leaves the serving version as it was; what waited when the server was killed is trained later.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
from collections import OrderedDict
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

import msgspec

from treadle.errors import Conflict, NotFound, TreadleError, Unavailable, disk_full
from treadle.ml.serving.children import Child, told_end
from treadle.ml.serving.frames import Failed, FromTrainer, Metric, Progress, Project, Stop, Stored
from treadle.ml.serving.jobs import OVER, Job, JobFolder, Request, State, job_folders, prune_jobs
from treadle.ml.serving.measures import Measures
from treadle.ml.serving.options import Options
from treadle.ml.serving.pool import Pool, child_environment
from treadle.ml.serving.projects import Projects
from treadle.ml.versions import UNTRAINED

logger = logging.getLogger("treadle.ml")
MODULE = "treadle.ml.serving.trainer"
START_TRAINING = "START_TRAINING"
_WRITE_EVERY_S = 1.0
#: How long a training may take to stop when it is asked to.
_STOP_S = 10.0
_REMEMBERED = 200
_SETTLE_S = 0.1


@dataclass(eq=False)
class Training:
    """One training of this server."""

    job: Job
    folder: JobFolder
    project: Project
    child: Child[FromTrainer] | None = None
    outcome: Stored | Failed | None = None
    is_cancelled: bool = False
    written_at_s: float = 0.0


class Trainings:
    """The trainings of a server. To be used in one event loop."""

    def __init__(self, options: Options, projects: Projects, pool: Pool, measures: Measures) -> None:
        self._options = options
        self._projects = projects
        self._pool = pool
        self._measures = measures
        self._waiting: OrderedDict[str, Training] = OrderedDict()
        self._running: dict[str, Training] = {}
        self._ended: OrderedDict[str, Job] = OrderedDict()
        self._decoder: msgspec.msgpack.Decoder[FromTrainer] = msgspec.msgpack.Decoder(FromTrainer)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_ending = False

    @property
    def running(self) -> int:
        """How many train now."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    def is_training(self, key: str) -> bool:
        """Whether a project trains or is about to."""
        return key in self._running or key in self._waiting

    def ask(self, project: Project, event: str, data: bytes, *, is_promoted: bool = True) -> Job:
        """Train a project soon; the training that will do it, which may be one that waits already.

        Raises Unavailable("trainings-full", "disk-full").
        """
        waiting = self._waiting.get(project.key)
        if waiting is not None:
            # A button outlasts the events that follow it: an author may train on it alone.
            if waiting.job.event != START_TRAINING or event == START_TRAINING:
                waiting.job.event, waiting.job.is_promoted = event, is_promoted
                waiting.project = project
                self._write_request(waiting, data)
            return waiting.job
        if len(self._waiting) >= self._options.waiting_trainings:
            text = f"{len(self._waiting)} projects wait to be trained. Ask again when some are done."
            raise Unavailable("trainings-full", text, details={"retry_after_s": 60})
        training = self._make(project, event, is_promoted=is_promoted)
        self._write_request(training, data)
        self._waiting[project.key] = training
        # Later, so that no answer waits for the start of a process, and events that come together are one.
        asyncio.get_running_loop().call_later(_SETTLE_S, self._start_next)
        return training.job

    def find(self, number: str) -> Job:
        """A training by its id, of another replica too. Raises NotFound("job-not-found")."""
        for training in self._own():
            if training.job.id == number:
                return training.job
        if number in self._ended:
            return self._ended[number]
        folder = self._folder_of(number)
        job = folder.read() if folder else None
        if job is None:
            raise NotFound("job-not-found", f"There is no training {number!r}; /jobs lists those that are.")
        return job

    def read_log(self, number: str, start: int, size_bytes: int) -> bytes:
        """A piece of what a training wrote. Raises NotFound("job-not-found")."""
        self.find(number)
        folder = self._folder_of(number)
        return folder.read_log(start, size_bytes) if folder else b""

    def list(self, key: str | None = None) -> list[Job]:
        """The trainings of a project, or of all, the newest first."""
        own = {training.job.id: training.job for training in self._own()}
        if key is None:
            folders = [folder for path in self._projects.folders() for folder in job_folders(path)]
        else:
            folders = list(job_folders(self._projects.get(key).versions.folder))
        found = [own.get(folder.id) or folder.read() for folder in folders]
        return sorted((job for job in found if job), key=lambda job: job.id, reverse=True)

    def cancel(self, number: str, *, is_kept: bool = False) -> Job:
        """End a training soon; ``is_kept``: with a version of what it has learnt by then.

        Raises NotFound("job-not-found"), Conflict("job-not-ours").
        """
        for training in self._own():
            if training.job.id == number:
                self._cancel(training, is_kept=is_kept)
                return training.job
        job = self.find(number)
        if job.state in OVER:
            return job
        text = f"Training {number} runs in another replica. Ask that one to cancel it."
        raise Conflict("job-not-ours", text)

    def resume(self) -> None:
        """Take over what a killed server left: what waited is trained, what ran has failed."""
        for path in self._projects.folders():
            for folder in job_folders(path):
                if (folder.path / "request.json").exists():
                    self._resume(folder)
        self._start_next()

    async def close(self) -> None:
        """End the trainings; those that wait go on at the next start."""
        self._is_ending = True
        for training in self._running.values():
            if training.child is not None:
                training.child.end()

    # Asking.

    def _make(self, project: Project, event: str, *, is_promoted: bool) -> Training:
        folder = JobFolder(self._projects.get(project.key).versions.folder)
        job = Job(folder.id, project.key, event, _now(), is_promoted=is_promoted)
        try:
            folder.take()
        except OSError as error:
            raise _not_written(folder, error) from error
        return Training(job, folder, project)

    def _write_request(self, training: Training, data: bytes) -> None:
        project, job = training.project, training.job
        request = Request(
            project.key,
            project.label_config,
            project.hostname,
            project.access_token,
            msgspec.Raw(project.extra_params),
            job.event,
            msgspec.Raw(data),
            self._projects.get(project.key).versions.current(),
        )
        try:
            training.folder.write_request(request)
            training.folder.write(job)
        except OSError as error:
            training.folder.let_go()
            raise _not_written(training.folder, error) from error

    def _resume(self, folder: JobFolder) -> None:
        job = folder.read()
        if job is None or job.state in OVER or not folder.take():
            return
        try:
            asked = folder.read_request()
        except (OSError, msgspec.DecodeError):
            asked = None
        if asked is None or job.state == "running":
            left = (
                "The model server was ended while this was learning, and runs again: what was learnt by then "
                "is lost, and what serves is as it was. Train again."
            )
            self._end(Training(job, folder, Project(job.project)), "failed", left)
            return
        project = Project(
            asked.key, asked.label_config, asked.hostname, asked.access_token, bytes(asked.extra_params)
        )
        training = Training(job, folder, project)
        if job.state == "loading":
            self._run(self._promote(training))
        elif self._waiting.setdefault(job.project, training) is not training:
            self._end(training, "cancelled", "Another training of the project waits already.")

    # Running.

    def _start_next(self) -> None:
        while not self._is_ending and len(self._running) < self._options.trainings:
            key = next((key for key in self._waiting if key not in self._running), None)
            if key is None:
                return
            training = self._running[key] = self._waiting.pop(key)
            training.job.state, training.job.started_at = "running", _now()
            self._run(self._start(training))

    async def _start(self, training: Training) -> None:
        options, folder = self._options, training.folder
        self._write(training)
        training.child = child = Child(
            MODULE,
            [
                str(options.model),
                str(options.model_dir),
                str(folder.path.parent.parent),
                folder.id,
                options.log_level,
            ],
            decoder=self._decoder,
            on_message=lambda message: self._hear(training, message),
            on_end=lambda status: self._note_end(training, status),
        )
        device = options.devices[-1] if options.devices else ""
        try:
            with folder.log.open("ab") as log:
                await child.start(child_environment(options, device), log)
        except OSError as error:
            training.child = None
            self._end(training, "failed", f"The training process could not be started ({error}).")
        if training.is_cancelled:
            child.end()

    def _hear(self, training: Training, message: FromTrainer) -> None:
        job = training.job
        if isinstance(message, Metric):
            job.note(message.name, message.value, message.step)
        elif isinstance(message, Progress):
            job.done, job.total = message.done, message.total
        else:
            training.outcome = message
            return
        now_s = asyncio.get_running_loop().time()
        if now_s - training.written_at_s >= _WRITE_EVERY_S:
            training.written_at_s = now_s
            self._write(training)

    def _note_end(self, training: Training, status: int) -> None:
        training.child = None
        if self._is_ending:
            return
        outcome = training.outcome
        if training.is_cancelled:
            self._end(training, "cancelled", "It was cancelled.")
        elif isinstance(outcome, Stored) and outcome.version:
            training.job.version = outcome.version
            self._run(self._promote(training))
        elif isinstance(outcome, Stored):
            self._end(training, "completed", "It ended without a version: fit returned nothing to keep.")
        elif isinstance(outcome, Failed):
            self._end(training, "failed", outcome.reason)
        else:
            self._end(training, "failed", f"The training process {told_end(status)}.")

    async def _promote(self, training: Training) -> None:
        job = training.job
        if not job.is_promoted:
            self._end(training, "completed", f"Version {job.version} is stored; it does not serve yet.")
            return
        job.state = "loading"
        self._write(training)
        try:
            await self.promote(training.project, job.version)
        except TreadleError as error:
            serving = self._projects.get(job.project).versions.current() or UNTRAINED
            text = f"Version {job.version} is stored, and {serving} goes on serving: {error.message}"
            self._end(training, "failed", text)
            return
        self._end(training, "completed", f"Version {job.version} serves.")
        known = self._projects.get(job.project)
        versions = known.versions
        await asyncio.to_thread(versions.prune, self._options.keep_versions, known.setup.model_version)
        await asyncio.to_thread(prune_jobs, versions.folder)

    async def promote(self, project: Project, name: str) -> None:
        """Let a version serve, when every model process has loaded it.

        Raises NotFound("version-not-found"), Conflict("version-broken"), Unavailable("version-not-loaded",
        "disk-full").
        """
        versions = self._projects.get(project.key).versions
        if name != UNTRAINED:
            await asyncio.to_thread(versions.read, name)
        await self._pool.load(project, "" if name == UNTRAINED else name)
        await asyncio.to_thread(versions.promote, name)

    def _cancel(self, training: Training, *, is_kept: bool) -> None:
        if training.job.state == "queued":
            self._waiting.pop(training.job.project, None)
            self._end(training, "cancelled", "It was cancelled before it began.")
        elif training.job.state == "running":
            training.is_cancelled = training.is_cancelled or not is_kept
            child = training.child
            if child is not None:
                child.send(Stop(is_kept))
                if not is_kept:
                    asyncio.get_running_loop().call_later(_STOP_S, child.end, signal.SIGKILL)

    def _end(self, training: Training, state: State, message: str) -> None:
        job = training.job
        job.state, job.message, job.ended_at = state, message, _now()
        log = logger.info if state != "failed" else logger.error
        log("Training %s of project %s: %s. %s", job.id, job.project or "(unnamed)", state, message)
        self._measures.count("trainings", state)
        self._write(training)
        training.folder.let_go()
        if self._running.get(job.project) is training:
            del self._running[job.project]
        self._ended[job.id] = job
        if len(self._ended) > _REMEMBERED:
            self._ended.popitem(last=False)
        self._start_next()

    def _write(self, training: Training) -> None:
        try:
            training.folder.write(training.job)
        except OSError as error:
            logger.warning("The state of training %s cannot be written (%s).", training.job.id, error)

    def _own(self) -> Iterator[Training]:
        yield from self._running.values()
        yield from self._waiting.values()

    def _folder_of(self, number: str) -> JobFolder | None:
        if "/" in number or number.startswith("."):
            return None
        for path in self._projects.folders():
            if (path / "jobs" / number).is_dir():
                return JobFolder(path, number)
        return None

    def _run(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _not_written(folder: JobFolder, error: OSError) -> Unavailable:
    if error.errno == errno.ENOSPC:
        return disk_full("a training")
    text = f"{folder.path} cannot be written ({error.strerror}). Let the server's user write to --model-dir."
    return Unavailable("model-dir-unusable", text)


def _now() -> datetime:
    return datetime.now(timezone.utc)
