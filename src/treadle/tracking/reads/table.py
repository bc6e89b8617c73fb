"""The runs table: pages of runs in few columns, groups of them, and which columns there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

from treadle.errors import Invalid
from treadle.tracking.reads.conditions import read_filter
from treadle.tracking.reads.curves import Number, mean_of, shown
from treadle.tracking.reads.finding import (
    Search,
    count_runs,
    find_runs,
    get_runs,
    match_runs,
    visible_experiments,
    where_of,
)
from treadle.tracking.reads.ordering import ATTRIBUTES, Order, read_order
from treadle.tracking.reads.questions import Columns, ColumnsQuestion, GroupsQuestion, RunsQuestion, Which
from treadle.tracking.reads.tables import Reader, among

_USER_TAG, _NAME_TAG = "mlflow.user", "mlflow.runName"
_MOST_GROUPS = 1_000
_MOST_COLUMNS = 1_000
#: Columns are those of so many of the newest runs.
_LOOKED_AT = 5_000
#: As many rows that lie together are read in the time that one is looked up.
_ROWS_OF_A_LOOK = 6
#: Of so many runs of a page it is looked at how much lies with them.
_SAMPLED = 8
_COLUMN_TABLES = {"metrics": "latest_metrics", "params": "params", "tags": "tags"}
_GROUP_TABLES = {"parameter": "params", "tag": "tags"}


class RunRow(Struct):
    """A run in the table."""

    run_id: str
    experiment_id: str
    name: str
    status: str | None
    user: str
    start_time: int | None
    end_time: int | None
    is_deleted: bool
    metrics: dict[str, Number] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str | None] = field(default_factory=dict)


class RunsPage(Struct):
    """A page of them, and how many there are in all."""

    results: list[RunRow]
    total: int


class Spread(Struct):
    """A metric over the runs of a group, NaN left out."""

    min: Number
    mean: Number
    max: Number


class Group(Struct):
    """The runs with one value; None: those without any."""

    value: str | None
    count: int
    metrics: dict[str, Spread] = field(default_factory=dict)


def read_page(reader: Reader, workspace: str, question: RunsQuestion) -> RunsPage:
    """A page of the runs table. Raises Invalid("run-filter"), Invalid("run-order")."""
    search = _search(reader, workspace, question, question.order_by, question.offset)
    if search.conditions:  # what is looked at for each run is looked at once, for the page and for the total
        matched = match_runs(reader, workspace, search)
        total, page = len(matched), matched[search.offset : search.offset + question.limit]
        rows = [_row(row) for row in get_runs(reader, page)]
    else:
        total = count_runs(reader, workspace, search)
        rows = [_row(row) for row in find_runs(reader, workspace, search, question.limit)]
    _fill(reader, rows, question.columns)
    return RunsPage(rows, total)


def read_groups(reader: Reader, workspace: str, question: GroupsQuestion) -> list[Group]:
    """The groups with most runs first, at most 1,000. Raises Invalid("run-filter"), Invalid("run-order")."""
    search = _search(reader, workspace, question)
    ids = visible_experiments(reader, workspace, search.experiment_ids)
    if not ids:
        return []
    where = where_of(search, ids, is_sqlite=reader.is_sqlite)
    join, column, values = _grouping(read_order(question.by))
    by = f"FROM runs r {join}"
    groups = [
        Group(None if value is None else str(value), count)
        for value, count in reader.all(
            f"SELECT {column}, count(*) {by} WHERE {where.sql} GROUP BY {column} "
            f"ORDER BY count(*) DESC, {column} LIMIT {_MOST_GROUPS}",
            (*values, *where.values),
        )
    ]
    for key in question.metrics:
        spreads = {
            None if value is None else str(value): _spread(*numbers)
            for value, *numbers in reader.all(
                f"SELECT {column}, count(*), min(m.value), max(m.value), "
                "coalesce(sum(CASE WHEN abs(m.value) < 1e290 THEN m.value END), 0) "
                f"{by} JOIN latest_metrics m ON m.run_uuid = r.run_uuid AND m.key = ? AND NOT m.is_nan "
                f"WHERE {where.sql} GROUP BY {column}",
                (*values, key, *where.values),
            )
        }
        for group in groups:
            if group.value in spreads:
                group.metrics[key] = spreads[group.value]
    return groups


def read_columns(reader: Reader, workspace: str, question: ColumnsQuestion) -> dict[str, Any]:
    """The names of what was logged to the newest 5,000 runs, at most 1,000 of each kind, in order."""
    ids = visible_experiments(reader, workspace, _experiments(reader, workspace, question.experiment_ids))
    where, values = among("r.experiment_id", ids)
    newest = (
        f"SELECT r.run_uuid FROM runs r WHERE {where} AND r.lifecycle_stage IN ('active', 'deleted') "
        f"ORDER BY r.start_time DESC LIMIT {_LOOKED_AT}"
    )
    of_each = " UNION ALL ".join(
        f"SELECT DISTINCT '{kind}', x.key FROM newest n JOIN {table} x ON x.run_uuid = n.run_uuid"
        for kind, table in _COLUMN_TABLES.items()
    )
    wanted = question.search.casefold()
    names: dict[str, list[str]] = {kind: [] for kind in _COLUMN_TABLES}
    for kind, key in reader.all(f"WITH newest AS MATERIALIZED ({newest}) {of_each}", values):
        if wanted in key.casefold():
            names[kind].append(key)
    return {kind: sorted(keys)[:_MOST_COLUMNS] for kind, keys in names.items()}


def _search(
    reader: Reader, workspace: str, which: Which, order_by: Sequence[str] = (), offset: int = 0
) -> Search:
    orders = tuple(read_order(text) for text in order_by)
    if len({(order.kind, order.key) for order in orders}) < len(orders):
        raise Invalid("run-order", f"Order by each thing once; given: {', '.join(order_by)}.")
    ids = _experiments(reader, workspace, which.experiment_ids)
    return Search(ids, (which.view,), read_filter(which.filter), orders, offset)


def _experiments(reader: Reader, workspace: str, ids: Sequence[str]) -> tuple[int, ...]:
    if ids:
        return tuple(dict.fromkeys(int(one) for one in ids))
    rows = reader.all("SELECT experiment_id FROM experiments WHERE workspace = ?", (workspace,))
    return tuple(row[0] for row in rows)


def _grouping(by: Order) -> tuple[str, str, list[Any]]:
    if by.kind == "attribute":
        return "", f"r.{ATTRIBUTES[by.key]}", []
    table = _GROUP_TABLES.get(by.kind)
    if table is None:
        raise Invalid("run-order", "Group runs by params.NAME, tags.NAME or attributes.NAME.")
    return f"LEFT JOIN {table} g ON g.run_uuid = r.run_uuid AND g.key = ?", "g.value", [by.key]


def _spread(count: int, low: float, high: float, total: float) -> Spread:
    return Spread(shown(low), mean_of(count, low, high, total), shown(high))


def _row(row: tuple[Any, ...]) -> RunRow:
    run_id, name, experiment_id, user_id, status, start_time, end_time, _, stage = row
    return RunRow(
        run_id,
        str(experiment_id),
        name or "",
        status,
        user_id or "",
        start_time,
        end_time,
        stage == "deleted",
    )


def _fill(reader: Reader, rows: list[RunRow], columns: Columns) -> None:
    by_id = {row.run_id: row for row in rows}
    where, ids = among("run_uuid", list(by_id))
    for run_id, key, value, is_nan in _of(
        reader, "latest_metrics", "value, is_nan", columns.metrics, where, ids
    ):
        by_id[run_id].metrics[key] = "NaN" if is_nan else shown(value)
    for run_id, key, value in _of(reader, "params", "value", columns.params, where, ids):
        by_id[run_id].params[key] = value
    for run_id, key, value in _of(reader, "tags", "value", columns.tags, where, ids):
        by_id[run_id].tags[key] = value
    _fill_people(reader, rows)


def _of(
    reader: Reader, table: str, what: str, keys: Sequence[str], where: str, *values: Any
) -> list[tuple[Any, ...]]:
    if not keys or not values[0]:
        return []
    named, names = among("+key" if _are_near(reader, table, values[0], len(keys)) else "key", keys)
    sql = f"SELECT run_uuid, key, {what} FROM {table} WHERE {where} AND {named}"
    return reader.all(sql, (*values[0], *names))


def _are_near(reader: Reader, table: str, ids: Sequence[str], keys: int) -> bool:
    """Is it less to read all that lies with the runs, side by side, than to look up each of so many keys?

    The other way costs the more the more other runs there are. PostgreSQL knows by its statistics.
    """
    if not reader.is_sqlite:
        return False
    where, ids = among("run_uuid", ids[:: -(-len(ids) // _SAMPLED)])
    most = len(ids) * keys * _ROWS_OF_A_LOOK
    row = reader.first(f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {where} LIMIT {most})", ids)
    return row is not None and row[0] < most


def _fill_people(reader: Reader, rows: list[RunRow]) -> None:
    """What older clients tell by tags alone."""
    bare = {row.run_id: row for row in rows if not row.name or not row.user}
    where, ids = among("run_uuid", list(bare))
    if not bare:
        return
    for run_id, key, value in _of(reader, "tags", "value", (_USER_TAG, _NAME_TAG), where, ids):
        if key == _USER_TAG:
            bare[run_id].user = bare[run_id].user or value or ""
        else:
            bare[run_id].name = bare[run_id].name or value or ""
