"""The queue by worth: the task that teaches a model most first, along the order that a job has made.

See `treadle.learning.rules.ordering`, which says what a task is worth.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from treadle.db import Tx
from treadle.db.learning_tables import queue_places, task_worths
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import tasks
from treadle.labeling.offering import is_mine_to_do

_FORGOTTEN_AT_ONCE = 1_000
#: No worth is greater.
_MOST = 1e300

_t = tasks.c
_w = task_worths.c
_q = queue_places.c


def _most_worth() -> Select[tuple[int]]:
    # A count, not a join: what is walked along is the worths, and a task is looked at when it is its turn.
    will_do = select(func.count()).where(_t.id == _w.task_id, is_mine_to_do(forget_skips=False))
    return (
        select(_w.task_id)
        .where(_w.project_id == bindparam("project_id"), will_do.scalar_subquery() > 0)
        .order_by(_w.worth.desc(), _w.task_id.desc())
        .limit(1)
    )


def _after_place(*, is_as_much: bool) -> Select[tuple[int]]:
    """From where somebody has come to: the next that is worth as much, or the most worth of what is left."""
    will_do = select(func.count()).where(_t.id == _w.task_id, is_mine_to_do(forget_skips=False))
    found = select(_w.task_id).where(_w.project_id == bindparam("project_id")).limit(1)
    if is_as_much:
        found = found.where(_w.worth == bindparam("worth"), _w.task_id > bindparam("place"))
        return found.where(will_do.scalar_subquery() > 0).order_by(_w.task_id)
    found = found.where(_w.worth < bindparam("worth"), will_do.scalar_subquery() > 0)
    return found.order_by(_w.worth.desc(), _w.task_id.desc())


def _worth_as_much() -> Select[tuple[int]]:
    """The oldest that is worth as much as a task: no index holds worths one way and ids the other."""
    will_do = select(func.count()).where(_t.id == _w.task_id, is_mine_to_do(forget_skips=False))
    theirs = task_worths.alias("theirs")
    worth = select(theirs.c.worth).where(theirs.c.task_id == bindparam("of_task")).scalar_subquery()
    is_as_much = and_(_w.project_id == bindparam("project_id"), _w.worth == worth)
    return select(_w.task_id).where(is_as_much, will_do.scalar_subquery() > 0).order_by(_w.task_id).limit(1)


def _done_before(*, is_as_much: bool) -> Select[tuple[int]]:
    """Of those between two places that are worth more than what was found, or as much, some that are done."""
    above = and_(_w.worth > bindparam("worth"), _w.worth <= bindparam("from_worth"))
    is_older = and_(_w.task_id >= bindparam("from_task"), _w.task_id < bindparam("of_task"))
    beside = and_(_w.worth == bindparam("worth"), is_older)
    is_done = select(_t.is_labeled).where(_t.id == _w.task_id).scalar_subquery()
    return (
        select(_w.task_id)
        .where(_w.project_id == bindparam("project_id"), beside if is_as_much else above)
        .where(is_done)
        .order_by(_w.worth.desc(), _w.task_id.desc())
        .limit(_FORGOTTEN_AT_ONCE)
        # Who writes others has them already, and nobody is waited for.
        .with_for_update(of=task_worths, skip_locked=True)
    )


_MOST_WORTH = Prepared(_most_worth())
_PLACE = Prepared(
    select(_q.worth, _q.task_id).where(
        _q.project_id == bindparam("project_id"), _q.user_id == bindparam("user_id")
    )
)
_BESIDE_PLACE = Prepared(_after_place(is_as_much=True))
_BELOW_PLACE = Prepared(_after_place(is_as_much=False))
_WORTH = Prepared(select(_w.worth).where(_w.task_id == bindparam("of_task")))
_WORTH_AS_MUCH = Prepared(_worth_as_much())
_DONE_BEFORE = tuple(Prepared(_done_before(is_as_much=each)) for each in (False, True))
# By ids at hand: PostgreSQL would read all worths to delete those that a subquery names.
_FORGET_WORTHS = Prepared(delete(task_worths).where(one_of(_w.task_id, "task_ids")))


_PLACE_KEYS = ("project_id", "user_id", "worth", "task_id")


def _keep_place_of(insert: Any) -> Prepared:
    new = insert.excluded
    kept = {"worth": new.worth, "task_id": new.task_id}
    statement = insert.on_conflict_do_update(index_elements=_PLACE_KEYS[:2], set_=kept)
    return Prepared(statement, keys=_PLACE_KEYS)


_KEEP_PLACE = {
    "sqlite": _keep_place_of(sqlite_insert(queue_places)),
    "postgresql": _keep_place_of(postgresql_insert(queue_places)),
}


def find_most_worth(tx: Tx, who: dict[str, Any], *, is_by_several: bool) -> int | None:
    """The task of the greatest worth that may be handed to somebody; None where none has a worth.

    who: ``user_id``, ``project_id``, ``now``.  is_by_several: several annotate each task.
    """
    found = _find_from_place(tx, who) if is_by_several else None
    return found if found is not None else _oldest_as_worth(tx, who, _find(tx, _MOST_WORTH, who))


def note_given(tx: Tx, who: dict[str, Any], task_id: int, *, is_by_several: bool) -> None:
    """Note that somebody was given a task, so that what came before it is not walked over again."""
    worth = tx.execute(_WORTH, {"of_task": task_id}).scalar()
    before = _place(tx, who) if is_by_several else None
    _forget_done_before(tx, who, (worth or 0.0, task_id), before)
    if is_by_several and worth is not None:
        mine = {"project_id": who["project_id"], "user_id": who["user_id"]}
        tx.execute(_KEEP_PLACE[tx.dialect], {**mine, "worth": worth, "task_id": task_id})


def _find_from_place(tx: Tx, who: dict[str, Any]) -> int | None:
    """The next in the order behind the last that they were given.

    What they did and others still have to stays in the order: nobody walks over all of that each time. What
    comes free again before it comes to them when they are through.
    """
    place = _place(tx, who)
    if place is None:
        return None
    asked = {**who, "worth": place[0], "place": place[1]}
    found = _find(tx, _BESIDE_PLACE, asked)
    return found if found is not None else _oldest_as_worth(tx, who, _find(tx, _BELOW_PLACE, asked))


def _oldest_as_worth(tx: Tx, who: dict[str, Any], found: int | None) -> int | None:
    if found is None:
        return None
    oldest = _find(tx, _WORTH_AS_MUCH, {**who, "of_task": found})
    return found if oldest is None else oldest


def _forget_done_before(
    tx: Tx, who: dict[str, Any], found: tuple[float, int], before: tuple[float, int] | None
) -> None:
    """Take away the worths of what is done and was walked over from one place to the next: whoever asks then
    would walk over them again.
    """
    worth, task_id = found
    from_worth, from_task = before if before is not None and before[0] >= worth else (_MOST, 0)
    asked = {"project_id": who["project_id"], "of_task": task_id, "worth": worth, "from_worth": from_worth}
    asked["from_task"] = from_task if from_worth == worth else 0
    done = [row for statement in _DONE_BEFORE for row in tx.execute(statement, asked).all()]
    if done:
        tx.execute(_FORGET_WORTHS, {"task_ids": id_list([row["task_id"] for row in done])})


def _place(tx: Tx, who: dict[str, Any]) -> tuple[float, int] | None:
    """Worth and id of the last task that they were given in this order."""
    mine = {"project_id": who["project_id"], "user_id": who["user_id"]}
    row = tx.execute(_PLACE, mine).first()
    return None if row is None else (row["worth"], row["task_id"])


def _find(tx: Tx, statement: Prepared, asked: dict[str, Any]) -> int | None:
    found: int | None = tx.execute(statement, asked).scalar()
    return found
