"""Which of the tasks that are held out a version that serves has learnt from already.

A task never changes sides for a seed. Another seed, a smaller part, or work that was changed since may bring
over what an earlier training learnt from: this is what trainings keep their datasets for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from treadle.errors import NotFound
from treadle.jobs import JobParts
from treadle.learning.connections.backends import Backend
from treadle.learning.connections.builtin import find_builtin
from treadle.learning.training import trainings
from treadle.learning.training.training_work import WorkFile, read_sides
from treadle.learning.training.trainings import Training

#: As settings call it when a training goes on from the weights of what serves.
_SERVING = "serving"
#: So many trainings, each of which went on from the one before, are looked at.
_MOST_BEFORE = 50
#: So many tasks are enough to measure by, or half of them.
_ENOUGH = 20


class Already(msgspec.Struct, frozen=True):
    """Held-out tasks that a side of the comparison has learnt from.

    left_out: those that neither side is asked about.  seen_count: those that they are asked about all the
    same, for there are too few others.  is_new_too: what is trained begins with the weights of what has.
    """

    left_out: frozenset[int] = frozenset()
    seen_count: int = 0
    is_new_too: bool = False


@dataclass(frozen=True)
class Ancestry:
    """The trainings that what serves, and what is trained, come from."""

    parts: JobParts
    training: Training
    backend: Backend

    def learnt(self, work: WorkFile, also: str = "") -> Already:
        """What of the held-out tasks was learnt from by what served when the training began.

        also: the name of a version that was let serve since.
        """
        left = {entry.task_id: entry.group for entry in work.entries_held_out()}
        count, groups = len(left), set(left.values()) - {""}
        seen: set[int] = set()
        seen_groups: set[str] = set()
        for earlier in self._trainings([self.training.serving_version, also]):
            with suppress(NotFound):
                for entry in read_sides(self.parts.objects, earlier.dataset_key):
                    if not entry.is_held_out and (entry.task_id in left or entry.group in groups):
                        seen.add(entry.task_id)
                        # Its group was another one before something came that shows the same.
                        seen_groups |= {entry.group, left.get(entry.task_id, "")}
        found = frozenset(of for of, group in left.items() if of in seen or (group and group in seen_groups))
        if count - len(found) >= min(_ENOUGH, (count + 1) // 2):
            return Already(left_out=found)
        return Already(seen_count=len(found), is_new_too=_goes_on(self.training, self.backend))

    def _trainings(self, names: Iterable[str]) -> Iterator[Training]:
        """Those that made these versions, and those that these went on from."""
        made_by = self._made_by()
        waiting = [made_by[name] for name in dict.fromkeys(names) if name in made_by]
        known = {self.training.id}
        while waiting and len(known) <= _MOST_BEFORE:
            training_id = waiting.pop(0)
            if training_id in known:
                continue
            known.add(training_id)
            with self.parts.database.read() as tx:
                training = trainings.get(tx, training_id)
            if training.dataset_key:
                yield training
            if _goes_on(training, self.backend) and training.serving_version in made_by:
                waiting.append(made_by[training.serving_version])

    def _made_by(self) -> Mapping[str, int]:
        with self.parts.database.read() as tx:
            rows = trainings.versions_of(tx, self.training.project_id)
        return {
            row["name"]: row["training_id"]
            for row in rows
            if row["backend_id"] == self.backend.id and row["training_id"] is not None
        }


def _goes_on(training: Training, backend: Backend) -> bool:
    """Whether it began with the weights of what served then; a built-in backend does by default."""
    default: Any = None
    if backend.builtin:
        default = next(iter(find_builtin(backend.builtin).starts), None)
    return bool(training.wish.settings.get("start", default) == _SERVING)
