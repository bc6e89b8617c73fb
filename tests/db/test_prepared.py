"""Statements on the short way to the driver do what they do by SQLAlchemy, on each kind of database."""

from __future__ import annotations

import pytest
from sqlalchemy import Float, bindparam, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from treadle.db import Database, Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import users
from treadle.labeling import tasks

_u = users.c
_INSERT = Prepared(insert(users).returning(_u.id), keys=("email", "is_admin", "created_at", "password_hash"))
_FIND = select(_u.id, _u.email.label("address"), _u.is_admin, _u.created_at, _u.last_activity_at).where(
    _u.email == bindparam("wanted"), _u.is_active.is_(True)
)
_LEAVE = Prepared(update(users).where(_u.email == bindparam("of_email")).values(is_active=False))
_LISTED = select(_u.id).where(one_of(_u.id, "ids")).order_by(_u.id)


def add_person(tx: Tx, email: str) -> int:
    new = {"email": email, "is_admin": True, "created_at": tx.now, "password_hash": None}
    return int(tx.execute(_INSERT, new).scalar())


def test_a_prepared_statement_finds_what_it_finds_by_sqlalchemy(database: Database) -> None:
    with database.write() as tx:
        user_id = add_person(tx, "a@example.com")
    with database.read() as tx:
        found = tx.execute(Prepared(_FIND), {"wanted": "a@example.com"}).one()
        assert found == tx.execute(_FIND, {"wanted": "a@example.com"}).mappings().one()
        assert (found["id"], found["address"], found["is_admin"]) == (user_id, "a@example.com", True)
        assert tx.rows(Prepared(_FIND), {"wanted": "a@example.com"}) == [found]


def test_a_prepared_statement_that_finds_nothing_says_so(database: Database) -> None:
    with database.read() as tx:
        prepared = Prepared(_FIND)
        assert tx.execute(prepared, {"wanted": "nobody"}).first() is None
        assert tx.execute(prepared, {"wanted": "nobody"}).scalar() is None
        assert tx.execute(prepared, {"wanted": "nobody"}).all() == []


def test_a_prepared_change_tells_how_many_rows_it_changed(database: Database) -> None:
    with database.write() as tx:
        add_person(tx, "a@example.com")
        assert tx.execute(_LEAVE, {"of_email": "a@example.com"}).rowcount == 1
        assert tx.execute(_LEAVE, {"of_email": "b@example.com"}).rowcount == 0


def test_a_prepared_change_is_undone_with_its_transaction(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        add_person(tx, "a@example.com")
        1 / 0  # noqa: B018 - fails
    with database.read() as tx:
        assert tx.execute(_FIND, {"wanted": "a@example.com"}).first() is None


def test_an_error_of_a_prepared_statement_is_sqlalchemy_s(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as tx:
        add_person(tx, "a@example.com")
        add_person(tx, "a@example.com")


def test_a_number_with_a_fraction_is_read_as_it_was_written(database: Database) -> None:
    halves = Prepared(select(literal(0.5, Float).label("half")))
    with database.read() as tx:
        assert tx.execute(halves, {}).scalar() == 0.5


@pytest.mark.parametrize("wanted", [[], [1], [1, 3], [3, 1, 99]])
def test_ids_are_found_by_a_list(database: Database, wanted: list[int]) -> None:
    with database.write() as tx:
        ids = [add_person(tx, f"{number}@example.com") for number in range(3)]
    chosen = [ids[place - 1] if place <= 3 else 10**6 for place in wanted]
    with database.read() as tx:
        found = list(tx.execute(_LISTED, {"ids": id_list(chosen)}).scalars())
    assert found == sorted(set(chosen) & set(ids))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_work_on_a_page_of_tasks_is_found_by_an_index(database: Database) -> None:
    with database.read() as tx:
        sql = str(tasks._DONE.compile(dialect=tx.connection.dialect))
        plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", ("[1]",)).all()
    assert "SEARCH annotations USING INDEX ix_annotations_task_id" in str(plan)
