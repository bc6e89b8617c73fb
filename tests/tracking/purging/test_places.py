"""Bytes go place by place, however many runs an experiment has and however much lies in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tracking.purging.house import House, Place
from treadle import jobs
from treadle.jobs import JobState
from treadle.objects import LocalObjects, StoredObject
from treadle.tracking.paths import artifact_key
from treadle.tracking.purging import places


class Told(LocalObjects):
    """A store that tells how much it answered, by what it was asked."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.told: dict[str, int] = {}
        self.meanwhile: Callable[[], None] = lambda: None

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        self.told[prefix] = 0
        self.meanwhile()
        for each in super().list(prefix):
            self.told[prefix] += 1
            yield each

    def listed_of(self, place: Place, experiment: str) -> dict[str, int]:
        """By folders in the experiment, in the order in which they were asked."""
        folder = f"{artifact_key(f'workspaces/{place.name}')}/{experiment}"
        return {key[len(folder) :]: told for key, told in self.told.items() if key.startswith(folder)}


def test_runs_go_before_their_experiment_which_is_looked_at_for_what_is_left(
    house: House, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_AT_ONCE", 2)
    experiment = place.experiment("large")
    runs = sorted(place.bare_run(experiment) for _ in range(4))
    place.put(f"{experiment}/loose.txt", b"loose")
    place.delete_experiment(experiment)
    store = Told(house.objects.root)
    job = place.submit()
    there = replace(house, parts=replace(house.parts, objects=store))
    there.begin(job)
    assert there.resume(job).state is JobState.DONE
    listed = store.listed_of(place, experiment)
    assert list(listed) == [*(f"/{run}/" for run in reversed(runs)), "/"]
    assert list(listed.values()) == [2, 2, 2, 2, 1]
    assert place.files() == []


def test_what_is_too_much_to_keep_in_mind_is_freed_and_counted_and_spares_what_stays(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_IN_MIND", 1)
    experiment = place.experiment("large")
    gone, kept = place.bare_run(experiment), place.bare_run(experiment)
    for number in range(3):
        place.put(f"{experiment}/loose/{number}", b"loose")
        place.put(f"{experiment}/{kept}more/{number}", b"no run's")
    place.version("keeper", f"runs:/{kept}/model")
    place.delete_experiment(experiment)
    told = place.purge()
    assert (told["objects"], told["size_bytes"]) == (2 + 6, 1024 + 3 * 5 + 3 * 8)
    assert (told["kept"], told["kept_bytes"]) == (1, 1024)
    assert not [each for each in place.files() if gone in each]
    assert {each.split("/")[1] for each in place.files()} == {kept}
    place.change_version("keeper", current_stage="Deleted_Internal")
    assert place.purge()["objects"] == 2
    assert place.files() == []


def test_a_purge_is_cancelled_while_it_looks_at_what_lies_in_a_place(
    house: House, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.tracking.purging.job._LOOK_S", 0.0)
    experiment = place.experiment("large")
    run = place.bare_run(experiment)
    place.delete_run(run)
    job = place.submit()

    def cancel() -> None:
        with house.database.write() as tx:
            jobs.request_cancel(tx, place.owner, job)

    store = Told(house.objects.root)
    store.meanwhile = cancel
    there = replace(house, parts=replace(house.parts, objects=store))
    there.begin(job)
    assert there.resume(job).state is JobState.CANCELLED
    assert store.listed_of(place, experiment) == {f"/{run}/": 1}
    assert place.purge()["objects"] == 2
