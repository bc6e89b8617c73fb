"""Tasks whose file is gone from its source: they stay with their work, and are offered to nobody."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ScalarSelect, distinct, func, literal_column, select

from treadle.db.schema import projects, tasks
from treadle.db.storage_tables import storage_items, storages

_i, _s, _t = storage_items.c, storages.c, tasks.c


def count_unfinished() -> ScalarSelect[Any]:
    """How many retired tasks of the statement's project are not labelled, and need not be."""
    return (
        select(func.count(distinct(_i.task_id)))
        .select_from(storages.join(storage_items, _i.storage_id == _s.id).join(tasks, _t.id == _i.task_id))
        .where(
            _s.project_id == projects.c.id,
            literal_column("storage_items.state = 'retired'"),  # in the words of ix_storage_items_retired
            _t.is_labeled.is_(False),
        )
        .correlate(projects)
        .scalar_subquery()
    )
