"""Which tasks may be handed to somebody: conditions, asked of one task after another.

Each is in the words of an index, or a subquery that SQLite and PostgreSQL answer for the task at hand alone.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, func, literal_column, or_, select

from treadle.db import schema
from treadle.db.schema import handouts, tasks
from treadle.db.storage_tables import storage_items
from treadle.labeling.visibility import visible_tasks

_h = handouts.c
_t = tasks.c
_a = schema.annotations.c
_i = storage_items.c
# With a sign, so that SQLite looks among the few leases of a project and not in all that was ever a person's.
holder = literal_column("+handouts.user_id", BigInteger)

# In the words of the index ix_tasks_open, and of no other. Who is assigned keeps a place, done or not.
is_open: ColumnElement[bool] = and_(literal_column("NOT tasks.is_labeled"), _t.assignees < _t.overlap)
LIVE = and_(_h.project_id == bindparam("project_id"), _h.lease_until > bindparam("now"))

# What follows is asked of one task after another, along the index of unfinished ones, until one will do.
# Scalar subqueries and NOT IN, not EXISTS: PostgreSQL makes joins of those, over all annotations.


def is_new_to_me(*, forget_skips: bool) -> ColumnElement[bool]:
    mine = select(func.count()).where(_a.task_id == _t.id, _a.completed_by == bindparam("user_id"))
    done = mine.where(_a.was_cancelled.is_(False)) if forget_skips else mine
    held = select(_h.task_id).where(LIVE, holder == bindparam("user_id"))
    return and_(_t.id.not_in(held), done.scalar_subquery() == 0)


def _count_others(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many have done the task, and how many others than the actor are about to, by ``condition``."""
    done_by = (
        select(func.count(func.distinct(_a.completed_by)))
        .where(_a.task_id == _t.id, _a.was_cancelled.is_(False))
        .scalar_subquery()
    )
    coming = (
        select(func.count())
        .where(_h.task_id == _t.id, condition, _h.user_id != bindparam("user_id"))
        .scalar_subquery()
    )
    return done_by + coming


def has_place() -> ColumnElement[bool]:
    is_leased = _h.lease_until > bindparam("now")
    # One annotation is the common case, and needs no counting.
    is_untouched = and_(
        _t.total_annotations == 0, _t.assignees == 0, _t.id.not_in(select(_h.task_id).where(LIVE))
    )
    return or_(is_untouched, _count_others(or_(is_leased, _h.is_waiting)) < _t.overlap)


def has_place_for_assignee() -> ColumnElement[bool]:
    # Not of others who wait: of two with one place, the first to come gets it.
    return _count_others(_h.lease_until > bindparam("now")) < _t.overlap


def _is_in_its_source() -> ColumnElement[bool]:
    """Its file is not gone from the source that it came from, if it came from one."""
    retired = and_(_i.task_id == _t.id, _i.state == literal_column("'retired'"))
    return select(func.count()).where(retired).scalar_subquery() == 0


def is_mine_to_do(*, forget_skips: bool) -> ColumnElement[bool]:
    """The task is open, there to see, new to the actor, and has a place for them."""
    return and_(
        _t.project_id == bindparam("project_id"),
        is_open,
        visible_tasks(bindparam("project_id")),
        is_new_to_me(forget_skips=forget_skips),
        has_place(),
        _is_in_its_source(),
    )
