"""Which task next: handed out under a lease, to as many people as the task needs and no more.

A lease runs `lease_s` seconds, is renewed by draft saves, and ends with a submit, a skip or a
release. Two people never hold more leases on a task than it has places: on SQLite the write lock
serialises hand-outs, on PostgreSQL an advisory lock per project does.

A task that is assigned (see `assignments`) comes first to whom it is assigned to, and keeps a place for
each of them: others get it only where it has more places than that.

By uncertainty, the task of the greatest worth comes first (see `worths`), along an index;
where no task has one, the least score of its predictions decides, which looks at all that are open.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Select,
    and_,
    bindparam,
    case,
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
from treadle.db.prepared import Prepared
from treadle.db.schema import handouts, predictions, projects, tasks
from treadle.db.storage_tables import storage_items
from treadle.errors import NotFound
from treadle.ids import new_uuid
from treadle.labeling import worths
from treadle.labeling.offering import (
    has_place,
    has_place_for_assignee,
    holder,
    is_mine_to_do,
    is_new_to_me,
)

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

_MINE = Prepared(
    select(_h.task_id, _h.lock_id)
    .where(
        holder == bindparam("user_id"),
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


def _candidates(*, forget_skips: bool) -> Select[tuple[int]]:
    return select(_t.id).where(is_mine_to_do(forget_skips=forget_skips)).limit(1)


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
            is_new_to_me(forget_skips=forget_skips),
            has_place_for_assignee(),
        )
        .order_by(waiting.c.task_id)
        .limit(1)
    )


_lowest_score = select(func.min(predictions.c.score)).where(predictions.c.task_id == _t.id).scalar_subquery()
_NEW = _candidates(forget_skips=False)
_FIRST = Prepared(_NEW.order_by(_t.id))
_FIRST_AFTER = Prepared(_NEW.where(_t.id > bindparam("start")).order_by(_t.id))
_LEAST_CERTAIN = Prepared(_NEW.order_by(func.coalesce(_lowest_score, 1.0), _t.id))
_FIRST_AGAIN = Prepared(_candidates(forget_skips=True).order_by(_t.id))
_ASSIGNED = Prepared(_assigned(forget_skips=False))
_ASSIGNED_AGAIN = Prepared(_assigned(forget_skips=True))
_waits_for_me = (
    select(_h.task_id).where(_h.task_id == _t.id, _h.user_id == bindparam("user_id"), _h.is_waiting).exists()
)
_FREE_FOR_ME = select(_t.id).where(
    _t.id == bindparam("of_task"),
    or_(has_place(), and_(_waits_for_me, has_place_for_assignee())),
    is_new_to_me(forget_skips=False),
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
        worths.note_given(tx, who, task_id, is_by_several=rules["maximum_annotations"] > 1)
    return Handout(task_id, lock_id, _queue_name(rules["sampling"]))


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
        found = worths.find_most_worth(tx, who, is_by_several=rules["maximum_annotations"] > 1)
        return found if found is not None else _find(tx, _LEAST_CERTAIN, who)
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
