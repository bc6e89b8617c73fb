"""What one sees: the rows of an import all at once, when it is done; of others' work what the role shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, case, exists, literal_column, select, true
from sqlalchemy.sql import visitors
from sqlalchemy.sql.util import ClauseAdapter

from treadle.access import Grant
from treadle.db import schema
from treadle.db.schema import drafts, handouts, imports, tasks

# Words of the statement and no parameters: an index holds the unfinished imports alone.
_IS_UNFINISHED = imports.c.state != literal_column("'done'")


def visible_tasks(project_id: int | BindParameter[int]) -> ColumnElement[bool]:
    """The condition on ``tasks`` of a project that leaves out rows of imports that run or failed."""
    unfinished = select(imports.c.id).where(imports.c.project_id == project_id, _IS_UNFINISHED)
    return tasks.c.import_id.not_in(unfinished)


def is_visible() -> ColumnElement[bool]:
    """The same for a single task, of whichever project."""
    return ~exists().where(imports.c.id == tasks.c.import_id, _IS_UNFINISHED)


def handed_to(grant: Grant) -> ColumnElement[bool]:
    """The condition on ``tasks`` for what the actor may see: all, or what was handed to them."""
    if not grant.is_narrow:
        return true()
    mine = select(handouts.c.task_id).where(
        handouts.c.user_id == grant.actor.user_id, handouts.c.project_id == grant.project_id
    )
    return tasks.c.id.in_(mine)


def shown_to(grant: Grant, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row of a task, without who changed it last where that is somebody whom the actor may not see."""
    is_told = not grant.is_narrow or row["updated_by"] == grant.actor.user_id
    return row if is_told else {**row, "updated_by": None}


def of_own_work(grant: Grant, clause: ColumnElement[Any]) -> ColumnElement[Any]:
    """A condition or an order on tasks that reads the actor's own annotations, drafts, assignments and
    changes alone, where they may see no others: what is found, and in which order, tells of what it was
    found by."""
    if not grant.is_narrow:
        return clause
    mine = schema.annotations.c.completed_by == grant.actor.user_id
    own_annotations = select(schema.annotations).where(mine).subquery("own_annotations")
    own_drafts = select(drafts).where(drafts.c.user_id == grant.actor.user_id).subquery("own_drafts")
    own_handouts = select(handouts).where(handouts.c.user_id == grant.actor.user_id).subquery("own_handouts")
    adapter = ClauseAdapter(own_annotations).chain(ClauseAdapter(own_drafts))
    seen = adapter.chain(ClauseAdapter(own_handouts)).traverse(clause)
    changed_by = tasks.c.updated_by
    changed_self = case((changed_by == grant.actor.user_id, changed_by))

    def narrow(element: Any, **_options: Any) -> ColumnElement[Any] | None:
        return changed_self if element is changed_by else None

    narrowed: ColumnElement[Any] = visitors.replacement_traverse(seen, {}, narrow)
    return narrowed
