"""Tasks whose file changed under what was made of them: since when, and what it was before.

When the file of a task changed last is kept as an edge from its source; a task whose file never changed has
none. What was made of a task before that was made of something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, and_, bindparam, cast, exists, literal_column, select

from treadle.db import Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.storage_tables import lineage_edges, storage_items
from treadle.lineage import Edge, Node, renew_edges

_SOURCE, _TASK, _COMMIT = "storage", "task", "commit"
_MOST_VERSIONS = 100

_i, _e, _a = storage_items.c, lineage_edges.c, schema.annotations.c
_of_item = and_(
    _e.from_kind == literal_column(f"'{_SOURCE}'"),
    _e.from_id == cast(_i.storage_id, String),
    _e.to_kind == literal_column(f"'{_TASK}'"),
    _e.to_id == cast(_i.task_id, String),
)
_changed = _i.state == literal_column("'changed'")
_CHANGE = Prepared(
    select(_i.storage_id, _i.key, _i.commit_id, _e.at)
    .select_from(storage_items.join(lineage_edges, _of_item))
    .where(_i.task_id == bindparam("task_id"), _changed)
    .limit(1)
)
_VERSIONS = Prepared(
    select(_e.from_id, _e.at)
    .where(
        _e.to_kind == literal_column(f"'{_TASK}'"),
        _e.to_id == bindparam("node"),
        _e.from_kind == literal_column(f"'{_COMMIT}'"),
    )
    .order_by(_e.at.desc())
    .limit(_MOST_VERSIONS)
)
_counts = and_(_a.task_id == _i.task_id, _a.was_cancelled.is_(False))
_SEEN = Prepared(
    select(_i.task_id)
    .select_from(storage_items.join(lineage_edges, _of_item))
    .where(
        one_of(_i.task_id, "task_ids"),
        _changed,
        exists().where(_counts),
        ~exists().where(_counts, _a.updated_at < _e.at),
    )
)


@dataclass(frozen=True)
class SourceChange:
    """That the file of a task changed. versions: when it came to be as it is at each commit, newest first."""

    at: datetime
    storage_id: int
    key: str
    commit_id: str | None
    versions: Sequence[tuple[datetime, str]] = ()


def note_changed(tx: Tx, storage_id: int, task_ids: Iterable[int]) -> None:
    """Keep that the files of these tasks changed now."""
    source = Node(_SOURCE, str(storage_id))
    renew_edges(tx, [Edge(source, Node(_TASK, str(task_id))) for task_id in task_ids])


def find(tx: Tx, task_id: int) -> SourceChange | None:
    """The last change of the task's file, if it ever changed."""
    row = tx.execute(_CHANGE, {"task_id": task_id}).first()
    if row is None:
        return None
    versions = [(each["at"], each["from_id"]) for each in tx.rows(_VERSIONS, {"node": str(task_id)})]
    return SourceChange(row["at"], row["storage_id"], row["key"], row["commit_id"], versions)


def labelled_again(tx: Tx, task_ids: Sequence[int]) -> frozenset[int]:
    """Of these tasks those whose file changed, and whose every annotation was saved since."""
    return frozenset(row["task_id"] for row in tx.rows(_SEEN, {"task_ids": id_list(task_ids)}))


def commit_at(tx: Tx, task_ids: Sequence[int], at: datetime) -> str | None:
    """The commit at which the file of these tasks was taken last by then; None where it lies in no repo."""
    nodes = [str(task_id) for task_id in task_ids]
    theirs = (_e.to_kind == _TASK, _e.to_id.in_(nodes), _e.from_kind == _COMMIT)
    found = select(_e.from_id).where(*theirs, _e.at <= at).order_by(_e.at.desc()).limit(1)
    return tx.execute(found).scalar()
