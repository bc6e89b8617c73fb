"""Who fails to sign in waits, longer each time; nobody keeps another person out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from tests.access.people import add_person
from treadle.access.sign_in_limits import LIMITS, Attempted, add_failure, check_attempt, note_success
from treadle.db import Database, Tx
from treadle.errors import Unavailable

HOME, ELSEWHERE = "192.0.2.1", "203.0.113.9"
Later = Callable[[float], Tx]


@contextmanager
def clock(database: Database) -> Iterator[Later]:
    """Transactions whose instant is so many seconds after the first one's."""
    with database.write() as tx:
        yield lambda seconds: replace(tx, now=tx.now + timedelta(seconds=seconds))


def fail(tx: Tx, attempted: Attempted, times: int) -> None:
    for _ in range(times):
        add_failure(tx, attempted)


def wait_of(tx: Tx, attempted: Attempted) -> int:
    try:
        check_attempt(tx, attempted)
    except Unavailable as error:
        return int(str(error.details["retry_after_s"]))
    return 0


def test_a_few_failures_are_free_and_each_further_one_doubles_the_wait(database: Database) -> None:
    with clock(database) as at:
        ada = Attempted("Ada@example.com", HOME, None)
        fail(at(0), ada, 4)
        assert wait_of(at(0), ada) == 0
        waits = []
        for _ in range(12):
            fail(at(0), ada, 1)
            waits.append(wait_of(at(0), replace(ada, email=" ada@Example.com ")))
        assert waits[:4] == [3, 5, 9, 17]
        assert waits[-1] == 901
        assert wait_of(at(899), ada) == 2
        assert wait_of(at(901), ada) == 0
        assert wait_of(at(0), Attempted("ada@example.com", ELSEWHERE, None)) == 0


def test_an_hour_forgives_all(database: Database) -> None:
    with clock(database) as at:
        ada = Attempted("ada@example.com", HOME, None)
        fail(at(0), ada, 20)
        fail(at(3601), ada, 1)
        assert wait_of(at(3601), ada) == 0


def test_an_address_that_tries_many_accounts_waits(database: Database) -> None:
    with clock(database) as at:
        for number in range(LIMITS["address"].free + 3):
            fail(at(0), Attempted(f"person{number}@example.com", ELSEWHERE, None), 1)
        assert wait_of(at(0), Attempted("another@example.com", ELSEWHERE, None)) > 8
        assert wait_of(at(0), Attempted("another@example.com", HOME, None)) == 0


def test_who_was_here_before_is_not_kept_out_by_others(database: Database) -> None:
    with clock(database) as at:
        person = add_person(at(0), "ada@example.com").user_id
        at_home = Attempted("ada@example.com", HOME, person)
        note_success(at(0), at_home)
        for number in range(60):
            fail(at(1), Attempted("ada@example.com", f"198.51.100.{number}", person), 1)
            fail(at(1), Attempted(f"person{number}@example.com", HOME, None), 1)
        elsewhere = Attempted("ada@example.com", ELSEWHERE, person)
        assert wait_of(at(1), at_home) == 0
        assert wait_of(at(1), elsewhere) == LIMITS["person"].most_s + 1
        assert wait_of(at(63), elsewhere) == 0


def test_success_forgets_what_failed_from_there(database: Database) -> None:
    with clock(database) as at:
        person = add_person(at(0), "ada@example.com").user_id
        ada = Attempted("ada@example.com", HOME, person)
        fail(at(0), ada, 5)
        note_success(at(10), ada)
        fail(at(11), ada, 4)
        assert wait_of(at(11), ada) == 0
