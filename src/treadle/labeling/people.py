"""Who annotates a project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from treadle.access import Grant
from treadle.db import Tx, schema
from treadle.db.schema import users

_a = schema.annotations.c
_OF_PROJECT = _a.project_id == bindparam("project_id")


def _walk() -> Select[Any]:
    """From one person to the next along the index: a million annotations by fifty are fifty looks."""
    first = select(func.min(_a.completed_by).label("user_id")).where(_OF_PROJECT, _a.completed_by > 0)
    found = first.cte("found", recursive=True)
    after = select(func.min(_a.completed_by)).where(_OF_PROJECT, _a.completed_by > found.c.user_id)
    following = select(after.scalar_subquery()).where(found.c.user_id.is_not(None))
    whole = found.union_all(following)
    return select(whole.c.user_id).where(whole.c.user_id.is_not(None))


_ANNOTATORS = _walk()
_PEOPLE = (
    select(users.c.id.label("user_id"), users.c.email, users.c.first_name, users.c.last_name)
    .where(users.c.id.in_(_ANNOTATORS))
    .order_by(users.c.id)
)


def annotators_of(tx: Tx, grant: Grant) -> list[int]:
    """The ids of everybody with an annotation in the project; of the actor alone, where they see their own
    work alone."""
    ids = tx.execute(_ANNOTATORS, {"project_id": grant.project_id}).scalars()
    return [user_id for user_id in ids if not grant.is_narrow or user_id == grant.actor.user_id]


def list_annotators(tx: Tx, grant: Grant) -> list[Mapping[str, Any]]:
    """Names and addresses of everybody with an annotation in the project; of the actor alone, where they
    see their own work alone."""
    rows = tx.rows(_PEOPLE, {"project_id": grant.project_id})
    return [row for row in rows if not grant.is_narrow or row["user_id"] == grant.actor.user_id]
