"""What a screen asks is looked up by what it is about: others' runs are never walked over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from tests.tracking.reads.corpus import Studio
from tests.waiting import wait_until
from treadle.tracking.reads.tables import Reader

#: What grows with everybody's runs.
LARGE = ("runs", "metrics", "latest_metrics", "params", "tags", "inputs", "treadle_buckets")
_WALK = re.compile(rf"(?:->  )?(?:SCAN|Seq Scan on) (?:{'|'.join(LARGE)}|[rxmgio]\d?)\b")
COLUMNS = {"metrics": ["loss"], "params": ["lr"], "tags": ["user"]}
FILTER = "metrics.loss < 0.5 and params.lr = '0.1' and tags.user != 'x' and run_name LIKE '%a%'"
ORDER = ["metrics.loss DESC", "params.lr ASC"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("runs", {"columns": COLUMNS}),
        ("runs", {"columns": COLUMNS, "filter": FILTER, "order_by": ORDER}),
        ("runs/groups", {"by": "params.lr", "metrics": ["loss"], "filter": FILTER}),
        ("columns", {}),
        ("experiments", {}),
    ],
)
def test_no_large_table_is_read_from_end_to_end(
    studio: Studio, path: str, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_until(lambda: studio.reads._upkeep.is_prepared)
    plans: list[str] = []
    run = Reader.run

    def run_explained(reader: Reader, sql: str, values: Sequence[Any] = ()) -> None:
        if sql.startswith(("SELECT", "WITH")):
            if not reader.is_sqlite:  # which reads small tables whole as long as it may
                run(reader, "SET LOCAL enable_seqscan = off")
            run(reader, f"EXPLAIN {'QUERY PLAN ' if reader.is_sqlite else ''}{sql}", values)
            plans.extend(str(row[-1]).strip() for row in reader._cursor.fetchall())
        run(reader, sql, values)

    monkeypatch.setattr(Reader, "run", run_explained)
    status, told = studio.ask(f"/treadle/{path}", {"workspace": 1, **body})
    assert status == 200, told
    assert plans != []
    assert [plan for plan in plans if _WALK.match(plan)] == [], plans
