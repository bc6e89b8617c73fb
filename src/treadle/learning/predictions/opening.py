"""Prediction at the moment when somebody opens a task, where the project says so.

Nobody waits long: what is not there within a moment is kept when it comes, and shown the next time. A process
asks about a task once at a time; of two processes that ask at once, the second to answer changes nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

from treadle.errors import TreadleError
from treadle.learning.connections import backends
from treadle.learning.connections.backends import Backend
from treadle.learning.connections.connecting import LearningParts
from treadle.learning.predictions import attempts
from treadle.learning.predictions.predicting import predict_tasks, version_now

logger = logging.getLogger(__name__)

#: How long an opening waits, and how many tasks are asked about at once, by one backend and by all; others
#: open without.
_WAIT_S = 1.5
_MOST_OF_ONE, _MOST_AT_ONCE = 4, 16
#: A backend that could not answer is left alone for so long.
_REST_S = 60.0

_Asked = tuple[int, int]


@dataclass
class OnOpening:
    """Asks the backends of a project about the task that is opened; one for a process."""

    parts: LearningParts
    wait_s: float = _WAIT_S
    _under_way: dict[_Asked, Future[bool]] = field(default_factory=dict)
    _resting: dict[int, float] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def predict(self, project_id: int, task_id: int, actor_id: int | None) -> bool:
        """Ask about a task what was not asked yet; whether there is a new prediction by now.

        Takes `wait_s` at most. What goes wrong is written down at the task's attempt, or logged.
        """
        asked = [
            future
            for backend in self._unasked(project_id, task_id)
            if (future := self._ask(backend, task_id, actor_id)) is not None
        ]
        done, _ = wait(asked, timeout=self.wait_s)
        return any(future.result() for future in done)

    def _unasked(self, project_id: int, task_id: int) -> list[Backend]:
        """The backends whose version of now was never asked about the task, and that are well."""
        with self.parts.database.read() as tx:
            known = [(each, version_now(tx, each)) for each in backends.of_project(tx, project_id)]
            return [
                backend
                for backend, version in known
                if not (version and attempts.is_known(tx, backend.id, version, task_id))
                and self._resting.get(backend.id, 0.0) < time.monotonic()
            ]

    def _ask(self, backend: Backend, task_id: int, actor_id: int | None) -> Future[bool] | None:
        asked = (backend.id, task_id)
        with self._turn:
            if asked in self._under_way:
                return self._under_way[asked]
            of_this = sum(1 for backend_id, _ in self._under_way if backend_id == backend.id)
            if of_this >= _MOST_OF_ONE or len(self._under_way) >= _MOST_AT_ONCE:
                return None
            future = self._under_way[asked] = Future()
        # One that nobody waits for when the server ends: what it would write is asked for again.
        thread = threading.Thread(
            target=self._answer, args=(future, backend, task_id, actor_id), daemon=True, name="on-opening"
        )
        thread.start()
        return future

    def _answer(self, future: Future[bool], backend: Backend, task_id: int, actor_id: int | None) -> None:
        is_any = False
        try:
            outcome = predict_tasks(self.parts, backend, [task_id], actor_id=actor_id)
            is_any = outcome.written.done > 0
        except TreadleError as error:
            self._resting[backend.id] = time.monotonic() + _REST_S
            logger.warning(
                "A task was opened without a prediction",
                extra={"backend": backend.id, "task": task_id, "code": error.code, "problem": error.message},
            )
        finally:
            with self._turn:
                self._under_way.pop((backend.id, task_id), None)
            future.set_result(is_any)
