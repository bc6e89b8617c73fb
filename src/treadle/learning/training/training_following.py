"""Having a backend learn, and following it to its end.

A treadle backend gets the work and tells how it goes. One of Label Studio's gets the order, works on it
within the request or beyond, and serves what it learnt: that its version is another one is all that it tells.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec

from treadle.errors import NotFound, Unavailable
from treadle.jobs import JobCancelled, JobRun
from treadle.learning.connections.backends import Backend
from treadle.learning.connections.client import BackendClient, RemoteJob
from treadle.learning.connections.reaching import Reach
from treadle.learning.training import trainings
from treadle.learning.training.training_copies import Copy
from treadle.learning.training.training_work import WorkFile
from treadle.learning.training.trainings import Training

_OVER = frozenset({"completed", "failed", "cancelled"})
#: Stands for a training's name where a backend gives none: it was asked for, and is not to be again.
UNNAMED = "-"
#: A proxy in front of a backend that starts anew says that it failed.
_PASSING = frozenset({"backend-down", "backend-slow", "backend-busy", "backend-failed"})
_LOST = "training-lost"
_AWAY = frozenset({502, 503, 504})
_LONGEST_SHOWN = 200
_MOST_PIECES = 1_000
_REPORTED_PARTS = 1_000
_WATCH_EVERY_S = 1.0
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Pace:
    """How often a training is looked at, and how long one that says nothing is waited for.

    away_s: of a backend that does not answer.  silent_s: of one that cannot be followed, to serve what it
    learnt once its answer took too long.
    """

    look_every_s: float = 1.0
    away_s: float = 600.0
    silent_every_s: float = 10.0
    silent_s: float = 3_600.0


class Learnt(msgspec.Struct, frozen=True):
    """What came of it: the backend's name of the version, "" for none; and what happened, in a sentence."""

    version: str
    message: str


@dataclass
class Teacher:
    """Has one backend learn, in one run of the job."""

    run: JobRun
    reach: Reach
    training_id: int
    pace: Pace
    #: Of the work; "" for that of now.
    label_config: str = ""
    _has_answered: bool = field(default=False, init=False)

    @property
    def backend(self) -> Backend:
        """Who learns."""
        return self.reach.backend

    def teach(self, work: WorkFile, before: str) -> Learnt:
        """Order the training, unless an earlier run of the job did, and wait for its end.

        before: what the backend called its model until now.
        Raises Unavailable("training-failed", "training-lost"), JobCancelled.
        """
        training = self._training()
        if not training.remote_job:
            training = self._order(training, work)
        if not self.backend.can_follow:
            return self._await_another(before)
        return self._follow(training)

    def tell(self) -> str:
        """Tell the backend of the project, once it is there; what it calls its model."""
        return self._wait_for(lambda client: client.setup(self.reach.told), _is_starting)

    def _training(self) -> Training:
        with self.run.database.read() as tx:
            return trainings.get(tx, self.training_id)

    def _order(self, training: Training, work: WorkFile) -> Training:
        self._say("Sends the work to the backend")
        if not self.backend.can_follow:
            self._note_name(UNNAMED)
        else:
            self.tell()
        settings = training.wish.settings

        def train(client: BackendClient) -> str:
            with ending_when_cancelled(self.run, client):
                told = self.reach.told
                told = replace(told, label_config=self.label_config or told.label_config)
                return client.train(told, work.to_train(), settings, promote=False)

        try:
            name = self._wait_for(train, _has_sent_nothing)
        except Unavailable as error:
            self.run.check_cancelled()
            if self.backend.can_follow or error.code != "backend-slow":
                raise
            return self._training()  # it may go on learning
        self._has_answered = True
        if self.backend.can_follow:
            self._note_name(name)
        return self._training()

    def _note_name(self, name: str) -> None:
        with self.run.database.write() as tx:
            trainings.note(tx, self.training_id, remote_job=name)

    def _say(self, message: str) -> None:
        with self.run.database.write() as tx:
            trainings.note(tx, self.training_id, message=message)

    # One that tells how it goes.

    def _follow(self, training: Training) -> Learnt:
        with self.run.database.read() as tx:
            copy = Copy.read(tx, training)
        was_asked_to_stop = False
        while True:
            self.run.check_cancelled()
            remote, piece = self._look(training.remote_job, copy)
            if copy.is_new(remote, piece):
                self._write(copy, remote, piece)
            if remote.state in _OVER:
                self._take_rest_of_log(training.remote_job, copy, remote, piece)
                return _learnt(remote)
            training = self._training()
            if training.backend_id is None:
                self._ask_to_stop(training, keep=False)
                raise NotFound("backend-gone", "The backend was disconnected while it learnt.")
            if training.state == "stopping" and not was_asked_to_stop:
                was_asked_to_stop = self._ask_to_stop(training, keep=True)
            time.sleep(self.pace.look_every_s)

    def _take_rest_of_log(self, name: str, copy: Copy, remote: RemoteJob, piece: bytes) -> None:
        """Whatever else a backend says of what is over, only its log is still taken, and not for ever."""
        for _ in range(_MOST_PIECES):
            if not piece:
                return
            _, piece = self._look(name, copy)
            if piece:
                self._write(copy, remote, piece)

    def _ask_to_stop(self, training: Training, *, keep: bool) -> bool:
        """Whether it has heard."""
        try:
            self.reach.client.cancel(training.remote_job, keep=keep)
        except Unavailable as error:
            if error.code not in _PASSING:
                raise
            return False
        return True

    def _look(self, name: str, copy: Copy) -> tuple[RemoteJob, bytes]:
        """How it is, and what else it wrote; waits for a backend that does not answer."""

        def look(client: BackendClient) -> tuple[RemoteJob, bytes]:
            remote = client.job(name)
            return remote, b"" if copy.is_log_full else client.job_log(name, copy.log_end)

        try:
            return self._wait_for(look, _is_passing)
        except NotFound as error:
            if error.code != "backend-job":
                raise
            raise _forgotten(error) from error
        except Unavailable as error:
            if error.code == _LOST:
                raise
            raise _lost(error, 0.0) from error

    def _wait_for(
        self, ask: Callable[[BackendClient], Answer], is_passing: Callable[[Unavailable], bool]
    ) -> Answer:
        """What a backend answers, asked again until it is there. Raises Unavailable("training-lost")."""
        waited_s = 0.0
        while True:
            try:
                return ask(self.reach.client if not waited_s else self.reach.again())
            except Unavailable as error:
                if not is_passing(error):
                    raise
                if waited_s >= self.pace.away_s:
                    raise _lost(error, waited_s) from error
                if not waited_s:
                    self._say(f"Waits for the backend. {error.message}")
            self.run.check_cancelled()
            time.sleep(self.pace.look_every_s)
            waited_s += self.pace.look_every_s

    def _write(self, copy: Copy, remote: RemoteJob, piece: bytes) -> None:
        message = _progress_of(remote)
        with self.run.database.write() as tx:
            copy.write(tx, remote, piece)
            trainings.note(tx, self.training_id, message=message)
            if remote.state != "queued":
                trainings.note_learning(tx, self.training_id)
        part = remote.done / remote.total if remote.total > 0 else 0.0
        done = int(_REPORTED_PARTS * min(max(part, 0.0), 1.0))
        self.run.report(min(done, _REPORTED_PARTS - 1), _REPORTED_PARTS, message)

    # One that does not.

    def _await_another(self, before: str) -> Learnt:
        """Wait until the backend calls its model otherwise; it may never do so."""
        waited_s = 0.0
        while True:
            self.run.check_cancelled()
            now = self._version_now()
            if now is not None and now != before:
                return Learnt(now, f"The backend serves {now} now.")
            if self._has_answered or waited_s >= self.pace.silent_s:
                return Learnt("", _silent(self.backend, before))
            self._say("The backend learns; it does not tell how it goes.")
            time.sleep(self.pace.silent_every_s)
            waited_s += self.pace.silent_every_s

    def _version_now(self) -> str | None:
        try:
            return self.reach.client.setup(self.reach.told)
        except Unavailable as error:
            if error.code not in _PASSING:
                raise
            return None


@contextmanager
def ending_when_cancelled(run: JobRun, client: BackendClient) -> Iterator[None]:
    """What the client is asked meanwhile ends when somebody cancels the job: an answer may take hours."""
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(_WATCH_EVERY_S):
            if _is_cancelled(run):
                client.abort()
                return

    watcher = threading.Thread(target=watch, name="cancel", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()


def _is_cancelled(run: JobRun) -> bool:
    try:
        run.check_cancelled()
    except JobCancelled:
        return True
    return False


def _learnt(remote: RemoteJob) -> Learnt:
    if remote.state == "completed":
        return Learnt(remote.version, remote.message)
    text = remote.message or f"The backend says that it is {remote.state}, and not why."
    raise Unavailable("training-failed", text)


def _progress_of(remote: RemoteJob) -> str:
    if remote.state == "queued":
        return "Waits for its turn in the backend"
    if remote.state == "running":
        return f"Learns: {remote.done:g} of {remote.total:g}" if remote.total > 0 else "Learns"
    return remote.message[:_LONGEST_SHOWN]


def _is_passing(error: Unavailable) -> bool:
    return error.code in _PASSING


def _is_starting(error: Unavailable) -> bool:
    """It is away, or a proxy in front of it says so."""
    return error.code in ("backend-down", "backend-busy") or error.details.get("status") in _AWAY


def _has_sent_nothing(error: Unavailable) -> bool:
    """It may be asked once more: what is sent twice may be learnt twice."""
    return isinstance(error.__cause__, ConnectionRefusedError)


def _lost(error: Unavailable, waited_s: float) -> Unavailable:
    waited = f" It did not come back within {waited_s:g} seconds." if waited_s else ""
    text = f"{error.message}{waited} What serves is as it was. Look at the backend, then train again."
    return Unavailable(_LOST, text)


def _forgotten(error: NotFound) -> Unavailable:
    text = f"{error.message} Its files may be lost. What serves is as it was; train again."
    return Unavailable(_LOST, text)


def _silent(backend: Backend, before: str) -> str:
    return (
        f"{backend.name} took the order, and goes on calling its model {before or 'nothing'}: it does not "
        "tell whether it learnt. Its log says more."
    )
