"""Searches in the spans of traces, which MLflow itself answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from tests.tracking.reads.corpus import Studio
from tests.waiting import wait_until
from treadle.tracking.reads.tables import Tables
from treadle.tracking.reads.traces import tell_planner

#: As MLflow asks, but for the columns.
_SEARCH = (
    "SELECT request_id FROM trace_info WHERE EXISTS (SELECT * FROM spans WHERE "
    "spans.trace_id = trace_info.request_id AND spans.experiment_id = trace_info.experiment_id AND {what}) "
    "AND trace_info.experiment_id IN (1, 2) ORDER BY timestamp_ms DESC, request_id LIMIT 100"
)


def test_sqlite_looks_for_the_spans_of_one_trace_by_the_trace(studio: Studio) -> None:
    wait_until(lambda: studio.reads._upkeep.is_prepared)
    with _database(studio) as database:
        if database is None:
            return  # PostgreSQL counts for itself
        for what in ("lower(spans.content) LIKE '%loom%'", "spans.type = 'TOOL'", "spans.status != 'OK'"):
            plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {_SEARCH.format(what=what)}")]
            searched = [step for step in plan if step.startswith("SEARCH spans")]
            assert searched != [], plan
            assert all("trace_id=?" in step for step in searched), plan


def test_what_somebody_had_sqlite_count_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as database:

        def tell() -> list[tuple[str, str]]:
            with closing(Tables(f"sqlite:///{file}")) as tables, tables.write() as writer:
                tell_planner(writer)
            return database.execute("SELECT tbl, stat FROM sqlite_stat1 ORDER BY idx").fetchall()

        database.execute("CREATE TABLE spans (trace_id, experiment_id, type)")
        database.execute("CREATE INDEX of_trace ON spans (trace_id)")
        database.execute("CREATE INDEX of_type ON spans (experiment_id, type)")
        database.execute("CREATE TABLE treadle_series (run_uuid UNIQUE)")
        database.execute("INSERT INTO treadle_series VALUES ('of the first start')")
        told = tell()
        assert [table for table, _ in told] == ["spans", "spans"]
        assert tell() == told
        database.execute("INSERT INTO spans VALUES ('tr-1', 1, 'TOOL')")
        database.execute("ANALYZE")
        counted = database.execute("SELECT tbl, stat FROM sqlite_stat1 ORDER BY idx").fetchall()
        assert tell() == counted != told


@contextmanager
def _database(studio: Studio) -> Iterator[sqlite3.Connection | None]:
    url = make_url(studio.url)
    if url.get_backend_name() != "sqlite":
        yield None
        return
    with closing(sqlite3.connect(str(url.database))) as database:
        yield database
