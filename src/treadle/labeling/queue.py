"""Which task next: handed out under a lease, to as many people as the task needs and no more.

A lease runs `lease_s` seconds, is renewed by draft saves, and ends with a submit, a skip or a
release. Two people never hold more leases on a task than it has places: on SQLite the write lock
serialises hand-outs, on PostgreSQL an advisory lock per project does.

A task that is assigned (see `assignments`) comes first to whom it is assigned to, and keeps a place for
each of them: others get it only where it has more places than that.

By uncertainty, the task of the greatest worth comes first (see `treadle.learning.ordering`), along an index;
where no task has one, the least score of its predictions decides, which looks at all that are open.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from treadle.access import Grant
from treadle.db import Tx, schema
from treadle.db.learning_tables import task_worths
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import handouts, predictions, projects, tasks
from treadle.db.storage_tables import storage_items
from treadle.errors import NotFound
from treadle.ids import new_uuid
from treadle.labeling.visibility import visible_tasks

_FORGOTTEN_AT_ONCE = 1_000
_ADVISORY_CLASS = 7_234  # ours, among advisory locks of the database
UNIFORM = "Uniform sampling"
UNCERTAINTY = "Uncertainty sampling"
REQUEUE_FOR_ME = "REQUEUE_FOR_ME"
REQUEUE_FOR_OTHERS = "REQUEUE_FOR_OTHERS"


@dataclass(frozen=True)
class Handout:
    """A task in somebody's hands."""

    task_id: int
    lock_id: str
    queue: str  # why this one, in words


_h = handouts.c
_t = tasks.c
_a = schema.annotations.c
_i = storage_items.c
_w = task_worths.c
# With a sign, so that SQLite looks among the few leases of a project and not in all that was ever a person's.
_holder = literal_column("+handouts.user_id", BigInteger)

_MINE = Prepared(
    select(_h.task_id, _h.lock_id)
    .where(
        _holder == bindparam("user_id"),
        _h.project_id == bindparam("project_id"),
        _h.lease_until > bindparam("now"),
        ~exists().where(
            _a.task_id == _h.task_id, _a.completed_by == bindparam("user_id"), _a.was_cancelled.is_(False)
        ),
    )
    .order_by(_h.handed_at, _h.task_id)
    .limit(2)
)
_RENEW = Prepared(
    update(handouts)
    .where(
        _h.task_id == bindparam("of_task"),
        _h.user_id == bindparam("of_user"),
        _h.lease_until > bindparam("instant"),
    )
    .values(lease_until=bindparam("until"))
)
# Not one that was given back.
_ENDED = select(_h.task_id).where(
    _h.task_id == bindparam("of_task"), _h.user_id == bindparam("user_id"), _h.lease_until.is_not(None)
)
_FREE = Prepared(
    update(handouts)
    .where(_h.task_id == bindparam("of_task"), _h.user_id == bindparam("of_user"))
    .values(lease_until=None)
)
_RULES = Prepared(
    select(projects.c.sampling, projects.c.skip_queue, projects.c.maximum_annotations).where(
        projects.c.id == bindparam("project_id")
    )
)
_DONE = Prepared(
    update(handouts)
    .where(
        _h.task_id == bindparam("of_task"),
        or_(_h.user_id == bindparam("of_user"), and_(_h.is_waiting, bindparam("is_labeled", type_=Boolean))),
    )
    .values(
        lease_until=case((_h.user_id == bindparam("of_user"), None), else_=_h.lease_until),
        is_waiting=and_(_h.is_waiting, bindparam("comes_back", type_=Boolean)),
    )
)
_LAST_OF_MINE = select(func.max(_h.task_id)).where(
    _h.user_id == bindparam("user_id"),
    _h.project_id == bindparam("project_id"),
    _h.assigned_at.is_(None),
)
_ENDS = select(
    select(func.min(_t.id)).where(_t.project_id == bindparam("project_id")).scalar_subquery().label("low"),
    select(func.max(_t.id)).where(_t.project_id == bindparam("project_id")).scalar_subquery().label("high"),
)

# In the words of the index ix_tasks_open, and of no other. Who is assigned keeps a place, done or not.
_is_open: ColumnElement[bool] = and_(literal_column("NOT tasks.is_labeled"), _t.assignees < _t.overlap)
_LIVE = and_(_h.project_id == bindparam("project_id"), _h.lease_until > bindparam("now"))

# What follows is asked of one task after another, along the index of unfinished ones, until one will do.
# Scalar subqueries and NOT IN, not EXISTS: PostgreSQL makes joins of those, over all annotations.


def _is_new_to_me(*, forget_skips: bool) -> ColumnElement[bool]:
    mine = select(func.count()).where(_a.task_id == _t.id, _a.completed_by == bindparam("user_id"))
    done = mine.where(_a.was_cancelled.is_(False)) if forget_skips else mine
    held = select(_h.task_id).where(_LIVE, _holder == bindparam("user_id"))
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


def _has_place() -> ColumnElement[bool]:
    is_leased = _h.lease_until > bindparam("now")
    # One annotation is the common case, and needs no counting.
    is_untouched = and_(
        _t.total_annotations == 0, _t.assignees == 0, _t.id.not_in(select(_h.task_id).where(_LIVE))
    )
    return or_(is_untouched, _count_others(or_(is_leased, _h.is_waiting)) < _t.overlap)


def _has_place_for_assignee() -> ColumnElement[bool]:
    # Not of others who wait: of two with one place, the first to come gets it.
    return _count_others(_h.lease_until > bindparam("now")) < _t.overlap


def _is_in_its_source() -> ColumnElement[bool]:
    """Its file is not gone from the source that it came from, if it came from one."""
    retired = and_(_i.task_id == _t.id, _i.state == literal_column("'retired'"))
    return select(func.count()).where(retired).scalar_subquery() == 0


def _is_mine_to_do(*, forget_skips: bool) -> ColumnElement[bool]:
    """The task is open, there to see, new to the actor, and has a place for them."""
    return and_(
        _t.project_id == bindparam("project_id"),
        _is_open,
        visible_tasks(bindparam("project_id")),
        _is_new_to_me(forget_skips=forget_skips),
        _has_place(),
        _is_in_its_source(),
    )


def _candidates(*, forget_skips: bool) -> Select[tuple[int]]:
    return select(_t.id).where(_is_mine_to_do(forget_skips=forget_skips)).limit(1)


def _most_worth() -> Select[tuple[int]]:
    # A count, not a join: what is walked along is the worths, and a task is looked at when it is its turn.
    will_do = select(func.count()).where(_t.id == _w.task_id, _is_mine_to_do(forget_skips=False))
    return (
        select(_w.task_id)
        .where(_w.project_id == bindparam("project_id"), will_do.scalar_subquery() > 0)
        .order_by(_w.worth.desc(), _w.task_id.desc())
        .limit(1)
    )


def _worth_of_task() -> ScalarSelect[float]:
    theirs = task_worths.alias("theirs")
    return select(theirs.c.worth).where(theirs.c.task_id == bindparam("of_task")).scalar_subquery()


def _worth_as_much() -> Select[tuple[int]]:
    """The oldest that is worth as much as a task: no index holds worths one way and ids the other."""
    will_do = select(func.count()).where(_t.id == _w.task_id, _is_mine_to_do(forget_skips=False))
    is_as_much = and_(_w.project_id == bindparam("project_id"), _w.worth == _worth_of_task())
    return select(_w.task_id).where(is_as_much, will_do.scalar_subquery() > 0).order_by(_w.task_id).limit(1)


def _done_before(*, is_as_much: bool) -> Select[tuple[int]]:
    """Of those with more worth than the task that was found, or as much and older, some that are done."""
    worth, passed = _worth_of_task(), task_worths.alias("passed")
    above = passed.c.worth > func.coalesce(worth, 0.0)
    beside = and_(passed.c.worth == worth, passed.c.task_id < bindparam("of_task"))
    is_done = select(_t.is_labeled).where(_t.id == passed.c.task_id).scalar_subquery()
    return (
        select(passed.c.task_id)
        .where(passed.c.project_id == bindparam("project_id"), beside if is_as_much else above)
        .where(is_done)
        .order_by(passed.c.worth.desc(), passed.c.task_id.desc())
        .limit(_FORGOTTEN_AT_ONCE)
        # Who writes others has them already, and nobody is waited for.
        .with_for_update(of=passed, skip_locked=True)
    )


def _assigned(*, forget_skips: bool) -> Select[tuple[int]]:
    waiting = handouts.alias("waiting")
    return (
        select(_t.id)
        .select_from(waiting.join(tasks, _t.id == waiting.c.task_id))
        .where(
            waiting.c.project_id == bindparam("project_id"),
            waiting.c.user_id == bindparam("user_id"),
            literal_column("waiting.is_waiting"),  # in the words of ix_handouts_waiting
            waiting.c.is_waiting == true(),
            _t.is_labeled.is_(False),
            _is_new_to_me(forget_skips=forget_skips),
            _has_place_for_assignee(),
        )
        .order_by(waiting.c.task_id)
        .limit(1)
    )


_lowest_score = select(func.min(predictions.c.score)).where(predictions.c.task_id == _t.id).scalar_subquery()
_NEW = _candidates(forget_skips=False)
_FIRST = Prepared(_NEW.order_by(_t.id))
_FIRST_AFTER = Prepared(_NEW.where(_t.id > bindparam("start")).order_by(_t.id))
_LEAST_CERTAIN = Prepared(_NEW.order_by(func.coalesce(_lowest_score, 1.0), _t.id))
_MOST_WORTH = Prepared(_most_worth())
_WORTH_AS_MUCH = Prepared(_worth_as_much())
_DONE_BEFORE = tuple(Prepared(_done_before(is_as_much=each)) for each in (False, True))
# By ids at hand: PostgreSQL would read all worths to delete those that a subquery names.
_FORGET_WORTHS = Prepared(delete(task_worths).where(one_of(_w.task_id, "task_ids")))
_FIRST_AGAIN = Prepared(_candidates(forget_skips=True).order_by(_t.id))
_ASSIGNED = Prepared(_assigned(forget_skips=False))
_ASSIGNED_AGAIN = Prepared(_assigned(forget_skips=True))
_waits_for_me = (
    select(_h.task_id).where(_h.task_id == _t.id, _h.user_id == bindparam("user_id"), _h.is_waiting).exists()
)
_FREE_FOR_ME = select(_t.id).where(
    _t.id == bindparam("of_task"),
    or_(_has_place(), and_(_waits_for_me, _has_place_for_assignee())),
    _is_new_to_me(forget_skips=False),
)


def _write_of(insert: Any) -> Prepared:
    new = insert.excluded
    statement = insert.on_conflict_do_update(
        index_elements=["task_id", "user_id"],
        set_={"lock_id": new.lock_id, "handed_at": new.handed_at, "lease_until": new.lease_until},
    )
    return Prepared(statement, keys=_WRITTEN)


_WRITTEN = ("task_id", "user_id", "project_id", "lock_id", "handed_at", "lease_until")
_WRITE = {"sqlite": _write_of(sqlite_insert(handouts)), "postgresql": _write_of(postgresql_insert(handouts))}


def next_task(tx: Tx, grant: Grant, *, lease_s: int, is_peek: bool = False) -> Handout:
    """The task that is in the actor's hands, or else a new one, under a lease of ``lease_s`` seconds.

    With ``is_peek`` the one after it, handed out as well, so that a page can fetch it ahead.
    Raises NotFound("no-task-left").
    """
    _take_turn(tx, grant)
    who = _who(tx, grant)
    held = tx.execute(_MINE, who).all()
    wanted = held[1:] if is_peek else held[:1]
    if wanted:
        mine = wanted[0]
        renew(tx, grant, mine["task_id"], lease_s=lease_s)
        return Handout(mine["task_id"], mine["lock_id"], "Task lock")
    return _hand_out(tx, who, lease_s=lease_s)


def hold(tx: Tx, grant: Grant, task_id: int, *, lease_s: int) -> None:
    """Note that the actor opened this task; a lease only where the task still has a place for them."""
    _take_turn(tx, grant)
    if _is_renewed(tx, grant, task_id, lease_s=lease_s):
        return
    who = _who(tx, grant)
    has_place = tx.execute(_FREE_FOR_ME, {**who, "of_task": task_id}).first() is not None
    _write_handout(tx, who, task_id, tx.now + timedelta(seconds=lease_s) if has_place else None)


def renew(tx: Tx, grant: Grant, task_id: int, *, lease_s: int) -> None:
    """Let the actor's lease run again from now; nothing happens without one.

    A lease that has ended begins anew only where nobody took the place meanwhile.
    """
    if _is_renewed(tx, grant, task_id, lease_s=lease_s):
        return
    ended = {"of_task": task_id, "user_id": grant.actor.user_id}
    if tx.execute(_ENDED, ended).first() is not None:
        hold(tx, grant, task_id, lease_s=lease_s)


def release(tx: Tx, task_id: int, user_id: int) -> None:
    """Give the task back; that it was handed out is remembered."""
    tx.execute(_FREE, {"of_task": task_id, "of_user": user_id})


def finish(tx: Tx, task_id: int, user_id: int, *, is_labeled: bool, comes_back: bool) -> None:
    """End the lease of somebody who submitted or skipped, and let the task wait for them no longer.

    ``is_labeled``: the task is done; it waits for nobody. ``comes_back``: it was skipped and comes back to
    whom it is assigned to, when nothing else is left.
    """
    done = {"of_task": task_id, "of_user": user_id, "is_labeled": is_labeled, "comes_back": comes_back}
    tx.execute(_DONE, done)


def _is_renewed(tx: Tx, grant: Grant, task_id: int, *, lease_s: int) -> bool:
    mine = {"of_task": task_id, "of_user": grant.actor.user_id}
    until = tx.now + timedelta(seconds=lease_s)
    return tx.execute(_RENEW, {**mine, "instant": tx.now, "until": until}).rowcount > 0


def _hand_out(tx: Tx, who: dict[str, Any], *, lease_s: int) -> Handout:
    rules = tx.execute(_RULES, {"project_id": who["project_id"]}).one()
    task_id = _choose(tx, who, rules)
    if task_id is None:
        raise NotFound("no-task-left", "There is no task left for you to label in this project.")
    lock_id = _write_handout(tx, who, task_id, tx.now + timedelta(seconds=lease_s))
    if rules["sampling"] == UNCERTAINTY:
        _forget_done_before(tx, who, task_id)
    return Handout(task_id, lock_id, _queue_name(rules["sampling"]))


def _forget_done_before(tx: Tx, who: dict[str, Any], task_id: int) -> None:
    """Take away the worths that were walked over to the task: the next to ask would walk over them again."""
    asked = {"project_id": who["project_id"], "of_task": task_id}
    done = [row for statement in _DONE_BEFORE for row in tx.execute(statement, asked).all()]
    if done:
        tx.execute(_FORGET_WORTHS, {"task_ids": id_list([row["task_id"] for row in done])})


def _choose(tx: Tx, who: dict[str, Any], rules: Any) -> int | None:
    found = _find(tx, _ASSIGNED, who)
    if found is None:
        found = _choose_open(tx, who, rules)
    if found is None and rules["skip_queue"] == REQUEUE_FOR_ME:
        found = _find(tx, _ASSIGNED_AGAIN, who)
        return found if found is not None else _find(tx, _FIRST_AGAIN, who)
    return found


def _choose_open(tx: Tx, who: dict[str, Any], rules: Any) -> int | None:
    if rules["sampling"] == UNCERTAINTY:
        found = _find(tx, _MOST_WORTH, who)
        if found is None:
            return _find(tx, _LEAST_CERTAIN, who)
        oldest = _find(tx, _WORTH_AS_MUCH, {**who, "of_task": found})
        return found if oldest is None else oldest
    if rules["sampling"] == UNIFORM:
        return _find_from(tx, who, _random_id(tx, who))
    if rules["maximum_annotations"] > 1:
        # Do not walk again over all that this person did while others still have to.
        return _find_from(tx, who, tx.execute(_LAST_OF_MINE, who).scalar_one() or 0)
    return _find(tx, _FIRST, who)


def _random_id(tx: Tx, who: dict[str, Any]) -> int:
    found = tx.execute(_ENDS, who).one()
    return random.randint(found.low or 0, found.high or 0)


def _find_from(tx: Tx, who: dict[str, Any], start: int) -> int | None:
    after = _find(tx, _FIRST_AFTER, {**who, "start": start})
    return after if after is not None else _find(tx, _FIRST, who)


def _find(tx: Tx, statement: Prepared, who: dict[str, Any]) -> int | None:
    found: int | None = tx.execute(statement, who).scalar()
    return found


def _write_handout(tx: Tx, who: dict[str, Any], task_id: int, until: object) -> str:
    lock_id = new_uuid()
    tx.execute(
        _WRITE[tx.dialect],
        {
            "task_id": task_id,
            "user_id": who["user_id"],
            "project_id": who["project_id"],
            "lock_id": lock_id,
            "handed_at": tx.now,
            "lease_until": until,
        },
    )
    return lock_id


def _take_turn(tx: Tx, grant: Grant) -> None:
    if tx.dialect == "postgresql":
        tx.execute(
            text("SELECT pg_advisory_xact_lock(:class, :project)"),
            {"class": _ADVISORY_CLASS, "project": _project(grant)},
        )


def _who(tx: Tx, grant: Grant) -> dict[str, Any]:
    return {"user_id": grant.actor.user_id, "project_id": _project(grant), "now": tx.now}


def _project(grant: Grant) -> int:
    assert grant.project_id is not None
    return grant.project_id


def _queue_name(sampling: str) -> str:
    return {UNIFORM: "Uniform sampling queue", UNCERTAINTY: "Uncertainty sampling queue"}.get(
        sampling, "Sequence queue"
    )
