"""Who annotates a project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from treadle.db import Tx, schema
from treadle.db.schema import users

_a = schema.annotations.c
_PEOPLE = (
    select(users.c.id.label("user_id"), users.c.email, users.c.first_name, users.c.last_name)
    .where(users.c.id.in_(select(_a.completed_by).where(_a.project_id == bindparam("project_id")).distinct()))
    .order_by(users.c.id)
)
_ANNOTATORS = (
    select(_a.completed_by)
    .where(_a.project_id == bindparam("project_id"), _a.completed_by.is_not(None))
    .distinct()
    .order_by(_a.completed_by)
)


def annotators_of(tx: Tx, project_id: int) -> list[int]:
    """The ids of everybody with an annotation in the project."""
    return list(tx.execute(_ANNOTATORS, {"project_id": project_id}).scalars())


def list_annotators(tx: Tx, project_id: int) -> list[Mapping[str, Any]]:
    """Names and addresses of everybody with an annotation in the project."""
    return [dict(row) for row in tx.execute(_PEOPLE, {"project_id": project_id}).mappings()]
