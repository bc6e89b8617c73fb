"""Assignments: people chosen for tasks.

An assigned task is seen by whom it is assigned to, comes to them before others, and keeps a place for
them (see `queue`). Whoever skips a task that then goes to others gives their assignment up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    and_,
    bindparam,
    delete,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from treadle import events
from treadle.access import Actor, Grant, ProjectScope, allow
from treadle.db import Tx, schema
from treadle.db.schema import drafts, handouts, projects, tasks, users
from treadle.db.types import Instant
from treadle.errors import Forbidden, Invalid, NotFound
from treadle.labeling.queue import REQUEUE_FOR_ME
from treadle.labeling.tally import lock_tasks
from treadle.labeling.visibility import visible_tasks
from treadle.permissions import Permission

_MOST_PEOPLE = 100
_h = handouts.c
_t = tasks.c
_a = schema.annotations.c
_COLUMNS = ("task_id", "user_id", "project_id", "lock_id", "handed_at", "assigned_at", "assigned_by")
_PEOPLE = select(users.c.id, users.c.email, users.c.is_admin).where(
    users.c.id.in_(bindparam("ids", expanding=True)), users.c.is_active.is_(True)
)


def assign(tx: Tx, grant: Grant, task_ids: Sequence[int], user_ids: Sequence[int]) -> int:
    """Assign each of the tasks (of the grant's project) to each of the people; how many were not yet.

    Raises Invalid("assignee-unknown") naming those who may not label in the project.
    """
    _check_people(tx, grant, user_ids)
    ids = _lock(tx, grant, task_ids)
    if not ids or not user_ids:
        return 0
    new = _new_rows(tx, grant, ids, user_ids)
    count = tx.execute(_upsert(tx, new).execution_options(preserve_rowcount=True)).rowcount
    recount(tx, ids)
    _record(tx, grant, "tasks.assigned", ids, user_ids)
    return int(count)


def unassign(tx: Tx, grant: Grant, task_ids: Sequence[int], user_ids: Sequence[int]) -> int:
    """Take the tasks' assignments to these people back; how many there were. Work on them stays."""
    ids = _lock(tx, grant, task_ids)
    theirs = and_(_h.task_id.in_(ids), _h.user_id.in_(user_ids), _h.assigned_at.is_not(None))
    # Who was only assigned and did nothing sees the task no longer.
    untouched = and_(theirs, _h.handed_at == _h.assigned_at, _h.lease_until.is_(None), ~_has_work())
    count = tx.execute(delete(handouts).where(untouched)).rowcount
    kept = update(handouts).where(theirs).values(assigned_at=None, assigned_by=None, is_waiting=False)
    count += tx.execute(kept).rowcount
    recount(tx, ids)
    _record(tx, grant, "tasks.unassigned", ids, user_ids)
    return int(count)


def give_up(tx: Tx, task_id: int, user_id: int) -> None:
    """End somebody's assignment to a task that they skipped, so that others may have it.

    The caller holds the task's lock.
    """
    mine = (_h.task_id == task_id, _h.user_id == user_id, _h.assigned_at.is_not(None))
    ended = update(handouts).where(*mine).values(assigned_at=None, assigned_by=None, is_waiting=False)
    if tx.execute(ended).rowcount:
        recount(tx, [task_id])


def recount(tx: Tx, task_ids: Sequence[int]) -> None:
    """Bring the tasks' number of assignees and who is waited for in line with assignments and annotations.

    To be called after annotations of assigned tasks, or tasks with assignments, are deleted or restored,
    and after a task's places change.
    """
    _recount(tx, _t.id.in_(task_ids), _h.task_id.in_(task_ids))


def _recount(tx: Tx, of_tasks: ColumnElement[bool], of_handouts: ColumnElement[bool]) -> None:
    people = select(func.count()).where(_h.task_id == _t.id, _h.assigned_at.is_not(None)).scalar_subquery()
    tx.execute(update(tasks).where(of_tasks, _t.assignees != people).values(assignees=people))
    is_waiting = and_(~_is_done(), ~select(_t.id).where(_t.id == _h.task_id, _t.is_labeled).exists())
    assigned = and_(of_handouts, _h.assigned_at.is_not(None))
    tx.execute(update(handouts).where(assigned, _h.is_waiting != is_waiting).values(is_waiting=is_waiting))


def _is_done() -> ColumnElement[bool]:
    """Has the person of a hand-out done its task? Skipped is done, unless it comes back to them."""
    comes_back = (
        select(projects.c.id)
        .where(projects.c.id == _h.project_id, projects.c.skip_queue == REQUEUE_FOR_ME)
        .exists()
    )
    mine = select(_a.id).where(_a.task_id == _h.task_id, _a.completed_by == _h.user_id)
    return or_(mine.where(_a.was_cancelled.is_(False)).exists(), and_(mine.exists(), ~comes_back))


def _has_work() -> ColumnElement[bool]:
    annotated = select(_a.id).where(_a.task_id == _h.task_id, _a.completed_by == _h.user_id)
    drafted = select(drafts.c.id).where(drafts.c.task_id == _h.task_id, drafts.c.user_id == _h.user_id)
    return or_(annotated.exists(), drafted.exists())


def _new_rows(tx: Tx, grant: Grant, ids: Sequence[int], user_ids: Sequence[int]) -> Any:
    at = literal(tx.now, Instant)
    by = literal(grant.actor.user_id, BigInteger)
    no_lock = literal("", Text)  # that comes with a lease
    return (
        select(_t.id, users.c.id, _t.project_id, no_lock, at, at, by)
        .select_from(tasks.join(users, true()))
        .where(_t.id.in_(ids), users.c.id.in_(user_ids))
    )


def _upsert(tx: Tx, rows: Any) -> Any:
    insert = sqlite_insert if tx.dialect == "sqlite" else postgresql_insert
    statement = insert(handouts).from_select(_COLUMNS, rows)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["task_id", "user_id"],
        set_={"assigned_at": new.assigned_at, "assigned_by": new.assigned_by},
        where=_h.assigned_at.is_(None),
    )


def _lock(tx: Tx, grant: Grant, task_ids: Sequence[int]) -> list[int]:
    assert grant.project_id is not None
    condition = and_(_t.id.in_(task_ids), _t.project_id == grant.project_id, visible_tasks(grant.project_id))
    return lock_tasks(tx, condition)


def _check_people(tx: Tx, grant: Grant, user_ids: Sequence[int]) -> None:
    assert grant.project_id is not None
    if len(user_ids) > _MOST_PEOPLE:
        raise _wrong(f"Tasks are assigned to at most {_MOST_PEOPLE} people at once.")
    rows = tx.execute(_PEOPLE, {"ids": list(user_ids)}).all()
    able = {
        row.id for row in rows if _may_label(tx, grant.project_id, Actor(row.id, row.email, row.is_admin))
    }
    unable = [user_id for user_id in user_ids if user_id not in able]
    if unable:
        names = ", ".join(map(str, unable))
        raise _wrong(
            f"These people may not label in project {grant.project_id}: {names}. "
            "Give them a role there first."
        )


def _may_label(tx: Tx, project_id: int, actor: Actor) -> bool:
    try:
        allow(tx, actor, Permission.ANNOTATION_WRITE, ProjectScope(project_id))
    except (Forbidden, NotFound):
        return False
    return True


def _record(tx: Tx, grant: Grant, kind: str, ids: Sequence[int], user_ids: Sequence[int]) -> None:
    events.record(
        tx,
        kind,
        actor_id=grant.actor.user_id,
        project_id=grant.project_id,
        payload={"tasks": list(ids), "users": list(user_ids)},
    )


def _wrong(sentence: str) -> Invalid:
    return Invalid("assignee-unknown", sentence, fields={"users": [sentence]})
