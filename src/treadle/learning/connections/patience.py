"""Asking a backend that may fail: what passes is waited for, and what does not is narrowed down to its tasks.

A batch that fails is asked for in halves, down to the task that it fails on, which is then told to have
failed; so one broken picture costs its neighbours nothing. A backend that is gone, or that fails on one task
after the other, ends the job: asking on would fail all that is left.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import TypeVar

from treadle.errors import Invalid, TreadleError, Unavailable
from treadle.learning.predictions.attempts import Answer
from treadle.learning.predictions.predicting import Batch, Predictor

#: Waits so many seconds; raises what ends the job, as when somebody cancels it.
Wait = Callable[[float], None]
Answered = TypeVar("Answered")


@dataclass(frozen=True)
class Patience:
    """How long a backend is waited for.

    gone_s: to come back once it does not answer.  pauses_s: between the looks, the last one again and again.
    busy: how often a batch that it has no room for is asked again.  failed_in_a_row: tasks that fail one
    after the other by the backend's fault, until it is asked no more; slow_in_a_row: that take too long.
    """

    gone_s: float = 120.0
    pauses_s: Sequence[float] = (1.0, 2.0, 4.0, 8.0, 15.0)
    busy: int = 3
    longest_busy_s: float = 30.0
    failed_in_a_row: int = 20
    slow_in_a_row: int = 3


_SLOW, _BUSY, _DOWN = "backend-slow", "backend-busy", "backend-down"
#: What may be another time: it is asked again. Anything else is final.
_PASSING = frozenset({_SLOW, _BUSY, _DOWN, "backend-failed", "backend-answer"})
#: Nobody is there yet, or is only just starting.
NOT_THERE = frozenset({_BUSY, _DOWN})


class PatientAsker:
    """Asks by a `Predictor`, for one thread."""

    def __init__(self, predictor: Predictor, wait: Wait, patience: Patience) -> None:
        self._predictor = predictor
        self._wait = wait
        self._patience = patience
        self._failed_in_a_row = 0
        self._slow_in_a_row = 0

    def ask(self, task_ids: Sequence[int]) -> Batch:
        """An answer for each of the tasks, be it that it failed.

        Raises Unavailable("backend-gone"), Unavailable("backend-failing"), or what no waiting mends.
        """
        return self._ask(task_ids, self._patience.busy)

    def _ask(self, task_ids: Sequence[int], busy: int) -> Batch:
        try:
            return self._well(self._predictor.ask(task_ids))
        except (Unavailable, Invalid) as error:
            if error.code not in _PASSING:
                raise
            fault = error
        return self._ask_again(task_ids, fault, busy)

    def _ask_again(self, task_ids: Sequence[int], fault: TreadleError, busy: int) -> Batch:
        for again in range(busy):
            if fault.code == _SLOW or (fault.code != _BUSY and again > 0):
                break
            self._wait_for(fault)
            try:
                return self._well(self._predictor.ask(task_ids))
            except (Unavailable, Invalid) as error:
                if error.code not in _PASSING:
                    raise
                fault = error
        if len(task_ids) > 1:
            # Who had no room for all has now been waited for: what still fails is one that it fails on.
            halves = task_ids[: len(task_ids) // 2], task_ids[len(task_ids) // 2 :]
            return _together(*(self._ask(half, 1) for half in halves))
        return self._give_up(task_ids[0], fault)

    def _well(self, batch: Batch) -> Batch:
        self._failed_in_a_row = self._slow_in_a_row = 0
        return batch

    def _give_up(self, task_id: int, fault: TreadleError) -> Batch:
        self._failed_in_a_row += 1
        self._slow_in_a_row += fault.code == _SLOW
        patience = self._patience
        if self._failed_in_a_row >= patience.failed_in_a_row or self._slow_in_a_row >= patience.slow_in_a_row:
            text = (
                f"{self._failed_in_a_row} tasks in a row failed, at last: {fault.message} "
                "The others are not asked about. Look at the backend, then predict what is missing."
            )
            raise Unavailable("backend-failing", text) from fault
        return Batch([self._predictor.failed(task_id, fault.message)])

    def _wait_for(self, fault: TreadleError) -> None:
        """Until the backend may be asked again. Raises Unavailable("backend-gone")."""
        if fault.code == _BUSY:
            self._wait(_told_pause_s(fault, self._patience))
            return
        wait_until_well(self._predictor.look_whether_well, self._wait, self._patience, fault)


def wait_until_well(
    look: Callable[[], Answered],
    wait: Wait,
    patience: Patience,
    fault: TreadleError | None = None,
    *,
    passing: Container[str] = _PASSING,
) -> Answered:
    """What ``look`` returns once it raises nothing that passes.

    fault: what was the matter before.  passing: the codes of what does. Raises Unavailable("backend-gone"),
    and what no waiting mends.
    """
    waited_s, looks = 0.0, 0
    while True:
        try:
            return look()
        except (Unavailable, Invalid) as error:
            if error.code not in passing:
                raise
            fault = fault or error
            pause_s = patience.pauses_s[min(looks, len(patience.pauses_s) - 1)]
            if error.code == _BUSY:
                pause_s = max(pause_s, _told_pause_s(error, patience))
        if waited_s >= patience.gone_s:
            text = (
                f"{fault.message} It did not come back within {patience.gone_s:g} seconds. What was "
                "predicted by then is kept: start it, then predict what is missing."
            )
            raise Unavailable("backend-gone", text) from fault
        wait(pause_s)
        waited_s += pause_s
        looks += 1


def _told_pause_s(fault: TreadleError, patience: Patience) -> float:
    told = fault.details.get("retry_after_s", 1)
    after_s = float(told) if isinstance(told, (int, float)) else 1.0
    return min(max(after_s, 0.1), patience.longest_busy_s)


def _together(one: Batch, other: Batch) -> Batch:
    answers: list[Answer] = [*one.answers, *other.answers]
    return Batch(answers, one.present + other.present, one.gone + other.gone)
