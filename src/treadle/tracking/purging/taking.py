"""Taking what was deleted long ago out of everybody's sight, one batch in one short transaction.

A run that is taken has no experiment any more, an experiment that is taken is nobody's: MLflow and our own
reads find neither, in any workspace. What is restored before that commit stays; afterwards nothing is.
"""

from __future__ import annotations

from treadle.tracking.purging.ledger import NOBODYS, note_places, note_taken
from treadle.tracking.reads.tables import Reader, among

RUNS_AT_ONCE = 100
_EXPERIMENTS_AT_ONCE = 10
_WORKSPACES = "workspaces"

OLD_RUN = "r.lifecycle_stage = 'deleted' AND coalesce(r.deleted_time, 0) <= ?"
OLD_MODEL = "m.lifecycle_stage = 'deleted' AND m.last_updated_timestamp_ms <= ?"
OLD_EXPERIMENT = "e.lifecycle_stage = 'deleted' AND coalesce(e.last_update_time, 0) <= ?"
#: A logged model has no verb that restores it: it is only noted, and stays deleted.
_NOT_TAKEN = "NOT EXISTS (SELECT 1 FROM treadle_purge_taken t WHERE t.kind = 'model' AND t.id = m.model_id)"
_RUNS = (
    "SELECT r.run_uuid, r.experiment_id FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id "
    f"WHERE e.workspace = ? AND {OLD_RUN} LIMIT {RUNS_AT_ONCE}"
)
_MODELS = (
    "SELECT m.model_id, m.experiment_id FROM logged_models m "
    "JOIN experiments e ON e.experiment_id = m.experiment_id "
    f"WHERE e.workspace = ? AND {OLD_MODEL} AND {_NOT_TAKEN} LIMIT {RUNS_AT_ONCE}"
)
_HAS_RUNS = "EXISTS (SELECT 1 FROM runs r WHERE r.experiment_id = e.experiment_id)"
_EXPERIMENTS = (
    f"SELECT e.experiment_id FROM experiments e WHERE e.workspace = ? AND {OLD_EXPERIMENT} "
    f"AND NOT {_HAS_RUNS} LIMIT {_EXPERIMENTS_AT_ONCE}"
)

#: The same places as `place_of_model` tells.
_NOTE_MODELS = (
    "INSERT INTO treadle_purge_places (place, workspace, holder) "
    f"SELECT '{_WORKSPACES}/' || CAST(? AS TEXT) || '/' || m.experiment_id || '/models/' || m.model_id, "
    "CAST(? AS TEXT), m.model_id FROM logged_models m"
)


def place_of_experiment(workspace: str, experiment_id: object) -> str:
    """Below it lie all artifacts of an experiment: of its runs, logged models and traces."""
    return f"{_WORKSPACES}/{workspace}/{experiment_id}"


def place_of_run(workspace: str, experiment_id: object, run_id: str) -> str:
    """Below it lie all artifacts of a run."""
    return f"{place_of_experiment(workspace, experiment_id)}/{run_id}"


def place_of_model(workspace: str, experiment_id: object, model_id: str) -> str:
    """Below it lie all artifacts of a logged model."""
    return f"{place_of_experiment(workspace, experiment_id)}/models/{model_id}"


def take_runs(writer: Reader, workspace: str, before_ms: int) -> list[str]:
    """Up to 100 runs that are deleted since ``before_ms`` at least, whichever experiment they are in."""
    rows = writer.all(_RUNS + _locking(writer, "r"), (workspace, before_ms))
    ids = [row[0] for row in rows]
    if ids:
        note_taken(writer, "run", workspace, ids)
        places = {place_of_run(workspace, experiment, run_id): run_id for run_id, experiment in rows}
        note_places(writer, workspace, places)
        where, values = among("run_uuid", ids)
        writer.run(f"UPDATE runs SET experiment_id = NULL WHERE {where}", values)
    return ids


def take_models(writer: Reader, workspace: str, before_ms: int) -> list[str]:
    """Up to 100 logged models that are deleted since ``before_ms`` at least, of experiments that live.

    Their rows stay as they are: on PostgreSQL, who waited for them may find that another took them meanwhile.
    """
    rows = writer.all(_MODELS + _locking(writer, "m"), (workspace, before_ms))
    ids = [row[0] for row in rows]
    taken = note_taken(writer, "model", workspace, ids)
    places = {
        place_of_model(workspace, experiment, model_id): model_id
        for model_id, experiment in rows
        if model_id in taken
    }
    note_places(writer, workspace, places)
    return ids


def take_experiments(writer: Reader, workspace: str, before_ms: int) -> list[str]:
    """Some experiments that are deleted since ``before_ms`` at least, and hold no run any more.

    One in which a run was restored, or was deleted later, is left: it goes when that run goes.
    """
    found = [row[0] for row in writer.all(_EXPERIMENTS + _locking(writer, "e"), (workspace, before_ms))]
    # Looked at once more, now that they are locked: PostgreSQL answered as of before it waited for the lock.
    where, values = among("e.experiment_id", found)
    rows = writer.all(f"SELECT e.experiment_id FROM experiments e WHERE {where} AND NOT {_HAS_RUNS}", values)
    ids = [row[0] for row in rows]
    if ids:
        _hide(writer, workspace, ids)
    return [str(each) for each in ids]


def _hide(writer: Reader, workspace: str, ids: list[int]) -> None:
    note_taken(writer, "experiment", workspace, [str(each) for each in ids])
    where, values = among("m.experiment_id", ids)
    writer.run(
        f"{_NOTE_MODELS} WHERE {where} ON CONFLICT (place) DO NOTHING", (workspace, workspace, *values)
    )
    note_places(writer, workspace, {place_of_experiment(workspace, each): "" for each in ids})
    for each in ids:
        hidden = (NOBODYS, f"purged {each}", each)
        writer.run("UPDATE experiments SET workspace = ?, name = ? WHERE experiment_id = ?", hidden)


def _locking(writer: Reader, table: str) -> str:
    """SQLite has one who writes at a time."""
    return "" if writer.is_sqlite else f" FOR UPDATE OF {table}"
