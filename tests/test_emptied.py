"""What a test leaves running reaches no database of the next one."""

from __future__ import annotations

import psycopg
import pytest

from tests.postgresql import PostgresqlServer


def test_who_was_left_by_a_test_finds_no_way_back(postgresql: PostgresqlServer) -> None:
    with postgresql.fresh_database() as first:
        left_over = psycopg.connect(first, autocommit=True)
    with postgresql.fresh_database() as second:
        with pytest.raises(psycopg.OperationalError):
            left_over.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(first)
        with psycopg.connect(second) as connection:
            assert connection.execute("SELECT count(*) FROM tasks").fetchone() == (0,)
    left_over.close()
