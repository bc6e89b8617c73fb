"""Tasks whose file is gone from its source: they stay with their work, and are offered to nobody.

How many of them are not labelled, and need not be, stands in the project's counters. A sync counts them when
it ends; in between, whatever changes whether one is labelled, or there, counts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    ScalarSelect,
    bindparam,
    distinct,
    func,
    literal_column,
    select,
    update,
)

from treadle.db import Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import project_counters, tasks
from treadle.db.storage_tables import storage_items, storages

_i, _s, _t, _c = storage_items.c, storages.c, tasks.c, project_counters.c
_IS_RETIRED: ColumnElement[bool] = literal_column("storage_items.state = 'retired'")  # as its index says it
_OF_TASKS = Prepared(
    select(func.count(distinct(_i.task_id)).label("count")).where(one_of(_i.task_id, "ids"), _IS_RETIRED)
)
_UNFINISHED_OF_TASKS = Prepared(
    select(func.count(distinct(_i.task_id)).label("count"))
    .select_from(storage_items.join(tasks, _t.id == _i.task_id))
    .where(one_of(_i.task_id, "ids"), _IS_RETIRED, _t.is_labeled.is_(False))
)
_UNFINISHED = Prepared(
    select(func.count(distinct(_i.task_id)).label("count"))
    .select_from(storages.join(storage_items, _i.storage_id == _s.id).join(tasks, _t.id == _i.task_id))
    .where(_s.project_id == bindparam("project_id"), _IS_RETIRED, _t.is_labeled.is_(False))
)
_LOCK = select(_c.project_id).where(_c.project_id == bindparam("of_project")).with_for_update()
_SET = (
    update(project_counters)
    .where(_c.project_id == bindparam("of_project"))
    .values(retired_task_number=bindparam("number"))
)


def of_one(task_id: str) -> ScalarSelect[Any]:
    """1 where the task of the parameter of that name is retired, else nothing."""
    one = literal_column("1", Integer)
    return select(one).where(_i.task_id == bindparam(task_id), _IS_RETIRED).limit(1).scalar_subquery()


def count_retired(tx: Tx, task_ids: Sequence[int]) -> int:
    """How many of the tasks are retired, be they there or not."""
    return _count(tx, _OF_TASKS, {"ids": id_list(task_ids)}) if task_ids else 0


def count_unfinished(tx: Tx, task_ids: Sequence[int]) -> int:
    """How many of the tasks are retired and not labelled."""
    return _count(tx, _UNFINISHED_OF_TASKS, {"ids": id_list(task_ids)})


def recount(tx: Tx, project_id: int) -> None:
    """Count anew how many retired tasks of the project are not labelled."""
    tx.execute(_LOCK, {"of_project": project_id}).all()  # whoever labels one waits, or was counted
    number = _count(tx, _UNFINISHED, {"project_id": project_id})
    tx.execute(_SET, {"of_project": project_id, "number": number})


def _count(tx: Tx, statement: Prepared, wanted: dict[str, Any]) -> int:
    return int(tx.execute(statement, wanted).scalar() or 0)
