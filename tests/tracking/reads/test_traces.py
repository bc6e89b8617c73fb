"""Searches in the spans of traces, which MLflow itself answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy.engine import make_url

from tests.tracking.reads.corpus import Studio
from tests.waiting import wait_until

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


@contextmanager
def _database(studio: Studio) -> Iterator[sqlite3.Connection | None]:
    url = make_url(studio.url)
    if url.get_backend_name() != "sqlite":
        yield None
        return
    with closing(sqlite3.connect(str(url.database))) as database:
        yield database
