"""A PostgreSQL that goes without a word is given up."""

from __future__ import annotations

import pytest

from treadle.db.engine import driver_url


@pytest.mark.parametrize(
    ("given", "patience_ms"), [("", "30000"), ("?tcp_user_timeout=5000&application_name=x", "5000")]
)
def test_a_connection_has_an_end_that_the_address_may_set(given: str, patience_ms: str) -> None:
    asked = driver_url(f"postgresql://nobody@127.0.0.1:9/none{given}").query
    assert asked["tcp_user_timeout"] == patience_ms
    assert asked["connect_timeout"] == "10"
    assert ("application_name" in asked) is bool(given)
