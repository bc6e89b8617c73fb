"""Curves lose no peak, whether a roll-up serves them or the points themselves."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, text

from tests.tracking.reads.corpus import Studio
from tests.waiting import wait_until
from treadle.settings import Settings
from treadle.tracking.reads import ReadRequest, Reads
from treadle.tracking.visitor import Visitor

Point = tuple[str, float, int, int]
NAN, INF = float("nan"), float("inf")
LONG = 4_096


def test_a_short_curve_is_its_points(studio: Studio) -> None:
    run_id = studio.new_run("curves", "short")
    points = [("v", value, 100 - step, step) for step, value in enumerate([0.5, NAN, INF, -INF, -2.0, 1e300])]
    studio.log(run_id, points)
    curve = read(studio, run_id, "v")
    assert curve["x"] == curve["to"] == [0, 1, 2, 3, 4, 5]
    assert curve["min"] == curve["max"] == [0.5, "NaN", "Infinity", "-Infinity", -2.0, 1e300]
    assert curve["mean"] == [0.5, "NaN", "Infinity", "-Infinity", -2.0, "NaN"]
    assert (curve["points"], curve["nans"]) == (6, [0, 1, 0, 0, 0, 0])
    assert read(studio, run_id, "v", x="time")["x"] == [95, 96, 97, 98, 99, 100]
    assert read(studio, run_id, "v", bounds=(2, 3))["x"] == [2, 3]
    assert read(studio, run_id, "none")["points"] == 0


def test_a_roll_up_stays_true_while_points_come(studio: Studio) -> None:
    run_id = studio.new_run("curves", "long")
    chance = random.Random(5)
    points = [("v", chance.random(), 10_000 + 7 * step, step) for step in range(LONG)]
    studio.log(run_id, points[:2000])
    studio.log(run_id, points[2000:])
    check(read(studio, run_id, "v"), points, "step")
    tell(studio.reads, run_id, points)
    wait_until(lambda: count_rows(studio, "treadle_series", run_id) == 1)
    late = [
        ("v", chance.choice([chance.random(), NAN, 1e9, -1e9]), 10_000 + 7 * step, step)
        for step in late_steps()
    ]
    late += [("v", INF, 1, 20), ("v", 3.5, 999_999, -5), ("v", NAN, 2, 90_000)]
    studio.log(run_id, late)
    tell(studio.reads, run_id, late)
    wait_until(lambda: shift_of(studio, run_id) > 2)
    points += late
    for buckets in (1000, 37, 2000):
        for axis in ("step", "time"):
            check(read(studio, run_id, "v", x=axis, buckets=buckets), points, axis)
    near = read(studio, run_id, "v", bounds=(1_000, 1_100))
    check(near, [point for point in points if 1_000 <= point[3] <= 1_100], "step")
    drop_run(studio, run_id)
    assert count_rows(studio, "treadle_series", run_id) == 0


def late_steps() -> list[int]:
    """Beyond those before, and among them."""
    return [*range(LONG, 2 * LONG + 600), *range(0, LONG, 50)]


@pytest.mark.parametrize("far", [2**63 - 1, 2**61])
def test_steps_as_far_apart_as_numbers_go_are_a_curve(studio: Studio, far: int) -> None:
    run_id = studio.new_run("curves", f"far {far}")
    points = [("v", float(step % 50), step, step) for step in range(LONG)]
    ends = [("v", 70.0, far, far), ("v", -70.0, 0, -far - 1)]
    studio.log(run_id, [*points, *ends])
    for axis in ("step", "time"):
        for buckets in (1, 3, 1000):
            raw = read(studio, run_id, "v", x=axis, buckets=buckets)
            check(raw, [*points, *ends], axis)
            assert len(raw["x"]) <= buckets
    tell(studio.reads, run_id, points)
    wait_until(lambda: count_rows(studio, "treadle_series", run_id) == 1)
    check(read(studio, run_id, "v"), [*points, *ends], "step")


def test_a_roll_up_whose_last_point_is_far_away_is_still_read(studio: Studio) -> None:
    run_id = studio.new_run("curves", "away")
    points = [("v", float(step), step, step) for step in range(LONG)]
    studio.log(run_id, points)
    tell(studio.reads, run_id, points)
    wait_until(lambda: count_rows(studio, "treadle_series", run_id) == 1)
    away = [("v", 1.0, 2**63 - 1, 2**63 - 1), ("v", 2.0, 0, -(2**63))]
    studio.log(run_id, away)
    for axis in ("step", "time"):
        for buckets in (1000, 2):
            check(read(studio, run_id, "v", x=axis, buckets=buckets), [*points, *away], axis)


def test_roll_ups_that_nothing_kept_true_are_made_anew(studio: Studio) -> None:
    """A migration of MLflow's may rebuild its tables: triggers are gone, and points come meanwhile."""
    run_id = studio.new_run("curves", "rebuilt")
    points = [("v", float(step), step, step) for step in range(LONG)]
    studio.log(run_id, points)
    tell(studio.reads, run_id, points)
    wait_until(lambda: count_rows(studio, "treadle_series", run_id) == 1)
    rebuild_tables(studio.url)
    spike = ("v", 1e6, 100, 100)
    studio.log(run_id, [spike])
    reads = Reads(studio.url, Settings())
    try:
        wait_until(lambda: count_triggers(studio) == 2)
        wait_until(lambda: count_rows(studio, "treadle_series", run_id) == 0)
        check(read(studio, run_id, "v", reads=reads), [*points, spike], "step")
        wait_until(lambda: count_rows(studio, "treadle_series", run_id) == 1)
        check(read(studio, run_id, "v", reads=reads), [*points, spike], "step")
    finally:
        reads.close()


def read(
    studio: Studio,
    run_id: str,
    key: str,
    *,
    reads: Reads | None = None,
    bounds: tuple[int | None, int | None] = (None, None),
    **more: Any,
) -> Any:
    """A curve as a screen is answered."""
    more.update(zip(("from", "to"), bounds, strict=True))
    body = json.dumps({"workspace": 1, "run_ids": [run_id], "key": key, **more}).encode()
    answer = (reads or studio.reads).answer(request_of("/treadle/curves", body))
    assert answer is not None
    assert answer.status == 200, answer.body
    return json.loads(answer.body)["curves"][0]


def check(curve: Any, points: list[Point], axis: str) -> None:
    """Each bucket says of the points in it what is true."""
    place: Callable[[Point], int] = (lambda point: point[3]) if axis == "step" else (lambda point: point[2])
    assert curve["points"] == len(points)
    assert len(curve["x"]) <= 2000
    for index, (first, last) in enumerate(zip(curve["x"], curve["to"], strict=True)):
        here = [point[1] for point in points if first <= place(point) <= last]
        numbers = [value for value in here if not math.isnan(value)]
        assert curve["nans"][index] == len(here) - len(numbers)
        told = [float(curve[name][index]) for name in ("min", "max", "mean")]
        if not numbers:
            assert all(math.isnan(value) for value in told)
        else:
            assert told[:2] == [min(numbers), max(numbers)]
            # Of numbers as large as 1e9 a sum is as exact as the order in which they are added lets it be.
            assert told[2] == pytest.approx(sum(numbers) / len(numbers), abs=1e-6)


def tell(reads: Reads, run_id: str, points: list[Point]) -> None:
    """As the tracking process does once MLflow has answered."""
    body = json.dumps({"run_id": run_id, "metrics": [{"key": point[0]} for point in points]})
    reads.after(request_of("/api/2.0/mlflow/runs/log-batch", json.dumps(body).encode()), 200)


def request_of(path: str, body: bytes) -> ReadRequest:
    """A request of workspace 1."""
    return ReadRequest("POST", path, "", body, Visitor(1, "a@example.com", 1, "edit", ()))


def count_rows(studio: Studio, table: str, run_id: str) -> int:
    """How many rows the table has of the run."""
    return int(ask(studio, f"SELECT count(*) FROM {table} WHERE run_uuid = :run", run=run_id))


def shift_of(studio: Studio, run_id: str) -> int:
    """How wide the roll-up's buckets are by step."""
    return int(ask(studio, "SELECT step_shift FROM treadle_series WHERE run_uuid = :run", run=run_id))


def count_triggers(studio: Studio) -> int:
    """How many triggers of ours keep roll-ups true."""
    names = "IN ('treadle_metrics_rolled', 'treadle_run_gone')"
    if studio.url.startswith("sqlite"):
        return int(ask(studio, f"SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name {names}"))
    return int(ask(studio, f"SELECT count(*) FROM pg_trigger WHERE tgname {names}"))


def ask(studio: Studio, sql: str, **values: Any) -> Any:
    """The one value that a statement finds."""
    with studio.store.ManagedSessionMaker() as session:
        return session.execute(text(sql), values).scalar()


def drop_run(studio: Studio, run_id: str) -> None:
    """Delete a run for good, as MLflow's garbage collection does."""
    with studio.store.ManagedSessionMaker(read_only=False) as session:
        for table in ("metrics", "latest_metrics", "params", "tags", "runs"):
            session.execute(text(f"DELETE FROM {table} WHERE run_uuid = :run"), {"run": run_id})


def rebuild_tables(url: str) -> None:
    """What a migration does on SQLite; on PostgreSQL it leaves triggers, which are dropped here."""
    engine = create_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("DROP TRIGGER treadle_metrics_rolled ON metrics"))
        else:
            operations = Operations(MigrationContext.configure(connection))
            for table in ("metrics", "runs"):
                with operations.batch_alter_table(table, recreate="always"):
                    pass
    engine.dispose()
