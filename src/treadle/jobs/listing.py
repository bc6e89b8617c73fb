"""Whose jobs one sees: one's own, those of projects that one may change, and those of workspaces that one may
order oneself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select, true

from treadle.access import Actor, ListGrant, allow_anywhere
from treadle.db import Tx
from treadle.db.schema import jobs, projects, users
from treadle.errors import NotFound
from treadle.jobs.rows import Job, JobState, get
from treadle.permissions import Permission

#: A longer result is told by the job alone: one import may name a million tasks.
_LONGEST_LISTED_RESULT = 20_000
#: Kinds that work on what a workspace shares, and what one holds there who may order one: whoever does sees,
#: follows and stops those of others, too.
OF_WORKSPACES: Mapping[str, Permission] = {
    "repo-gc": Permission.REPO_WRITE,
    "repo-fsck": Permission.REPO_WRITE,
    "tracking-purge": Permission.TRACKING_MANAGE,
}
_j = jobs.c


@dataclass(frozen=True)
class JobFilter:
    """Which jobs a list shows; None: whichever."""

    project_id: int | None = None
    workspace_id: int | None = None
    kind: str | None = None
    states: Sequence[JobState] = ()


def get_seen(tx: Tx, actor: Actor, job_id: str) -> Job:
    """The job, if the actor may see it, and so cancel it. Raises NotFound("job-not-found")."""
    job = get(tx, job_id)
    if tx.execute(select(_j.id).where(_j.id == job_id, _seen_by(tx, actor))).first() is None:
        raise NotFound("job-not-found", f"There is no job {job_id!r} that you can see.")
    return job


def list_seen(
    tx: Tx, actor: Actor, only: JobFilter, *, limit: int, offset: int
) -> tuple[int, list[Mapping[str, Any]]]:
    """How many jobs the actor sees, and a stretch of them, newest first.

    Each as a row with the names of its person and, where the actor still sees the project, its title;
    without its log. The payload is there for those that failed or were cancelled.
    """
    condition = _seen_by(tx, actor) & _meets(only)
    total = tx.execute(select(func.count()).select_from(jobs).where(condition)).scalar_one()
    shown = case((func.length(_j.result) <= _LONGEST_LISTED_RESULT, _j.result))
    ended_badly = _j.state.in_((JobState.FAILED.value, JobState.CANCELLED.value))
    payload = case((ended_badly, _j.payload), else_="{}")
    columns = [column for column in jobs.c if column.name not in ("payload", "log", "place", "result")]
    statement = (
        _with_names(actor, *columns, shown.label("result"), payload.label("payload"))
        .where(condition)
        .order_by(_j.created_at.desc(), _j.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return int(total), tx.rows(statement)


def read(tx: Tx, actor: Actor, job_id: str) -> Mapping[str, Any]:
    """The whole row of a job that is there, with the names of its person and, where the actor still sees
    the project, its title."""
    return tx.rows(_with_names(actor, jobs).where(_j.id == job_id))[0]


def _seen_by(tx: Tx, actor: Actor) -> ColumnElement[bool]:
    """The condition on ``jobs``."""
    if actor.is_admin:
        return true()
    theirs = select(projects.c.id).where(ListGrant(actor, Permission.PROJECT_WRITE).condition)
    held = actor.token_workspace_id
    own = _j.actor_id == actor.user_id
    return or_(
        own if held is None else own & (_j.workspace_id == held),
        _j.project_id.in_(theirs),
        *_of_workspaces(tx, actor),
    )


def _of_workspaces(tx: Tx, actor: Actor) -> Iterator[ColumnElement[bool]]:
    for permission in sorted(set(OF_WORKSPACES.values())):
        places = allow_anywhere(tx, actor, permission)
        if places:
            kinds = [kind for kind, asked in OF_WORKSPACES.items() if asked is permission]
            yield _j.kind.in_(kinds) & _j.workspace_id.in_(places) & _j.project_id.is_(None)


def _meets(only: JobFilter) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = true()
    if only.project_id is not None:
        condition &= _j.project_id == only.project_id
    if only.workspace_id is not None:
        condition &= _j.workspace_id == only.workspace_id
    if only.kind is not None:
        condition &= _j.kind == only.kind
    if only.states:
        condition &= _j.state.in_([state.value for state in only.states])
    return condition


def _with_names(actor: Actor, *columns: Any) -> Any:
    told = (projects.c.id == _j.project_id) & ListGrant(actor, Permission.PROJECT_READ).condition
    return select(
        *columns,
        users.c.email,
        users.c.first_name,
        users.c.last_name,
        projects.c.title.label("project_title"),
    ).select_from(jobs.outerjoin(users, users.c.id == _j.actor_id).outerjoin(projects, told))
