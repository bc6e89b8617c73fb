"""One run of all that is measured of tracking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

from benchmarks.rows import Row, table
from benchmarks.tracking import alone, beside, entering, neighbours
from benchmarks.tracking.servers import Pair
from benchmarks.tracking.starting import measure_growth, soon_started_pair, started_pair

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    requests: beside.Sizes
    mixed_requests: int
    artifact_mib: int
    small_runs: int
    large_runs: int
    points: int
    tokens: int
    workspaces: int


FULL = Sizes(beside.FULL, 10_000, 1024, 10_000, 100_000, 1_000_000, 100_000, 1_000)
SHORT = Sizes(beside.SHORT, 100, 100, 1_000, 2_000, 20_000, 10_000, 100)
_STARTS, _OTHERS = 3, 100_000


def report(tell: Tell, *, is_short: bool) -> str:
    """What it was compared with, and the table."""
    head = (
        f"- Beside `mlflow server --workers 1` {version('mlflow-skinny')}, both on SQLite\n"
        "- Beside others' runs: the time of an answer, in turn with a server that holds none of them\n"
    )
    sizes = SHORT if is_short else FULL
    with soon_started_pair(tell) if is_short else started_pair(tell, _STARTS) as (pair, rows):
        rows = [*_measure_pair(tell, pair, sizes), *rows]
    rows += [*entering.measure_check(tell, sizes.tokens, sizes.workspaces), *entering.measure_weight(tell)]
    if not is_short:  # what takes several starts
        rows += neighbours.measure_on_sqlite(tell, _OTHERS)
        rows += neighbours.measure_on_postgresql(tell, _OTHERS)
    return f"{head}\n{table(rows, 'plain MLflow')}"


def _measure_pair(tell: Tell, pair: Pair, sizes: Sizes) -> list[Row]:
    return [
        measure_growth(tell, pair, sizes.mixed_requests),
        *beside.compare(tell, pair, sizes.requests),
        *alone.measure_artifacts(tell, pair, sizes.artifact_mib),
        *alone.measure_tables(tell, pair, sizes.small_runs, sizes.large_runs),
        *alone.measure_curves(tell, pair, sizes.points),
    ]
