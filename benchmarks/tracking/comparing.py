"""One run of all that is measured of tracking."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from benchmarks.rows import Row, table
from benchmarks.servers import treadle
from benchmarks.tracking import alone, beside
from benchmarks.tracking.servers import Tracker, plain_mlflow


def report(tell: Callable[[str], None], *, is_short: bool) -> str:
    """What it was compared with, and the table."""
    head = f"- Beside `mlflow server --workers 1` {version('mlflow-skinny')}, both on SQLite\n"
    rows = [
        *_compare(tell, is_short=is_short),
        *alone.measure_tables(tell, is_short=is_short),
        *alone.measure_curves(tell, is_short=is_short),
        *alone.measure_start(tell, is_short=is_short),
        *alone.measure_artifacts(tell, is_short=is_short),
    ]
    return f"{head}\n{table(rows, 'plain MLflow')}"


def _compare(tell: Callable[[str], None], *, is_short: bool) -> list[Row]:
    sizes = beside.SHORT if is_short else beside.FULL
    with (
        tempfile.TemporaryDirectory(prefix="treadle-bench-") as theirs,
        tempfile.TemporaryDirectory(prefix="treadle-bench-") as ours,
        plain_mlflow(Path(theirs)) as peer,
        treadle(Path(ours)) as server,
        peer.client() as peer_client,
        server.client() as client,
    ):
        return beside.compare(Tracker(peer, peer_client), Tracker(server, client), sizes, tell)
