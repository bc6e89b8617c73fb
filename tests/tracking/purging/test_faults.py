"""Workers die, stores refuse, people change their mind: nothing living is lost, and a repeat finishes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete

from tests.tracking.purging.house import House, Place, mentioned
from tests.tracking.purging.killed import STEPS, Order, kill_at
from treadle import jobs
from treadle.db.schema import memberships
from treadle.jobs import Job, JobState
from treadle.objects import LocalObjects
from treadle.tracking.purging import rows, taking
from treadle.tracking.purging.work import Purge

_SHARPEST = (
    *("rows-in-transaction:2", "runs-freed-in-transaction", "experiment-in-transaction"),
    *("byte-gone:2", "place-in-transaction", "audit-in-transaction"),
)
_KILLS = [
    *_SHARPEST,
    *(pytest.param(step, marks=pytest.mark.long) for step in STEPS if step not in _SHARPEST),
]


def fill(place: Place) -> tuple[list[str], list[str]]:
    """What is doomed, by ids, and what lives."""
    living, doomed = place.experiment("living"), place.experiment("doomed")
    stays, goes, model = place.run(living), place.run(living), place.model(living)
    dead = [place.run(doomed), place.trace(doomed)]
    place.delete_run(goes)
    place.delete_model(model)
    place.delete_experiment(doomed)
    return [goes, model, *dead], [stays]


def is_gone(rows_there: set[tuple[str, str]], doomed: list[str]) -> bool:
    """A logged model that lives may tell which run it was made by."""
    return {row for row in mentioned(rows_there, *doomed) if row[0] != "logged_models"} == set()


@pytest.mark.parametrize("step", _KILLS)
def test_a_killed_purge_is_finished_and_told_once(house: House, place: Place, step: str) -> None:
    doomed, living = fill(place)
    before = mentioned(house.dump(), *living)
    job = place.submit()
    house.begin(job)
    kill_at(step, Order(house.database.url, house.parts.settings, job.id))
    assert before <= house.dump()
    ended = house.resume(job)
    assert ended.state is JobState.DONE, ended.error
    after = house.dump()
    assert before <= after
    assert is_gone(after, doomed)
    result = json.loads(ended.result or "")
    assert (result["runs"], result["experiments"], result["logged_models"]) == (2, 1, 2)
    assert (result["traces"], result["objects"], result["size_bytes"]) == (2, 6, 2 * 1024 + 20)
    assert all(living[0] in each or "/models/" in each for each in place.files())
    (line,) = place.audited()
    assert json.loads(line.detail)["runs"] == 2


def test_what_a_purge_began_another_one_finishes(house: House, place: Place) -> None:
    """The worker died in the middle, and whoever ordered it lost the role meanwhile."""
    doomed, _living = fill(place)
    job = place.submit()
    house.begin(job)
    kill_at("runs-freed-in-transaction", Order(house.database.url, house.parts.settings, job.id))
    with house.database.write() as tx:
        role = tx.rows(memberships.select().where(memberships.c.workspace_id == place.id))[0]
        tx.execute(delete(memberships).where(memberships.c.workspace_id == place.id))
    failed = house.resume(job)
    assert failed.state is JobState.FAILED
    assert "job-place-gone" in (failed.error or "")
    with house.database.write() as tx:
        tx.execute(memberships.insert().values(**role))
    told = place.purge(30_000)
    assert told["runs"] == 2, "what was taken is freed, however old it is"
    assert is_gone(house.dump(), doomed[:1])


class Refusing(LocalObjects):
    """A store that refuses to delete some keys."""

    refused = ""

    def delete(self, key: str) -> None:
        if self.refused and self.refused in key:
            raise PermissionError(13, "Permission denied", key)
        super().delete(key)


def test_bytes_that_the_store_refuses_to_delete_are_freed_by_the_next_purge(
    house: House, place: Place
) -> None:
    doomed, _living = fill(place)
    store = Refusing(house.objects.root)
    store.refused = f"{doomed[0]}/artifacts/model"
    there = replace(house, parts=replace(house.parts, objects=store))
    job = place.submit()
    there.begin(job)
    ended = there.resume(job)
    assert ended.state is JobState.FAILED
    assert "1 deleted runs or models" in (ended.error or "")
    assert "Permission denied" in (ended.error or "")
    assert is_gone(house.dump(), doomed)
    assert [each for each in place.files() if doomed[0] in each] == [
        each for each in place.files() if "weights" in each and doomed[0] in each
    ]
    assert json.loads(place.audited()[0].detail)["is_whole"] is False
    assert place.purge()["objects"] == 2
    assert not [each for each in place.files() if doomed[0] in each]


def test_a_cancelled_purge_stops_between_batches_and_tells_what_it_freed(
    house: House, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed, _living = fill(place)
    job = place.submit()
    house.begin(job)
    _after(monkeypatch, rows, "free_runs", lambda: _cancel(house, place, job))
    monkeypatch.setattr("treadle.tracking.purging.job._LOOK_S", 0.0)
    ended = house.resume(job)
    assert ended.state is JobState.CANCELLED
    assert mentioned(house.dump(), doomed[1]) != set(), "what was not taken is still there"
    assert json.loads(place.audited()[0].detail)["runs"] == 2
    told = place.purge()
    assert (told["experiments"], told["size_bytes"]) == (1, 2 * 1024 + 20)


def test_a_run_restored_while_its_purge_runs_stays_whole(
    house: House, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "_RUNS", taking._RUNS.replace(f"LIMIT {taking.RUNS_AT_ONCE}", "LIMIT 1"))
    experiment = place.experiment("raced")
    runs = [place.run(experiment) for _ in range(2)]
    for run in runs:
        place.delete_run(run)
    restored: list[str] = []
    free_parts = Purge._free_parts

    def restore_the_other(purge: Purge, *arguments: Any) -> None:
        if not restored:
            restored.extend(run for run in runs if place.sees(run))
            place.restore_run(restored[0])
        free_parts(purge, *arguments)

    monkeypatch.setattr(Purge, "_free_parts", restore_the_other)
    before = house.dump()
    assert place.purge()["runs"] == 1
    assert len(restored) == 1
    kept = {row for row in mentioned(before, *restored) if row[0] not in ("runs", "experiments")}
    assert kept <= house.dump()
    assert len([each for each in place.files() if restored[0] in each]) == 2


def _cancel(house: House, place: Place, job: Job) -> None:
    with house.database.write() as tx:
        jobs.request_cancel(tx, place.owner, job)


def _after(monkeypatch: pytest.MonkeyPatch, module: Any, verb: str, act: Callable[[], None]) -> None:
    real = getattr(module, verb)

    def call(*arguments: Any) -> Any:
        done = real(*arguments)
        act()
        return done

    monkeypatch.setattr(module, verb, call)
