"""Roll-ups of long metrics: about a thousand buckets each, by step and by time, kept true by triggers.

A roll-up is made once, when a metric has become long; from then on the database adds every point to it in the
transaction that logs the point. What is left to do beside is to make buckets wider when there are many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from treadle.tracking.reads.own_tables import lock_run
from treadle.tracking.reads.tables import Reader, Tables

Axis = Literal["step", "time"]
AXES: tuple[Axis, ...] = ("step", "time")
COLUMN: dict[Axis, str] = {"step": "step", "time": "timestamp"}

#: A metric with fewer points is read as it is.
LONG = 4_096
_MADE = 1_024
_MOST = 2 * _MADE
_FAR = 2**62

_SERIES = "SELECT id, step_shift, time_shift FROM treadle_series WHERE run_uuid = ? AND key = ?"
# All steps, said so that SQLite walks along the run's own index of steps: without statistics it would rather
# look at every run's points of that name.
OF_METRIC = "run_uuid = ? AND key = ? AND step >= ?"
FIRST_STEP = -(2**63)
_OF_METRIC = f"FROM metrics WHERE {OF_METRIC}"
_BUCKET = "points, nans, low, high, total, first, last"
_MERGED = (
    "CAST(sum(points) AS BIGINT), CAST(sum(nans) AS BIGINT), min(low), max(high), sum(total), "
    "min(first), max(last)"
)
#: One bucket of points that were never rolled up, in the order of _BUCKET.
RAW = (
    "count(*), count(*) FILTER (WHERE is_nan), min(value) FILTER (WHERE NOT is_nan), "
    "max(value) FILTER (WHERE NOT is_nan), "
    "coalesce(sum(value) FILTER (WHERE NOT is_nan AND abs(value) < 1e290), 0), min({x}), max({x})"
)
#: The same of points without NaN, and without numbers as large as infinity, up to the ends: SQLite takes two
#: thirds of the time for it. Whether they are such is said by its second, third and fourth.
PLAIN = "count(*), max(is_nan), min(value), max(value), sum(value)"
ENDS = "min({x}), max({x})"


@dataclass(frozen=True)
class Rolled:
    """The roll-up of one metric along one axis; its buckets are ``1 << shift`` wide."""

    series: int
    axis: Axis
    shift: int


def find_rolled(reader: Reader, run_id: str, key: str, axis: Axis) -> Rolled | None:
    """The roll-up of a metric, if it has one."""
    row = reader.first(_SERIES, (run_id, key))
    return None if row is None else Rolled(row[0], axis, row[1 + AXES.index(axis)])


def bounds(reader: Reader, rolled: Rolled) -> tuple[int, int]:
    """The smallest and the largest step, or time, of it."""
    row = reader.first(
        "SELECT min(first), max(last) FROM treadle_buckets WHERE series = ? AND axis = ?",
        (rolled.series, AXES.index(rolled.axis)),
    )
    assert row is not None
    return row[0], row[1]


def read_whole(reader: Reader, rolled: Rolled, *, most: int) -> list[tuple[Any, ...]]:
    """At most ``most`` buckets of all of it, in order."""
    values = (rolled.series, AXES.index(rolled.axis))
    where = "FROM treadle_buckets WHERE series = ? AND axis = ?"
    rows = reader.all(f"SELECT {_BUCKET} {where} ORDER BY bucket LIMIT ?", (*values, most + 1))
    if len(rows) <= most:
        return rows
    return read_buckets(reader, rolled, *bounds(reader, rolled), most=most)


def read_buckets(reader: Reader, rolled: Rolled, low: int, high: int, *, most: int) -> list[tuple[Any, ...]]:
    """At most ``most`` buckets of what lies from ``low`` to ``high``, whole ones at both ends, in order."""
    first, last = low >> rolled.shift, high >> rolled.shift
    values = (rolled.series, AXES.index(rolled.axis), first, last)
    where = "FROM treadle_buckets WHERE series = ? AND axis = ? AND bucket BETWEEN ? AND ?"
    if last - first < most:
        return reader.all(f"SELECT {_BUCKET} {where} ORDER BY bucket", values)
    part, parting = part_of("bucket", first, last, most=most)
    grouped = f"SELECT {_MERGED} {where} GROUP BY {part} ORDER BY min(bucket)"
    return reader.all(grouped, (*values, *parting))


def part_of(column: str, low: int, high: int, *, most: int) -> tuple[str, tuple[int, int]]:
    """In which of at most ``most`` equal parts from ``low`` to ``high`` a value lies: SQL, and what it takes.

    Where they are so far apart that a difference would be no number of 64 bits, it counts by fours.
    """
    span = high - low
    if span < _FAR:
        return f"({column} - ?) / ?", (low, span // most + 1)
    return f"(({column} >> 2) - ?) / ?", (low >> 2, (span >> 2) // most + 2)


def look_after(tables: Tables, run_id: str, key: str) -> None:
    """Make the roll-up of a metric that has become long; make its buckets wider once there are many."""
    with tables.read() as reader:
        row = reader.first(_SERIES, (run_id, key))
        if row is None and _is_long(reader, run_id, key):
            _make(tables, run_id, key)
        wide = row is not None and any(_count_buckets(reader, row[0], axis) > _MOST for axis in (0, 1))
    if wide:
        _widen(tables, run_id, key)


def is_needed(reader: Reader, run_id: str, key: str) -> bool:
    """Is the metric long, and has it no roll-up?"""
    return reader.first(_SERIES, (run_id, key)) is None and _is_long(reader, run_id, key)


def _is_long(reader: Reader, run_id: str, key: str) -> bool:
    row = reader.first(f"SELECT 1 {_OF_METRIC} LIMIT 1 OFFSET ?", (run_id, key, FIRST_STEP, LONG - 1))
    return row is not None


def _count_buckets(reader: Reader, series: int, axis: int) -> int:
    row = reader.first("SELECT count(*) FROM treadle_buckets WHERE series = ? AND axis = ?", (series, axis))
    assert row is not None
    return int(row[0])


def _make(tables: Tables, run_id: str, key: str) -> None:
    with tables.write() as writer:
        lock_run(writer, run_id)
        if writer.first(_SERIES, (run_id, key)) is not None:
            return
        ends = writer.first(
            f"SELECT min(step), max(step), min(timestamp), max(timestamp) {_OF_METRIC}",
            (run_id, key, FIRST_STEP),
        )
        if ends is None or ends[0] is None:
            return
        # Here and not in SQL, whose numbers may be too small for how far two of them are apart.
        shifts = [((ends[1] - ends[0]) // _MADE).bit_length(), ((ends[3] - ends[2]) // _MADE).bit_length()]
        row = writer.first(
            "INSERT INTO treadle_series (run_uuid, key, step_shift, time_shift) VALUES (?, ?, ?, ?) "
            "RETURNING id",
            (run_id, key, *shifts),
        )
        assert row is not None
        for axis, shift in zip(AXES, shifts, strict=True):
            _fill(writer, Rolled(row[0], axis, shift), run_id, key)


def _fill(writer: Reader, rolled: Rolled, run_id: str, key: str) -> None:
    column = COLUMN[rolled.axis]
    writer.run(
        f"INSERT INTO treadle_buckets (series, axis, bucket, {_BUCKET}) "
        f"SELECT {rolled.series}, {AXES.index(rolled.axis)}, {column} >> {rolled.shift}, "
        f"{RAW.format(x=column)} {_OF_METRIC} GROUP BY {column} >> {rolled.shift}",
        (run_id, key, FIRST_STEP),
    )


def _widen(tables: Tables, run_id: str, key: str) -> None:
    with tables.write() as writer:
        lock_run(writer, run_id)
        row = writer.first(_SERIES, (run_id, key))
        if row is None:
            return
        for number, axis in enumerate(AXES):
            if _count_buckets(writer, row[0], number) > _MOST:
                _merge(writer, Rolled(row[0], axis, row[1 + number]))


def _merge(writer: Reader, rolled: Rolled) -> None:
    axis = AXES.index(rolled.axis)
    where = "FROM treadle_buckets WHERE series = ? AND axis = ?"
    wider = 0
    merged: list[tuple[Any, ...]] = []
    while not merged or len(merged) > _MOST:
        wider += 1
        merged = writer.all(
            f"SELECT {rolled.series}, {axis}, bucket >> {wider}, {_MERGED} {where} "
            f"GROUP BY bucket >> {wider}",
            (rolled.series, axis),
        )
    writer.run(f"DELETE {where}", (rolled.series, axis))
    writer.run_many(
        f"INSERT INTO treadle_buckets (series, axis, bucket, {_BUCKET}) VALUES ({', '.join('?' * 10)})",
        merged,
    )
    writer.run(
        f"UPDATE treadle_series SET {rolled.axis}_shift = ? WHERE id = ?",
        (rolled.shift + wider, rolled.series),
    )
