"""Which tasks and which annotations a snapshot holds: the filters that Label Studio's clients send."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, and_, true

from treadle.db.schema import tasks

_t = tasks.c

#: Only those, or all but those.
Choice = Literal["only", "exclude"]


class SnapshotChoice(msgspec.Struct, frozen=True):
    """What a snapshot holds; everything, unless it says otherwise."""

    #: The tasks of this view.
    view_id: int | None = None
    #: Tasks with an annotation, tasks with all that they need, tasks that somebody skipped.
    annotated: Choice | None = None
    finished: Choice | None = None
    skipped: Choice | None = None
    #: Annotations that are neither ground truth nor skips, ground truth, skips.
    with_usual: bool = True
    with_ground_truth: bool = True
    with_skips: bool = True

    def condition(self) -> ColumnElement[bool]:
        """The condition on ``tasks``, beside that of the view."""
        return and_(
            _chosen(self.annotated, _t.total_annotations > 0),
            _chosen(self.finished, _t.is_labeled.is_(True)),
            _chosen(self.skipped, _t.cancelled_annotations > 0),
        )

    def holds(self, *, was_cancelled: bool, ground_truth: bool) -> bool:
        """Whether an annotation of that kind is in it."""
        if was_cancelled:
            return self.with_skips
        return self.with_ground_truth if ground_truth else self.with_usual


class Detail(msgspec.Struct, frozen=True):
    """How what belongs to a task is told: in full, or by its id."""

    predictions_in_full: bool = False
    people_in_full: bool = False
    drafts_in_full: bool = True


#: Everything.
ALL = SnapshotChoice()
#: As every export tells it.
BRIEF = Detail()


def _chosen(choice: Choice | None, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    if choice is None:
        return true()
    return condition if choice == "only" else ~condition
