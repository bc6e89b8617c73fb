"""The files of a storage that were read or written: one row each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy.dialects import postgresql, sqlite

from treadle.db import Tx
from treadle.db.storage_tables import storage_items

_KEY = ("storage_id", "key", "place")


class NewItem(NamedTuple):
    """A row to be, but for its storage."""

    key: str
    place: int
    etag: str
    task_id: int | None
    state: str
    round: int
    commit_id: str | None
    size_bytes: int | None = None


def put_items(
    tx: Tx, storage_id: int, items: Iterable[NewItem], *, keeps: bool = False, keeps_state: bool = False
) -> None:
    """Write the rows.

    keeps: a row that is there stays as it is.  keeps_state: it stays in its state, and of its sync.
    """
    rows = [{"storage_id": storage_id, **item._asdict()} for item in items]
    if not rows:
        return
    insert = (sqlite.insert if tx.dialect == "sqlite" else postgresql.insert)(storage_items)
    if keeps:
        tx.execute(insert.on_conflict_do_nothing(index_elements=_KEY), rows)
        return
    kept = {*_KEY, "state", "round"} if keeps_state else set(_KEY)
    new = {name: insert.excluded[name] for name in rows[0] if name not in kept}
    tx.execute(insert.on_conflict_do_update(index_elements=_KEY, set_=new), rows)
