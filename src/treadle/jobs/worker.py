"""The worker: takes queued jobs, resumes those that were half way, and runs a few at a time.

Jobs that mostly wait for what is done elsewhere have places of their own: a training of a day keeps nobody's
import waiting.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable

from treadle.jobs import rows
from treadle.jobs.doorbell import Doorbell, hang_doorbell
from treadle.jobs.durable import DurableSteps
from treadle.jobs.kinds import JobKind
from treadle.jobs.liveness import note_alive
from treadle.jobs.run import JobParts, RunStep
from treadle.jobs.runner import give_up, run_job

logger = logging.getLogger(__name__)

_AT_ONCE = 4
_FOLLOWED_AT_ONCE = 32
_ROUND_S = 5.0


class Worker:
    """What one worker process does."""

    def __init__(self, parts: JobParts, kinds: Iterable[JobKind]) -> None:
        self._parts = parts
        self._kinds = {kind.name: kind for kind in kinds}
        self._followed = frozenset(name for name, kind in self._kinds.items() if kind.is_followed)
        #: By id: whether it is followed.
        self._running: dict[str, bool] = {}
        self._nudge = threading.Event()
        self._is_stopping = False
        self._has_lost_a_job = False

    def stop(self) -> None:
        """Let `work` return; jobs that run stay half way and resume at the next start."""
        self._is_stopping = True
        self._nudge.set()

    def work(self) -> None:
        """Run jobs until `stop`, or until one could neither be ended nor failed, as on a full disk.

        Such a job resumes when a worker begins anew.
        """
        doorbell = hang_doorbell(self._parts.database)
        steps = DurableSteps(self._parts.settings, doorbell.slot, self._run)
        logger.info("A worker runs", extra={"slot": doorbell.slot})
        try:
            self._work(doorbell, steps)
        finally:
            steps.close()
            doorbell.close()

    def _work(self, doorbell: Doorbell, steps: DurableSteps) -> None:
        next_round_s = time.monotonic()
        while True:
            self._nudge.clear()
            if self._is_stopping or self._has_lost_a_job:
                return
            if time.monotonic() >= next_round_s:
                self._go_round(doorbell, steps)
                next_round_s = time.monotonic() + _ROUND_S
            self._begin_queued(steps)
            doorbell.wait(self._nudge, next_round_s - time.monotonic())

    def _begin_queued(self, steps: DurableSteps) -> None:
        self._begin(steps, _AT_ONCE, is_followed=False)
        self._begin(steps, _FOLLOWED_AT_ONCE, is_followed=True)

    def _begin(self, steps: DurableSteps, most: int, *, is_followed: bool) -> None:
        room = most - list(self._running.values()).count(is_followed)
        if room <= 0:
            return
        with self._parts.database.read() as tx:
            queued = rows.list_queued(tx, self._followed, limit=room, is_followed=is_followed)
        for job_id in queued:
            with self._parts.database.write() as tx:
                is_mine = rows.claim(tx, job_id)
            if is_mine:
                self._running[job_id] = is_followed
                steps.start(job_id)

    def _go_round(self, doorbell: Doorbell, steps: DurableSteps) -> None:
        """See to what died: workers with their jobs, and jobs whose worker died between two writes."""
        for slot in doorbell.dead_slots():
            steps.adopt(slot)
        with self._parts.database.read() as tx:
            running = rows.list_running(tx)
        for job_id in self._running.keys() - set(running):
            self._running.pop(job_id, None)
        for job_id in set(running) - self._running.keys():
            if not steps.has_begun(job_id):
                steps.start(job_id)
            elif steps.has_ended(job_id):
                give_up(self._parts, self._kinds, job_id)
        steps.forget_done()
        note_alive(self._parts.settings.data_dir)

    def _run(self, job_id: str, run_step: RunStep) -> None:
        self._running.setdefault(job_id, self._is_followed(job_id))
        is_ended = False
        try:
            run_job(self._parts, self._kinds, job_id, run_step)
            is_ended = True
        finally:
            self._has_lost_a_job |= not is_ended
            self._running.pop(job_id, None)
            self._nudge.set()

    def _is_followed(self, job_id: str) -> bool:
        with self._parts.database.read() as tx:
            return rows.get(tx, job_id).kind in self._followed
