"""Which tasks are there: the rows of an import show all at once, when it is done."""

from __future__ import annotations

from sqlalchemy import ColumnElement, bindparam, select, true

from treadle.access import Grant
from treadle.db import Tx
from treadle.db.schema import handouts, imports, tasks

_UNFINISHED = select(imports.c.id).where(
    imports.c.project_id == bindparam("project_id"), imports.c.state != "done"
)


def visible_tasks(tx: Tx, project_id: int) -> ColumnElement[bool]:
    """The condition on ``tasks`` that leaves out rows of imports that run or failed.

    Nearly always there is none, and the condition costs nothing.
    """
    unfinished = tx.execute(_UNFINISHED, {"project_id": project_id}).scalars().all()
    return tasks.c.import_id.not_in(unfinished) if unfinished else true()


def handed_to(grant: Grant) -> ColumnElement[bool]:
    """The condition on ``tasks`` for what the actor may see: all, or what was handed to them."""
    if not grant.is_narrow:
        return true()
    mine = select(handouts.c.task_id).where(handouts.c.user_id == grant.actor.user_id)
    return tasks.c.id.in_(mine)
