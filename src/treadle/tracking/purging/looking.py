"""What lies deleted, and how many bytes it holds: counted by rows, sized by a look that ends in time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from treadle.objects import ObjectStore
from treadle.tracking.paths import artifact_key
from treadle.tracking.purging import ledger
from treadle.tracking.purging.naming import read_named
from treadle.tracking.purging.taking import (
    OLD_EXPERIMENT,
    OLD_MODEL,
    OLD_RUN,
    place_of_experiment,
    place_of_model,
    place_of_run,
)
from treadle.tracking.reads.tables import Reader

_CLOCK_EACH = 64
#: More are not looked at in time anyway.
MOST_PLACES = 10_000

_OF_RUNS = (
    f"FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id WHERE e.workspace = ? AND {OLD_RUN}"
)
#: Experiments of which nothing younger or restored is left when their old runs are gone.
_OF_EXPERIMENTS = (
    f"FROM experiments e WHERE e.workspace = ? AND {OLD_EXPERIMENT} AND NOT EXISTS "
    f"(SELECT 1 FROM runs r WHERE r.experiment_id = e.experiment_id AND NOT ({OLD_RUN}))"
)
_OF_MODELS = (
    "FROM logged_models m JOIN experiments e ON e.experiment_id = m.experiment_id "
    f"WHERE e.workspace = ? AND {OLD_MODEL}"
)
_NOTED = "SELECT place, holder FROM treadle_purge_places WHERE workspace = ?"


class _Place(NamedTuple):
    place: str
    #: Empty: an experiment.
    holder: str


@dataclass(frozen=True)
class Old:
    """How much a purge would free of the rows that people know."""

    experiments: int
    runs: int
    logged_models: int
    traces: int
    #: Places that an earlier purge took, and whose bytes it could not or did not free; without those that
    #: stay, since a version of a registered model stands for them.
    noted: int


@dataclass(frozen=True)
class Size:
    """Bytes of some places; ``is_whole``: all were looked at, else it is at least so much."""

    size_bytes: int
    objects: int
    is_whole: bool


def count_old(reader: Reader, workspace: str, before_ms: int) -> Old:
    """What was deleted until ``before_ms``, milliseconds since 1970."""
    twice = (workspace, before_ms, before_ms)
    within = f"SELECT e.experiment_id {_OF_EXPERIMENTS}"
    return Old(
        experiments=_count(reader, f"SELECT count(*) {_OF_EXPERIMENTS}", twice),
        runs=_count(reader, f"SELECT count(*) {_OF_RUNS}", (workspace, before_ms)),
        logged_models=_count(reader, f"SELECT count(*) {_OF_MODELS}", (workspace, before_ms))
        + _count(
            reader,
            "SELECT count(*) FROM logged_models m WHERE m.lifecycle_stage <> 'deleted' "
            f"AND m.experiment_id IN ({within})",
            twice,
        ),
        traces=_count(reader, f"SELECT count(*) FROM trace_info WHERE experiment_id IN ({within})", twice),
        noted=len(_list_going(reader, workspace)),
    )


def list_old_places(reader: Reader, workspace: str, before_ms: int) -> list[str]:
    """Where the bytes lie that a purge would free, at most `MOST_PLACES`.

    Below some of an experiment there may be what stays, since a version of a registered model stands for it.
    """
    most = f"LIMIT {MOST_PLACES}"
    found = f"SELECT e.experiment_id {_OF_EXPERIMENTS} {most}"
    experiments = [row[0] for row in reader.all(found, (workspace, before_ms, before_ms))]
    runs = reader.all(f"SELECT r.experiment_id, r.run_uuid {_OF_RUNS} {most}", (workspace, before_ms))
    models = reader.all(f"SELECT m.experiment_id, m.model_id {_OF_MODELS} {most}", (workspace, before_ms))
    whole = set(experiments)
    places = [_Place(place_of_experiment(workspace, each), "") for each in experiments]
    places += [_Place(place_of_run(workspace, *row), row[1]) for row in runs if row[0] not in whole]
    places += [_Place(place_of_model(workspace, *row), row[1]) for row in models if row[0] not in whole]
    named = read_named(reader, workspace)
    going = [each.place for each in places if named.keeper(*each) is None]
    noted = _list_going(reader, workspace)
    outer = {each.place for each in noted if not each.holder}
    going += [each.place for each in noted if not each.holder or _experiment_of(each.place) not in outer]
    return going[:MOST_PLACES]


def measure(objects: ObjectStore, places: Sequence[str], *, until_s: float) -> Size:
    """The bytes of all of these, as far as one comes until ``until_s`` (`time.monotonic`)."""
    size_bytes = number = 0
    for place in places:
        if time.monotonic() > until_s:
            return Size(size_bytes, number, is_whole=False)
        for size in _sizes(objects, place):
            size_bytes, number = size_bytes + size, number + 1
            if number % _CLOCK_EACH == 0 and time.monotonic() > until_s:
                return Size(size_bytes, number, is_whole=False)
    return Size(size_bytes, number, is_whole=len(places) < MOST_PLACES)


def _list_going(reader: Reader, workspace: str) -> list[_Place]:
    """Noted places but for those that stay, and for experiments of which something stays."""
    noted = [_Place(*row) for row in reader.all(_NOTED, (workspace,))] if ledger.is_there(reader) else []
    if not noted:
        return []
    named = read_named(reader, workspace)
    return [
        each
        for each in noted
        if named.keeper(*each) is None and (each.holder or not named.keeps_below(each.place))
    ]


def _experiment_of(place: str) -> str:
    """workspaces/ws-17/3 of workspaces/ws-17/3/RUN and of workspaces/ws-17/3/models/MODEL."""
    return "/".join(place.split("/")[:3])


def _sizes(objects: ObjectStore, place: str) -> Iterator[int]:
    return (each.size_bytes for each in objects.list(f"{artifact_key(place)}/"))


def _count(reader: Reader, sql: str, values: tuple[object, ...]) -> int:
    found = reader.first(sql, values)
    assert found is not None
    return int(found[0])
