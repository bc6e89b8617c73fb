"""Leases of those who write objects, for which the garbage collection waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from treadle.db import Database
from treadle.db.repo_tables import repos
from treadle.db.schema import workspaces
from treadle.db.upkeep_tables import repo_leases
from treadle.errors import Unavailable
from treadle.repos.leases import Leases, condemn, forget_dead, oldest_epoch


@pytest.fixture
def repo_id(database: Database) -> int:
    """A repo that nobody wrote to."""
    with database.write() as tx:
        den = {"name": "den", "created_at": tx.now}
        workspace_id = tx.execute(insert(workspaces).returning(workspaces.c.id), den).scalar_one()
        row = {"workspace_id": workspace_id, "name": "images", "created_at": tx.now}
        return int(tx.execute(insert(repos).returning(repos.c.id), row).scalar_one())


def count_leases(database: Database) -> int:
    with database.read() as tx:
        return int(tx.execute(select(func.count()).select_from(repo_leases)).scalar_one())


def test_a_lease_knows_what_was_condemned_before_it_and_is_waited_for_otherwise(
    database: Database, repo_id: int
) -> None:
    leases = Leases(database)
    with leases.hold(repo_id) as before, database.write() as tx:
        epoch = condemn(tx, repo_id, ["repos/1/old"])
    with leases.hold(repo_id) as after:
        assert (list(before.condemned), list(after.condemned)) == ([], ["repos/1/old"])
        assert before.epoch <= epoch < after.epoch
        with database.read() as tx:
            assert oldest_epoch(tx, repo_id) == after.epoch
        after.revive("repos/1/old")
    with Leases(database).hold(repo_id) as anew:
        assert list(anew.condemned) == []


def test_a_lease_ends_with_what_it_named_or_else_with_its_block(database: Database, repo_id: int) -> None:
    leases = Leases(database)
    with leases.hold(repo_id) as lease:
        with database.write() as tx:
            lease.check(tx)
            lease.end(tx)
        assert count_leases(database) == 0
    with pytest.raises(ZeroDivisionError), leases.hold(repo_id):
        raise ZeroDivisionError
    assert count_leases(database) == 0


def test_a_writer_without_a_sign_of_life_names_nothing_any_more(database: Database, repo_id: int) -> None:
    with Leases(database).hold(repo_id) as lease:
        with database.write() as tx:
            assert forget_dead(tx, repo_id) == 0
            assert forget_dead(tx, repo_id, timedelta(0)) == 1
        with pytest.raises(Unavailable, match="cleared away"), database.write() as tx:
            lease.check(tx)
        with pytest.raises(Unavailable, match="cleared away"), database.write() as tx:
            lease.end(tx)
