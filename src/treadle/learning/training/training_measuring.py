"""Asking a version about held-out tasks, and measuring what it says against what people said."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

from treadle.errors import TreadleError, Unavailable
from treadle.jobs import JobRun
from treadle.labeling.config import parse_config
from treadle.learning.connections.client import Said
from treadle.learning.connections.reaching import Reach
from treadle.learning.measures.evaluation import Evaluation, Measure
from treadle.learning.training.training_work import Question

_AT_ONCE = 16
_BUSY = "backend-busy"
_PASSING = frozenset({_BUSY, "backend-down"})
#: How often a batch is asked again while the backend has no room for it, or is starting anew.
_TRIES, _PAUSE_S, _LONGEST_PAUSE_S = 8, 1.0, 15.0
T = TypeVar("T")


@dataclass(frozen=True)
class Examiner:
    """Measures versions of one backend, by the label config that the work was done by."""

    run: JobRun
    reach: Reach
    label_config: str

    def examine(self, questions: Iterable[Question], version: str, total: int) -> Evaluation:
        """What a version is worth; where the backend does not answer, why that is not known.

        version: "" for whatever a backend serves that chooses by itself. Raises JobCancelled.
        """
        measure = Measure(parse_config(self.label_config))
        problem = ""
        done = 0
        try:
            for batch in _batches(questions, _AT_ONCE):
                self.run.check_cancelled()
                said = self._ask([question.task for question in batch], version)
                for question, each in zip(batch, said, strict=True):
                    problem = problem or each.problem
                    measure.add(question.truth, self._result_of(each, version))
                done += len(batch)
                self.run.report(done, total + 1, f"Measures {version or 'the model'}: {done:,} of {total:,}")
        except TreadleError as error:
            return _unknown(version, f"The held-out tasks could not be predicted. {error.message}", done)
        found = measure.evaluation(version, seen=self.reach.backend.generation == "current")
        if found.failed_count and found.failed_count == found.task_count:
            return _unknown(version, f"It predicts none of the held-out tasks. {problem}", done)
        return found

    def _result_of(self, said: Said, version: str) -> bytes | None:
        if said.problem or (version and self.reach.backend.can_follow and said.model_version != version):
            return None
        return said.result

    def _ask(self, tasks: Sequence[bytes], version: str) -> list[Said]:
        pinned = version if self.reach.backend.can_follow else ""
        for number in range(_TRIES):
            try:
                client = self.reach.client if not number else self.reach.again()
                told = replace(self.reach.told, label_config=self.label_config)
                return client.predict(tasks, told, version=pinned)
            except Unavailable as error:
                if error.code not in _PASSING or number == _TRIES - 1:
                    raise
                asked = error.details.get("retry_after_s", _PAUSE_S * 2**number)
            self.run.check_cancelled()
            time.sleep(min(float(asked) if isinstance(asked, (int, float)) else 1.0, _LONGEST_PAUSE_S))
        raise AssertionError("the last try answers or raises")


def _unknown(version: str, reason: str, task_count: int) -> Evaluation:
    return Evaluation("", reason[:1_000], None, task_count, False, version, [])


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
