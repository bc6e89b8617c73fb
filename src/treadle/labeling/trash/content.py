"""Rows as they are stored: out of their tables into JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, ColumnElement, Table, select, type_coerce

from treadle.db import Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import drafts, handouts, predictions, tasks
from treadle.db.types import Instant

#: A row by the names of its columns, each value as the database stores it: an instant in microseconds.
StoredRow = dict[str, Any]


class Content(msgspec.Struct, omit_defaults=True):
    """What lies in one row of the trash: the thing itself, and what belonged to it."""

    task: StoredRow | None = None
    annotations: list[StoredRow] = []
    predictions: list[StoredRow] = []
    drafts: list[StoredRow] = []
    handouts: list[StoredRow] = []


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Content)


def encode(content: Content) -> str:
    """The content as JSON."""
    return _encoder.encode(content).decode()


def decode(text: str) -> Content:
    """The content out of its JSON, also as an older Treadle wrote it."""
    return _decoder.decode(text)


def _as_stored(column: Column[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, Instant):
        return type_coerce(column, BigInteger).label(column.name)
    return column


class StoredRows:
    """The rows of a table that are found by one of its columns."""

    def __init__(self, table: Table, column: Column[int]) -> None:
        columns = [_as_stored(each) for each in table.c]
        self._statement = Prepared(
            select(*columns).where(one_of(column, "ids")).order_by(*table.primary_key.columns)
        )

    def read(self, tx: Tx, ids: Sequence[int]) -> list[StoredRow]:
        """The rows for these ids, in the order of their own."""
        return tx.execute(self._statement, {"ids": id_list(ids)}).all()


TASKS = StoredRows(tasks, tasks.c.id)
HANDOUTS_OF_TASKS = StoredRows(handouts, handouts.c.task_id)
ANNOTATIONS = StoredRows(schema.annotations, schema.annotations.c.id)
ANNOTATIONS_OF_TASKS = StoredRows(schema.annotations, schema.annotations.c.task_id)
PREDICTIONS = StoredRows(predictions, predictions.c.id)
PREDICTIONS_OF_TASKS = StoredRows(predictions, predictions.c.task_id)
DRAFTS_OF_TASKS = StoredRows(drafts, drafts.c.task_id)
DRAFTS_OF_ANNOTATIONS = StoredRows(drafts, drafts.c.annotation_id)


def write_stored(tx: Tx, table: Table, rows: Sequence[StoredRow]) -> None:
    """Insert rows as `StoredRows` read them; a column that is new since then gets its default."""
    by_columns: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for row in rows:
        names = tuple(name for name in row if name in table.c)
        by_columns.setdefault(names, []).append(tuple(row[name] for name in names))
    for names, values in by_columns.items():
        tx.insert_rows(table, names, values)


def by_id(rows: Sequence[Mapping[str, Any]], name: str) -> dict[int, list[Any]]:
    """The rows by the id in their column ``name``."""
    grouped: dict[int, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row[name], []).append(row)
    return grouped
