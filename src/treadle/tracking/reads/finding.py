"""Finding runs: which, in which order, from where on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from treadle.tracking.reads.conditions import Condition, write_conditions
from treadle.tracking.reads.ordering import ATTRIBUTES, Order
from treadle.tracking.reads.own_tables import has_counts
from treadle.tracking.reads.runs import COLUMNS
from treadle.tracking.reads.tables import Reader, among

_NEWEST_FIRST = "r.start_time DESC, r.run_uuid"
_VALUE_TABLES = {"metric": "latest_metrics", "parameter": "params", "tag": "tags"}
#: So many lists of the newest runs are merged; of more experiments all runs are sorted.
_MOST_MERGED = 32
_MOST_MERGED_ROWS = 20_000


@dataclass(frozen=True)
class Search:
    """Which runs, and in which order; without one the newest first.

    stages: of ``active`` and ``deleted``.
    """

    experiment_ids: tuple[int, ...]
    stages: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    orders: tuple[Order, ...] = ()
    offset: int = 0


@dataclass(frozen=True)
class Where:
    """SQL of a condition on ``runs r``, and the values that it takes."""

    sql: str
    values: tuple[Any, ...]


def find_runs(reader: Reader, workspace: str, search: Search, limit: int) -> list[tuple[Any, ...]]:
    """At most ``limit`` runs of the workspace, each as its COLUMNS."""
    ids = visible_experiments(reader, workspace, search.experiment_ids)
    if not ids:
        return []
    if _is_newest_first(search.orders) and not search.conditions:
        return _newest(reader, ids, search, limit)
    where = where_of(search, ids, is_sqlite=reader.is_sqlite)
    joins, order, joined = write_order(search.orders)
    sql = f"SELECT {COLUMNS} FROM runs r {joins} WHERE {where.sql} ORDER BY {order} LIMIT ? OFFSET ?"
    return reader.all(sql, (*joined, *where.values, limit, search.offset))


def match_runs(reader: Reader, workspace: str, search: Search) -> list[str]:
    """The ids of all runs of the workspace that it finds, in its order, whatever its offset."""
    ids = visible_experiments(reader, workspace, search.experiment_ids)
    if not ids:
        return []
    where = where_of(search, ids, is_sqlite=reader.is_sqlite)
    joins, order, joined = write_order(search.orders)
    sql = f"SELECT r.run_uuid FROM runs r {joins} WHERE {where.sql} ORDER BY {order}"
    return [row[0] for row in reader.all(sql, (*joined, *where.values))]


def get_runs(reader: Reader, run_ids: Sequence[str]) -> list[tuple[Any, ...]]:
    """These runs, each as its COLUMNS, in the order of ``run_ids``."""
    if not run_ids:
        return []
    where, values = among("r.run_uuid", run_ids)
    rows = {row[0]: row for row in reader.all(f"SELECT {COLUMNS} FROM runs r WHERE {where}", values)}
    return [rows[run_id] for run_id in run_ids]


def count_runs(reader: Reader, workspace: str, search: Search) -> int:
    """How many runs of the workspace it finds in all."""
    ids = visible_experiments(reader, workspace, search.experiment_ids)
    if not ids:
        return 0
    if not search.conditions and has_counts(reader):
        return sum(count for _, count in kept_counts(reader, ids, search.stages))
    where = where_of(search, ids, is_sqlite=reader.is_sqlite)
    row = reader.first(f"SELECT count(*) FROM runs r WHERE {where.sql}", where.values)
    assert row is not None
    return int(row[0])


def kept_counts(reader: Reader, ids: Sequence[int], stages: Sequence[str]) -> list[tuple[int, int]]:
    """How many runs each of the experiments holds in these stages, as `has_counts` says that it is known."""
    experiments, values = among("experiment_id", ids)
    named, names = among("stage", stages)
    sql = f"SELECT experiment_id, runs FROM treadle_run_counts WHERE {experiments} AND {named}"
    return [(row[0], row[1]) for row in reader.all(sql, (*values, *names))]


def visible_experiments(reader: Reader, workspace: str, ids: Sequence[int]) -> list[int]:
    """Those of the experiments that are the workspace's."""
    where, values = among("experiment_id", ids)
    rows = reader.all(
        f"SELECT experiment_id FROM experiments WHERE workspace = ? AND {where}", (workspace, *values)
    )
    return [row[0] for row in rows]


def where_of(search: Search, experiment_ids: Sequence[int], *, is_sqlite: bool) -> Where:
    """What a run must be, in ``experiment_ids``, which were found to be the workspace's."""
    experiments, ids = among("r.experiment_id", experiment_ids)
    stages, names = among("r.lifecycle_stage", search.stages)
    conditions, values = write_conditions(search.conditions, is_sqlite=is_sqlite)
    return Where(" AND ".join([experiments, stages, *conditions]), (*ids, *names, *values))


def write_order(orders: Sequence[Order]) -> tuple[str, str, list[Any]]:
    """The joins that an order needs, the order, and the values that the joins take.

    As MLflow has it: NaN behind the numbers, what has no value last, whichever way; then the newest first.
    """
    joins, terms, values = [], [], []
    for number, order in enumerate(orders):
        way = "" if order.is_ascending else " DESC"
        if order.kind == "attribute":
            column = f"r.{ATTRIBUTES[order.key]}"
        else:
            name, column = f"o{number}", f"o{number}.value"
            table = _VALUE_TABLES[order.kind]
            joins.append(f"LEFT JOIN {table} {name} ON {name}.run_uuid = r.run_uuid AND {name}.key = ?")
            values.append(order.key)
        if order.kind == "metric":
            terms.append(f"CASE WHEN o{number}.is_nan THEN 1 WHEN {column} IS NULL THEN 2 ELSE 0 END")
        elif column != "r.start_time":
            terms.append(f"CASE WHEN {column} IS NULL THEN 1 ELSE 0 END")
        terms.append(f"{column}{way}")
    is_by_start = any(order.kind == "attribute" and order.key == "start_time" for order in orders)
    terms.append("r.run_uuid" if is_by_start else _NEWEST_FIRST)
    return " ".join(joins), ", ".join(terms), values


def _is_newest_first(orders: Sequence[Order]) -> bool:
    return tuple(orders) in ((), (Order("attribute", "start_time", is_ascending=False),))


def _newest(reader: Reader, ids: Sequence[int], search: Search, limit: int) -> list[tuple[Any, ...]]:
    """Along the index of each experiment: as long as the page needs, however many runs there are."""
    lists = [(experiment_id, stage) for experiment_id in ids for stage in search.stages]
    most = limit + search.offset
    page = f"ORDER BY {_NEWEST_FIRST} LIMIT ? OFFSET ?"
    where = "r.experiment_id = ? AND r.lifecycle_stage = ?"
    if len(lists) == 1:
        sql = f"SELECT {COLUMNS} FROM runs r WHERE {where} {page}"
        return reader.all(sql, (*lists[0], limit, search.offset))
    if len(lists) > _MOST_MERGED or most * len(lists) > _MOST_MERGED_ROWS:
        whole = where_of(search, ids, is_sqlite=reader.is_sqlite)
        sql = f"SELECT {COLUMNS} FROM runs r WHERE {whole.sql} {page}"
        return reader.all(sql, (*whole.values, limit, search.offset))
    one = f"SELECT * FROM (SELECT r.run_uuid FROM runs r WHERE {where} ORDER BY {_NEWEST_FIRST} LIMIT ?)"
    merged = " UNION ALL ".join([one if reader.is_sqlite else f"{one} l"] * len(lists))
    values = [value for part in lists for value in (*part, most)]
    sql = f"SELECT {COLUMNS} FROM runs r WHERE r.run_uuid IN ({merged}) {page}"
    return reader.all(sql, (*values, limit, search.offset))
