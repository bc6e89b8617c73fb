"""What lies deleted is told as what would go, and not as what stays."""

from __future__ import annotations

import time

from tests.tracking.purging.house import House, Place
from treadle.tracking.purging import Old, count_old, ledger, list_old_places, measure, opened, taking

NOW_MS = 2**60


def look(house: House, place: Place) -> tuple[Old, int]:
    """What a purge would free now, and its bytes."""
    with opened(house.parts.settings) as tables:
        assert tables is not None
        with tables.read() as reader:
            old = count_old(reader, place.name, NOW_MS)
            places = list_old_places(reader, place.name, NOW_MS)
    size = measure(house.parts.objects, places, until_s=time.monotonic() + 60)
    return old, size.size_bytes


def test_bytes_that_a_version_stands_for_are_not_promised_before_or_after_a_purge(
    house: House, place: Place
) -> None:
    living, doomed = place.experiment("living"), place.experiment("doomed")
    served, gone = place.run(living), place.run(living)
    place.version("finder", f"runs:/{served}/model")
    place.put(f"{doomed}/loose/notes.txt", b"loose")
    place.version("loose", f"mlflow-artifacts:/workspaces/{place.name}/{doomed}/loose")
    for run in (served, gone):
        place.delete_run(run)
    place.delete_experiment(doomed)

    old, size_bytes = look(house, place)
    assert (old.runs, old.experiments, size_bytes) == (2, 1, 1024 + 5)
    assert place.purge()["kept"] == 1
    assert look(house, place) == (Old(0, 0, 0, 0, noted=0), 0)
    place.change_version("finder", current_stage="Deleted_Internal")
    place.change_version("loose", current_stage="Deleted_Internal")
    assert look(house, place) == (Old(0, 0, 0, 0, noted=2), 1024 + 5)


def test_what_a_purge_had_taken_when_it_was_stopped_is_told_with_all_its_bytes(
    house: House, place: Place
) -> None:
    experiment = place.experiment("taken")
    run = place.run(experiment)
    place.put(f"{experiment}/loose/notes.txt", b"loose")
    place.delete_run(run)
    place.delete_experiment(experiment)
    with opened(house.parts.settings) as tables:
        assert tables is not None
        with tables.write() as writer:
            ledger.prepare(writer)
            taking.take_runs(writer, place.name, NOW_MS)
            taking.take_experiments(writer, place.name, NOW_MS)
    assert look(house, place) == (Old(0, 0, 0, 0, noted=3), 1024 + 10 + 5), "its logged model, too"
