"""The model processes as the front sees them: kept alive, given batches, told what to load.

Promises: a request waits in a queue of bounded length, for a bounded time; a process that dies or hangs is
replaced, those whose tasks it held are told so, the others wait on; a version is asked for when it is first
needed, and the predictions of its project wait for it while other projects go on.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from treadle.errors import TreadleError, Unavailable
from treadle.ml.calling import DATA_DIR, DEVICE, MEDIA_DIR
from treadle.ml.serving.children import Child, told_end
from treadle.ml.serving.frames import (
    Broken,
    FromModel,
    Load,
    Loaded,
    PartAnswer,
    Predict,
    Predicted,
    Project,
    Ready,
)
from treadle.ml.serving.measures import Measures
from treadle.ml.serving.options import Options
from treadle.ml.serving.queues import Group, Queue, Ticket
from treadle.ml.versions import UNTRAINED

logger = logging.getLogger("treadle.ml")
MODULE = "treadle.ml.serving.model_process"
#: How long a turn may keep others waiting, beyond a batch; and how many batches it has at most.
_TURN_S, _MOST_BATCHES = 0.1, 16
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _STEADY_S = 0.1, 10.0, 30.0
_LOOK_EVERY_S = 1.0
#: How long a version that could not be loaded is not tried again.
_BROKEN_FOR_S = 30.0
#: How many projects' models a process holds, the last ones loaded: authors hold no fewer.
_MOST_PROJECTS = 8


@dataclass(eq=False)
class Worker:
    """One model process and what it holds."""

    device: str
    child: Child[FromModel] | None = None
    is_ready: bool = False
    started_at_s: float = 0.0
    failures: int = 0
    loaded: dict[str, str] = field(default_factory=dict)
    loading: dict[str, str] = field(default_factory=dict)
    batch: list[Ticket] = field(default_factory=list)
    began_at_s: float = 0.0
    #: Why it is ended, where we do it ourselves.
    verdict: str = ""

    @property
    def is_idle(self) -> bool:
        """Whether it can take a batch."""
        return self.is_ready and not self.batch


class Loading(NamedTuple):
    """Somebody waits until a process has a version."""

    worker: Worker
    project: Project
    version: str
    done: asyncio.Future[None]


class Pool:
    """The model processes of a server. To be used in one event loop."""

    def __init__(self, options: Options, measures: Measures, on_broken: Callable[[str], None]) -> None:
        self._options = options
        self._measures = measures
        #: Called with the reason when the file cannot be served and never was.
        self._on_broken = on_broken
        self._workers = [Worker(device) for device in options.devices or ("",)]
        self._queue = Queue()
        self._loads: list[Loading] = []
        self._broken_versions: dict[tuple[str, str], tuple[float, str]] = {}
        self._is_due = False
        self._is_ending = False
        self._asking = 0
        self._seconds_a_task = 0.05
        self._decoder: msgspec.msgpack.Decoder[FromModel] = msgspec.msgpack.Decoder(FromModel)
        self._tasks: set[asyncio.Task[None]] = set()
        #: Of the author's class; "" while nobody knows.
        self.name = ""
        self.train_events: frozenset[str] = frozenset()
        #: Why no process is ready.
        self.reason = ""
        #: How often a process was started again.
        self.restarts = 0

    async def start(self) -> None:
        """Start the processes; returns before they are ready."""
        self._loop = asyncio.get_running_loop()
        for worker in self._workers:
            await self._start(worker)
        self._loop.call_later(_LOOK_EVERY_S, self._look)

    async def close(self) -> None:
        """End the processes; who waits is refused."""
        self._is_ending = True
        for worker in self._workers:
            if worker.child is not None:
                worker.child.end()
        self._refuse(list(self._queue.drop(lambda _: True)), "The server is being stopped.")

    @property
    def state(self) -> str:
        """``starting``, ``loading``, ``ready`` or ``failed``."""
        if not any(worker.is_ready for worker in self._workers):
            return "failed" if self.reason else "starting"
        if any(worker.is_ready and (worker.loaded or not worker.loading) for worker in self._workers):
            return "ready"
        return "loading"

    @property
    def pids(self) -> list[int]:
        """The numbers of the processes."""
        return [worker.child.pid for worker in self._workers if worker.child is not None]

    @property
    def waiting(self) -> int:
        """How many tasks wait."""
        return self._queue.tasks

    @property
    def asking(self) -> int:
        """How many requests for predictions are under way."""
        return self._asking

    @property
    def size_of_a_turn(self) -> int:
        """How many tasks go to a process at once: several batches of a model that takes no time over them."""
        size = self._options.batch_size
        return max(size, min(_MOST_BATCHES * size, int(_TURN_S / max(self._seconds_a_task, 1e-6))))

    async def predict(self, group: Group, parts: Sequence[tuple[bytes, int]]) -> list[PartAnswer]:
        """The answers to a request's tasks, part by part.

        Raises Unavailable("queue-full", "queue-wait", "model-ended", "version-not-loaded", "model-failed").
        """
        if self._asking > self._options.queue_size:
            self._measures.count("refused", "queue-full")
            text = f"{self._asking} requests wait already. Send it again a little later."
            raise self._unavailable("queue-full", text)
        if self.state == "failed":
            raise self._unavailable("model-failed", f"The model cannot be served: {self.reason}")
        now_s = self._loop.time()
        tickets = [
            Ticket(group, tasks, count, part, now_s, self._loop.create_future())
            for part, (tasks, count) in enumerate(parts)
        ]
        for ticket in tickets:
            self._queue.add(ticket)
        self._plan()
        self._asking += 1
        try:
            if len(tickets) == 1:
                return [await tickets[0].answer]
            return list(await asyncio.gather(*(ticket.answer for ticket in tickets)))
        except TreadleError:
            # Nobody waits for the others of its parts any more.
            self._queue.drop(tickets.__contains__)
            for ticket in tickets:
                ticket.answer.cancel()
            raise
        finally:
            self._asking -= 1

    async def load(self, project: Project, version: str) -> None:
        """Make a version ready in every process. Raises Unavailable("version-not-loaded")."""
        self._broken_versions.pop((project.key, version), None)
        missing = [worker for worker in self._workers if worker.loaded.get(project.key) != version]
        asked = [Loading(worker, project, version, self._loop.create_future()) for worker in missing]
        self._loads.extend(asked)
        for worker in missing:
            if worker.is_ready:
                self._load(worker, project, version)
        answers = await asyncio.gather(*(one.done for one in asked), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer

    def retry_after_s(self) -> int:
        """When what waits now may be done, in whole seconds."""
        return max(1, min(60, math.ceil(self._queue.tasks * self._seconds_a_task / len(self._workers))))

    # Processes.

    async def _start(self, worker: Worker) -> None:
        worker.started_at_s = self._loop.time()
        worker.verdict = ""
        options = self._options
        child: Child[FromModel] = Child(
            MODULE,
            [str(options.model), str(options.model_dir), options.log_level],
            decoder=self._decoder,
            on_message=lambda message: self._hear(worker, message),
            on_end=lambda status: self._note_end(worker, status),
        )
        try:
            await child.start(child_environment(options, worker.device))
        except OSError as error:
            self.reason = f"The model process could not be started ({error})."
            self._plan_restart(worker)
            return
        worker.child = child

    def _plan_restart(self, worker: Worker) -> None:
        if self._is_ending:
            return
        if self._loop.time() - worker.started_at_s > _STEADY_S:
            worker.failures = 0
        pause_s = min(_FIRST_PAUSE_S * 2**worker.failures, _LONGEST_PAUSE_S) if worker.failures else 0.0
        worker.failures += 1
        self._loop.call_later(pause_s, self._restart, worker)

    def _restart(self, worker: Worker) -> None:
        if self._is_ending:
            return
        self.restarts += 1
        task = self._loop.create_task(self._start(worker))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _note_end(self, worker: Worker, status: int) -> None:
        if self._is_ending:
            return
        why = f"The model process {worker.verdict or told_end(status)}"
        was_ready, worker.is_ready, worker.child = worker.is_ready, False, None
        batch, worker.batch = worker.batch, []
        loading, worker.loading, worker.loaded = worker.loading, {}, {}
        if not was_ready and not self.reason:
            self.reason = f"{why} before it was ready."
        logger.error("%s. It is started again.", why)
        for key, version in loading.items():
            self._note_loaded(worker, Loaded(key, version, f"{why} while it loaded this version", 0))
        self._refuse(batch, f"{why} while it worked on this request; it is started again.", "model-ended")
        self._plan_restart(worker)
        if self.state == "failed":
            waiting = self._queue.drop(lambda _: worker.failures > 1)
            self._refuse(waiting, f"The model cannot be served: {self.reason}", "model-failed")

    # Messages.

    def _hear(self, worker: Worker, message: FromModel) -> None:
        if isinstance(message, Predicted):
            self._note_predicted(worker, message)
        elif isinstance(message, Loaded):
            self._note_loaded(worker, message)
        elif isinstance(message, Ready):
            worker.is_ready = True
            for one in self._loads:
                if one.worker is worker:
                    self._load(worker, one.project, one.version)
            self.name, self.train_events, self.reason = message.name, frozenset(message.train_events), ""
        elif isinstance(message, Broken):
            was_served = bool(self.name)
            self.reason = message.reason
            if not was_served:
                self._on_broken(message.reason)
        self._dispatch()

    def _note_predicted(self, worker: Worker, message: Predicted) -> None:
        batch, worker.batch = worker.batch, []
        seconds = self._loop.time() - worker.began_at_s
        count = sum(ticket.count for ticket in batch)
        self._measures.note_batch(count, seconds)
        self._seconds_a_task += 0.2 * (seconds / max(1, count) - self._seconds_a_task)
        for ticket, answer in zip(batch, message.parts, strict=True):
            if answer.errors:
                self._measures.count("failed_tasks", "", len(answer.errors))
            if not ticket.answer.done():
                ticket.answer.set_result(answer)

    def _note_loaded(self, worker: Worker, message: Loaded) -> None:
        if worker.loading.get(message.key) == message.version:
            del worker.loading[message.key]
        if message.error:
            worker.loaded.pop(message.key, None)
            self._broken_versions[message.key, message.version] = (
                self._loop.time() + _BROKEN_FOR_S,
                message.error,
            )
            waiting = self._queue.drop(lambda ticket: _needs(ticket, message.key, message.version))
            self._refuse(waiting, _not_loaded(message.version, message.error), "version-not-loaded")
        else:
            worker.loaded.pop(message.key, None)
            worker.loaded[message.key] = message.version
            while len(worker.loaded) > _MOST_PROJECTS:
                del worker.loaded[next(iter(worker.loaded))]
            self._measures.note_load(message.seconds)
        self._tell_loaders(worker, message)

    def _tell_loaders(self, worker: Worker, message: Loaded) -> None:
        for one in list(self._loads):
            if one.worker is not worker or (one.project.key, one.version) != (message.key, message.version):
                continue
            self._loads.remove(one)
            if one.done.done():
                continue
            if message.error:
                text = _not_loaded(message.version, message.error)
                one.done.set_exception(Unavailable("version-not-loaded", text))
            else:
                one.done.set_result(None)

    # Batches.

    def _plan(self) -> None:
        # Once for all requests that this turn of the loop reads.
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._dispatch)

    def _dispatch(self) -> None:
        self._is_due = False
        for worker in self._workers:
            if worker.is_idle and len(self._queue):
                self._give(worker)

    def _give(self, worker: Worker) -> None:
        group = self._next_group(worker)
        if group is None or worker.child is None:
            return
        worker.batch = self._queue.take(group, self.size_of_a_turn)
        worker.began_at_s = self._loop.time()
        worker.child.send(
            Predict(
                group.project,
                group.version,
                group.context,
                group.settings,
                self._options.batch_size,
                [ticket.tasks for ticket in worker.batch],
            )
        )

    def _next_group(self, worker: Worker) -> Group | None:
        """Whose turn it is; what it needs and this process does not have is asked for."""
        for ticket in self._queue:
            group = ticket.group
            key = group.project.key
            if key in worker.loading:
                continue
            if worker.loaded.get(key) != group.version:
                self._ask_for(worker, group)
            elif self._may_go(ticket):
                return group
        return None

    def _may_go(self, ticket: Ticket) -> bool:
        wait_s = self._options.batch_wait_s
        if not wait_s or ticket.group.is_interactive:
            return True
        left_s = ticket.queued_at_s + wait_s - self._loop.time()
        if left_s <= 0 or self._queue.tasks >= self._options.batch_size:
            return True
        self._loop.call_later(left_s, self._dispatch)
        return False

    def _ask_for(self, worker: Worker, group: Group) -> None:
        key, version = group.project.key, group.version
        until_s, error = self._broken_versions.get((key, version), (0.0, ""))
        if until_s > self._loop.time():
            waiting = self._queue.drop(lambda ticket: _needs(ticket, key, version))
            self._refuse(waiting, _not_loaded(version, error), "version-not-loaded")
            return
        self._load(worker, group.project, version)

    def _load(self, worker: Worker, project: Project, version: str) -> None:
        if worker.child is not None and worker.loading.get(project.key) != version:
            worker.loading[project.key] = version
            worker.loaded.pop(project.key, None)
            worker.child.send(Load(project, version))

    # Time.

    def _look(self) -> None:
        if self._is_ending:
            return
        now_s = self._loop.time()
        # A request that was begun may take its time.
        late = self._queue.drop(
            lambda ticket: not ticket.part and now_s - ticket.queued_at_s > self._options.queue_wait_s
        )
        self._refuse(late, f"It waited {self._options.queue_wait_s:.0f} s for the model.", "queue-wait")
        limit_s = self._options.predict_timeout_s
        for worker in self._workers:
            if worker.batch and limit_s and now_s - worker.began_at_s > limit_s and worker.child is not None:
                worker.verdict = f"was ended since it took more than {limit_s:.0f} s"
                worker.child.end()
        self._loop.call_later(_LOOK_EVERY_S, self._look)

    def _refuse(self, tickets: Sequence[Ticket], text: str, code: str = "model-stopping") -> None:
        if tickets:
            self._measures.count("refused", code, len(tickets))
        for ticket in tickets:
            if not ticket.answer.done():
                ticket.answer.set_exception(self._unavailable(code, text))

    def _unavailable(self, code: str, text: str) -> TreadleError:
        return Unavailable(code, text, details={"retry_after_s": self.retry_after_s()})


#: The front's own: what a model does not need to know.
_SECRETS = ("TREADLE_ML_BASIC_AUTH", "TREADLE_ML_TOKEN", "TREADLE_ML_WEBHOOK_SECRET")


def child_environment(options: Options, device: str) -> dict[str, str]:
    """What a child of the server finds in its environment."""
    environment = {name: value for name, value in os.environ.items() if name not in _SECRETS}
    author_dir = options.model_dir / "_author"
    author_dir.mkdir(parents=True, exist_ok=True)
    environment["MODEL_DIR"] = str(author_dir.resolve())
    if options.media_dir is not None:
        environment[MEDIA_DIR] = str(options.media_dir.resolve())
    if options.data_dirs:
        environment[DATA_DIR] = os.pathsep.join(str(folder.resolve()) for folder in options.data_dirs)
    if device:
        environment.update(_only(device, environment.get(_VISIBLE)))
    return environment


def _only(device: str, visible: str | None) -> dict[str, str]:
    """Let a process see one device alone, so that models that take the first one they see take it."""
    kind, _, number = device.partition(":")
    if kind != "cuda":
        return {DEVICE: device, **({_VISIBLE: ""} if kind == "cpu" else {})}
    names = visible.split(",") if visible else []
    place = int(number) if number.isdigit() else 0
    return {DEVICE: "cuda:0", _VISIBLE: names[place] if place < len(names) else str(place)}


def _needs(ticket: Ticket, key: str, version: str) -> bool:
    return ticket.group.project.key == key and ticket.group.version == version


def _not_loaded(version: str, error: str) -> str:
    return f"Version {version or UNTRAINED} could not be loaded: {error}"
