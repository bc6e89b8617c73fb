"""What was brought from where, by its old id: so that nothing is brought twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Table, bindparam, func, select, text

from treadle.db import Tx
from treadle.db.lists import id_list, one_of
from treadle.db.moving_tables import moved_rows
from treadle.db.prepared import Prepared

_m = moved_rows.c
_OF_KIND = (_m.source == bindparam("of_source")) & (_m.kind == bindparam("of_kind"))
_KNOWN = Prepared(select(_m.old_id, _m.new_id).where(_OF_KIND, one_of(_m.old_id, "ids")))
_ALL = (
    select(_m.kind, _m.old_id, _m.new_id)
    .where(_m.source == bindparam("of_source"))
    .order_by(_m.kind, _m.old_id)
)
_CHANGED = (
    select(_m.kind, func.count().label("count"))
    .where(_m.source == bindparam("of_source"), _m.kind != bindparam("but"), _m.old_id != _m.new_id)
    .group_by(_m.kind)
    .order_by(_m.kind)
)
_PASS = text(
    "SELECT setval(pg_get_serial_sequence(:table_name, 'id'), "
    "greatest(:highest, nextval(pg_get_serial_sequence(:table_name, 'id'))))"
)

_PASS_IN_FILE = text("UPDATE sqlite_sequence SET seq = max(seq, :highest) WHERE name = :table_name")


class Ledger:
    """The table of old and new ids of one source."""

    def __init__(self, source: str) -> None:
        self.source = source

    def find(self, tx: Tx, kind: str, old_ids: Iterable[int]) -> Mapping[int, int]:
        """The new ids of those that were brought."""
        asked = {"of_source": self.source, "of_kind": kind, "ids": id_list(list(old_ids))}
        return {row["old_id"]: row["new_id"] for row in tx.rows(_KNOWN, asked)}

    def note(self, tx: Tx, kind: str, pairs: Mapping[int, int]) -> None:
        """They were brought, by this transaction."""
        rows = [(self.source, kind, old, new) for old, new in pairs.items()]
        tx.insert_rows(moved_rows, ("source", "kind", "old_id", "new_id"), rows)

    def count_changed(self, tx: Tx, *, but: str) -> dict[str, int]:
        """How many have another id than they had, by their kind, which is none that is named ``but``."""
        asked = {"of_source": self.source, "but": but}
        return {row["kind"]: row["count"] for row in tx.rows(_CHANGED, asked)}

    def all(self, tx: Tx) -> Iterator[tuple[str, int, int]]:
        """Kind, old id and new id of everything."""
        for row in tx.rows(_ALL, {"of_source": self.source}):
            yield row["kind"], row["old_id"], row["new_id"]


def new_ids(tx: Tx, table: Table, old_ids: Sequence[int], *, keeps: bool) -> dict[int, int]:
    """The ids of new rows for those that had the old ones: the same where they are kept and are free here."""
    if not old_ids:
        return {}
    if not keeps:
        return dict(zip(old_ids, tx.reserve_ids(table, len(old_ids)), strict=True))
    # Before it is asked who has them: from here on nobody is given one of them.
    pass_over(tx, table, max(old_ids))
    # Somebody may have worked here since the first row came.
    taken = sorted(_taken(tx, table, old_ids))
    fresh = tx.reserve_ids(table, len(taken)) if taken else ()
    return {**{old: old for old in old_ids}, **dict(zip(taken, fresh, strict=True))}


def pass_over(tx: Tx, table: Table, highest: int) -> None:
    """Nobody is given an id up to ``highest`` any more."""
    # SQLite has no line of a table that never had a row: the first row then makes it.
    statement = _PASS if tx.dialect == "postgresql" else _PASS_IN_FILE
    tx.execute(statement, {"table_name": table.name, "highest": highest})


def _taken(tx: Tx, table: Table, ids: Sequence[int]) -> Iterator[int]:
    found = select(table.c.id).where(one_of(table.c.id, "ids"))
    return (int(row[0]) for row in tx.execute(found, {"ids": id_list(ids)}))
