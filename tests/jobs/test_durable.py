"""The steps are kept by any SQLite that a Python brings."""

from __future__ import annotations

import sqlite3
import time

from treadle.jobs.durable import teach_subseconds


def test_an_old_sqlite_tells_the_time_as_dbos_asks_for_it() -> None:
    connection = sqlite3.connect(":memory:")
    before = time.time()
    teach_subseconds(connection, None)
    (told,) = connection.execute("SELECT unixepoch('subsec')").fetchone()
    connection.close()
    assert before <= told <= time.time()
