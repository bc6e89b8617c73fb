"""Two that purge one workspace at one moment."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from tests.tracking.purging.house import House, Place
from treadle import jobs
from treadle.jobs import run_in_place
from treadle.tracking.purging import PURGE_JOB, cutoff_ms, ledger, opened, start_purge, taking
from treadle.tracking.purging.job import PurgeOrder
from treadle.tracking.purging.work import Purge

_LONG_ENOUGH_S = 0.3


def waits(second: Future[Any]) -> bool:
    """It does not end before the first has."""
    return not wait([second], timeout=_LONG_ENOUGH_S).done


def test_two_orders_at_one_moment_are_one_purge(house: House, place: Place) -> None:
    with ThreadPoolExecutor(1) as pool:
        with house.database.write() as tx:
            first = start_purge(tx, place.grant(tx), 30)
            second = pool.submit(place.submit)
            assert waits(second)
        assert second.result().id == first.id


def test_the_sums_of_a_purge_that_is_not_over_are_left_to_it(house: House, place: Place) -> None:
    with house.database.write() as tx:
        order = PurgeOrder(30, cutoff_ms(tx, 30))
        first, second = (jobs.submit(tx, place.grant(tx), PURGE_JOB.name, order) for _ in range(2))
    with opened(house.parts.settings) as tables:
        assert tables is not None
        purge = Purge(tables, house.objects, place.name, first.id, order.before_ms, look_up=lambda: None)
        purge.begin()
        with tables.write() as writer:
            ledger.count(writer, first.id, {"runs": 7})
        run_in_place(house.parts, PURGE_JOB, second.id)
        assert purge.counts()["runs"] == 7
        run_in_place(house.parts, PURGE_JOB, first.id)
        assert place.purge()["runs"] == 0
        assert purge.counts()["runs"] == 0, "it is over, and told"


def test_two_who_take_one_logged_model_note_it_once(house: House, place: Place) -> None:
    model = place.model(place.experiment("living"))
    place.delete_model(model)
    before_ms = 2**60
    with (
        opened(house.parts.settings) as tables,
        opened(house.parts.settings) as others,
        ThreadPoolExecutor(1) as pool,
    ):
        assert tables is not None
        assert others is not None
        with tables.write() as writer:
            ledger.prepare(writer)

        def take() -> list[str]:
            with others.write() as writer:
                return taking.take_models(writer, place.name, before_ms)

        with tables.write() as writer:
            assert taking.take_models(writer, place.name, before_ms) == [model]
            second = pool.submit(take)
            assert waits(second)
        assert set(second.result()) <= {model}
        with tables.read() as reader:
            assert ledger.list_taken(reader, "model", place.name, 10) == [model]
    assert place.purge()["logged_models"] == 1
