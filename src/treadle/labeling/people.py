"""Who annotates a project."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from treadle.db import Tx, schema

_a = schema.annotations.c
_ANNOTATORS = (
    select(_a.completed_by)
    .where(_a.project_id == bindparam("project_id"), _a.completed_by.is_not(None))
    .distinct()
    .order_by(_a.completed_by)
)


def annotators_of(tx: Tx, project_id: int) -> list[int]:
    """The ids of everybody with an annotation in the project."""
    return list(tx.execute(_ANNOTATORS, {"project_id": project_id}).scalars())
