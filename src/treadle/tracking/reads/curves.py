"""Curves of a metric over many runs, each thinned to buckets that lose no peak."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from msgspec import Struct

from treadle.tracking.reads import rollups
from treadle.tracking.reads.rollups import COLUMN, ENDS, FIRST_STEP, OF_METRIC, PLAIN, RAW, Axis
from treadle.tracking.reads.tables import Reader, among

#: What is stored for infinity, and above what a sum says nothing any more.
_INFINITE = 1.7976931348623157e308
_UNADDED = 1e290
#: A roll-up serves a part of a curve while it has at least this share of the buckets asked for.
_FINE_ENOUGH = 2

Number = float | str


@dataclass(frozen=True)
class Window:
    """What is asked of a curve: along which axis, from where to where, in how many buckets at most."""

    axis: Axis
    buckets: int
    low: int | None
    high: int | None


class Curve(Struct):
    """One curve: a bucket is from ``x`` to ``to``; NaN is counted in ``nans`` and is in no other number."""

    run_id: str
    points: int
    x: list[int]
    to: list[int]
    min: list[Number]
    max: list[Number]
    mean: list[Number]
    nans: list[int]


def visible_runs(reader: Reader, workspace: str, run_ids: Sequence[str]) -> list[str]:
    """Those of the runs that are the workspace's, in the order asked."""
    where, values = among("r.run_uuid", run_ids)
    rows = reader.all(
        "SELECT r.run_uuid FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id "
        f"WHERE e.workspace = ? AND {where}",
        (workspace, *values),
    )
    found = {row[0] for row in rows}
    return [run_id for run_id in dict.fromkeys(run_ids) if run_id in found]


def read_curve(
    reader: Reader, run_id: str, key: str, window: Window, *, has_rollups: bool
) -> tuple[Curve, bool]:
    """A metric of a run, which was found to be the workspace's, and whether there is a roll-up of it.

    has_rollups: our own tables are there, and triggers keep them true.
    """
    rolled = rollups.find_rolled(reader, run_id, key, window.axis) if has_rollups else None
    rows = None if rolled is None else _rolled(reader, rolled, window)
    curve = _curve(run_id, rows if rows is not None else _raw(reader, run_id, key, window))
    return curve, rolled is not None


def _rolled(reader: Reader, rolled: rollups.Rolled, window: Window) -> list[tuple[Any, ...]] | None:
    """From the roll-up; None where its buckets are too wide for what is asked."""
    if window.low is window.high is None:
        return rollups.read_whole(reader, rolled, most=window.buckets)
    low, high = rollups.bounds(reader, rolled)
    low = low if window.low is None else max(low, window.low)
    high = high if window.high is None else min(high, window.high)
    if low > high:
        return []
    has = (high >> rolled.shift) - (low >> rolled.shift) + 1
    if has * _FINE_ENOUGH < window.buckets and rolled.shift > 0:
        return None
    return rollups.read_buckets(reader, rolled, low, high, most=window.buckets)


def _raw(reader: Reader, run_id: str, key: str, window: Window) -> list[tuple[Any, ...]]:
    column = COLUMN[window.axis]
    where = OF_METRIC
    values: list[Any] = [run_id, key, FIRST_STEP]
    for sign, bound in ((">=", window.low), ("<=", window.high)):
        if bound is not None:
            where, values = f"{where} AND {column} {sign} ?", [*values, bound]
    if not reader.first(f"SELECT 1 FROM metrics WHERE {where} LIMIT 1 OFFSET ?", (*values, window.buckets)):
        return _grouped(reader, column, column, where, values)
    if reader.is_sqlite and (window.axis == "step" or window.low is window.high is None):
        walked = _walk(reader, (run_id, key), window.axis, _cut(reader, window, "step", where, values))
        if walked is not None:
            return walked
    low, high, _ = _cut(reader, window, column, where, values)
    part, parting = rollups.part_of(column, low, high, most=window.buckets)
    return _grouped(reader, column, part, where, [*values, *parting])


def _grouped(
    reader: Reader, column: str, bucket: str, where: str, values: list[Any]
) -> list[tuple[Any, ...]]:
    buckets = f"GROUP BY {bucket} ORDER BY min({column})"
    return reader.all(f"SELECT {RAW.format(x=column)} FROM metrics WHERE {where} {buckets}", values)


def _walk(
    reader: Reader, metric: tuple[str, str], axis: Axis, cut: tuple[int, int, int]
) -> list[tuple[Any, ...]] | None:
    """Bucket by bucket along the index of steps, which SQLite does faster than to sort all points by bucket.

    cut: the first step, the last one, and how wide each bucket is.
    None where the steps' buckets overlap in time: then they are none of time.
    """
    first, last, width = cut
    starts = range(first, last + 1, width)
    read = _buckets_of(reader, axis)
    found = [row for start in starts if (row := read((*metric, start, min(start + width - 1, last))))[0]]
    if axis == "time" and any(one[-1] >= next_[-2] for one, next_ in pairwise(found)):
        return None
    return found


def _buckets_of(reader: Reader, axis: Axis) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """What reads one bucket along the index of steps, given run, name, first and last step."""
    where = "FROM metrics WHERE run_uuid = ? AND key = ? AND step BETWEEN ? AND ?"
    # Along the index its ends are found at once, and not by looking at each point.
    ends = f"(SELECT min(step) {where}), (SELECT max(step) {where})"
    of_time = ENDS.format(x=COLUMN["time"])
    plain = f"SELECT {PLAIN}, {ends if axis == 'step' else of_time} {where}"
    exact = f"SELECT {RAW.format(x=COLUMN[axis])} {where}"

    def read(bucket: Sequence[Any]) -> tuple[Any, ...]:
        row = reader.first(plain, (*bucket, *bucket, *bucket) if axis == "step" else bucket)
        assert row is not None
        count, has_nan, low, high, total, first, last = row
        if count == 0 or (not has_nan and low > -_UNADDED and high < _UNADDED):
            return (count, 0, low, high, total, first, last)
        return reader.first(exact, bucket) or row

    return read


def _cut(reader: Reader, window: Window, column: str, where: str, values: list[Any]) -> tuple[int, int, int]:
    """The first, the last, and how wide each bucket between them is."""
    # Each by itself, since SQLite finds one end of an index at once, and both by walking along it.
    least, most = (f"SELECT {name}({column}) FROM metrics WHERE {where}" for name in ("min", "max"))
    ends = reader.first(f"SELECT ({least}), ({most})", (*values, *values))
    assert ends is not None
    return ends[0], ends[1], (ends[1] - ends[0]) // window.buckets + 1


def _curve(run_id: str, rows: Sequence[tuple[Any, ...]]) -> Curve:
    if not rows:
        return Curve(run_id, 0, [], [], [], [], [], [])
    points, nans, low, high, total, first, last = map(list, zip(*rows, strict=True))
    if not any(nans) and min(low) > -_UNADDED and max(high) < _UNADDED:  # as nearly all are, in no time
        mean: list[Number] = [each / count for each, count in zip(total, points, strict=True)]
    else:
        ends = zip(points, nans, low, high, total, strict=True)
        mean = [mean_of(count - none, *numbers) for count, none, *numbers in ends]
        low, high = ([_shown_or_none(each) for each in values] for values in (low, high))
    return Curve(run_id, sum(points), first, last, low, high, mean, nans)


def _shown_or_none(value: float | None) -> Number:
    return "NaN" if value is None else shown(value)


def shown(value: float) -> Number:
    """A number as JSON has it; infinity, and NaN, as a text."""
    if -_INFINITE < value < _INFINITE:
        return value
    return "Infinity" if value > 0 else "-Infinity"


def mean_of(count: int, low: float | None, high: float | None, total: float) -> Number:
    """The mean of ``count`` numbers; NaN where there is none.

    So it is of nothing, of both infinities, and of numbers too large to be added up.
    """
    if count == 0 or low is None or high is None or (low <= -_INFINITE and high >= _INFINITE):
        return "NaN"
    if low <= -_INFINITE or high >= _INFINITE:
        return shown(low if low <= -_INFINITE else high)
    return "NaN" if low <= -_UNADDED or high >= _UNADDED else total / count
