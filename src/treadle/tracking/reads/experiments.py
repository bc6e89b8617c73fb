"""Experiments with how many runs they hold, and what of them is deleted."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from treadle.tracking.reads.own_tables import has_counts
from treadle.tracking.reads.questions import DeletedQuestion, ExperimentsQuestion
from treadle.tracking.reads.tables import Reader, among

_MOST = 10_000
_LISTED = "experiment_id, name, creation_time, last_update_time, lifecycle_stage"


class Experiment(Struct):
    """An experiment in the list; times in milliseconds since 1970."""

    id: str
    name: str
    created_at: int | None
    updated_at: int | None
    run_count: int
    last_run_at: int | None
    is_deleted: bool
    #: Who did, by e-mail address, where that is known.
    deleted_by: str | None = None
    tags: dict[str, str | None] = field(default_factory=dict)


class DeletedRun(Struct):
    """A run that was deleted, and can be restored."""

    run_id: str
    experiment_id: str
    experiment: str
    name: str
    deleted_at: int | None
    is_experiment_deleted: bool
    #: Who made it.
    user: str | None
    #: Who deleted it, by e-mail address, where that is known.
    deleted_by: str | None = None


def read_experiments(reader: Reader, workspace: str, question: ExperimentsQuestion) -> list[Experiment]:
    """The workspace's experiments, the newest first, at most 10,000."""
    stage = "deleted" if question.deleted else "active"
    wanted = question.search.casefold()
    rows = reader.all(
        f"SELECT {_LISTED} FROM experiments WHERE workspace = ? AND lifecycle_stage = ? "
        f"ORDER BY experiment_id DESC LIMIT {_MOST}",
        (workspace, stage),
    )
    found = [_experiment(row) for row in rows if wanted in row[1].casefold()]
    by_id = {int(experiment.id): experiment for experiment in found}
    for experiment_id, count, last in _counts(reader, list(by_id), stage):
        by_id[experiment_id].run_count, by_id[experiment_id].last_run_at = count, last
    where, ids = among("experiment_id", list(by_id))
    for experiment_id, key, value in reader.all(
        f"SELECT experiment_id, key, value FROM experiment_tags WHERE {where}", ids
    ):
        by_id[experiment_id].tags[key] = value
    return found


def _counts(reader: Reader, ids: list[int], stage: str) -> list[tuple[Any, ...]]:
    """Of each experiment with runs: its id, how many there are, and when the last one began."""
    where, values = among("experiment_id", ids)
    if has_counts(reader):
        last = (
            "SELECT r.start_time FROM runs r WHERE r.experiment_id = c.experiment_id "
            "AND r.lifecycle_stage = c.stage ORDER BY r.start_time DESC LIMIT 1"
        )
        counts = f"SELECT experiment_id, runs, ({last}) FROM treadle_run_counts c WHERE {where} AND stage = ?"
    else:
        counts = (
            "SELECT experiment_id, count(*), max(start_time) FROM runs "
            f"WHERE {where} AND lifecycle_stage = ? GROUP BY experiment_id"
        )
    return reader.all(counts, (*values, stage))


def read_deleted(reader: Reader, workspace: str, question: DeletedQuestion) -> dict[str, Any]:
    """How much of the workspace is deleted, and a page of its deleted runs, the last deleted first."""
    experiments = reader.first(
        "SELECT count(*) FROM experiments WHERE workspace = ? AND lifecycle_stage = 'deleted'", (workspace,)
    )
    of_workspace = (
        "FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id "
        "WHERE e.workspace = ? AND r.lifecycle_stage = 'deleted'"
    )
    if question.is_alone:
        of_workspace += " AND e.lifecycle_stage <> 'deleted'"
    runs = reader.first(f"SELECT count(*) {of_workspace}", (workspace,))
    assert experiments is not None
    assert runs is not None
    rows = reader.all(
        "SELECT r.run_uuid, e.experiment_id, e.name, r.name, r.deleted_time, e.lifecycle_stage, r.user_id "
        f"{of_workspace} ORDER BY coalesce(r.deleted_time, 0) DESC, r.run_uuid LIMIT ? OFFSET ?",
        (workspace, question.limit, question.offset),
    )
    return {"experiments": experiments[0], "runs": runs[0], "results": [_deleted(row) for row in rows]}


def _experiment(row: tuple[Any, ...]) -> Experiment:
    experiment_id, name, created, updated, stage = row
    return Experiment(str(experiment_id), name, created, updated, 0, None, stage == "deleted")


def _deleted(row: tuple[Any, ...]) -> DeletedRun:
    run_id, experiment_id, experiment, name, deleted_at, stage, user = row
    is_gone = stage == "deleted"
    return DeletedRun(run_id, str(experiment_id), experiment, name or "", deleted_at, is_gone, user)
