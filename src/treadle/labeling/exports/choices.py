"""Which tasks and which annotations a snapshot holds: the filters that Label Studio's clients send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

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

    def holds(self, annotation: Mapping[str, Any]) -> bool:
        """Whether an annotation (its row) is in it."""
        if annotation["was_cancelled"]:
            return self.with_skips
        return self.with_ground_truth if annotation["ground_truth"] else self.with_usual


#: Everything.
ALL = SnapshotChoice()


def _chosen(choice: Choice | None, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    if choice is None:
        return true()
    return condition if choice == "only" else ~condition
