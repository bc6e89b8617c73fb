"""What one labelled, in order, to go back to."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from treadle.access import Grant
from treadle.db import Tx, schema

_a = schema.annotations.c
_MOST = 1000
_OWN = (
    select(_a.task_id, _a.id)
    .where(_a.project_id == bindparam("project_id"), _a.completed_by == bindparam("user_id"))
    .order_by(_a.id.desc())
    .limit(_MOST)
)


def list_own(tx: Tx, grant: Grant) -> list[dict[str, int]]:
    """The last 1000 annotations of the actor in the project, oldest first."""
    rows = tx.execute(_OWN, {"project_id": grant.project_id, "user_id": grant.actor.user_id}).all()
    return [{"taskId": row.task_id, "annotationId": row.id} for row in reversed(rows)]
