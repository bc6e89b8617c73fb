"""Who deleted a run or an experiment, which MLflow does not keep.

It is written down behind MLflow's answer, when there is time: a kill in between, or a program that writes
MLflow's tables by itself, leaves nobody. It is kept with the moment at which MLflow deleted, and told of that
moment alone: what was restored since, and deleted by nobody knows whom, is not put down to who did it before.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from treadle.tracking.reads.request import ReadRequest
from treadle.tracking.reads.tables import Reader, among

TABLE = (
    "CREATE TABLE IF NOT EXISTS treadle_deleters (kind VARCHAR(16) NOT NULL, id VARCHAR(64) NOT NULL, "
    "email VARCHAR(320) NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (kind, id))"
)
# at: MLflow's own moment. One behind the answer is another deletion's.
_NOTE = (
    "INSERT INTO treadle_deleters (kind, id, email, at) {deleted} AND o.lifecycle_stage = 'deleted' "
    "ON CONFLICT (kind, id) DO UPDATE SET email = excluded.email, at = excluded.at"
)
_DELETED: Mapping[str, str] = {
    "run": "SELECT 'run', o.run_uuid, CAST(? AS VARCHAR(320)), o.deleted_time FROM runs o "
    "WHERE o.run_uuid = ? AND o.deleted_time <= ?",
    "experiment": "SELECT 'experiment', CAST(o.experiment_id AS VARCHAR(64)), CAST(? AS VARCHAR(320)), "
    "o.last_update_time FROM experiments o "
    "WHERE o.experiment_id = CAST(? AS INTEGER) AND o.last_update_time <= ?",
}
_TOLD: Mapping[str, tuple[str, str]] = {
    "run": (
        "SELECT d.id, d.email FROM runs o JOIN treadle_deleters d "
        "ON d.kind = 'run' AND d.id = o.run_uuid AND d.at = o.deleted_time",
        "o.run_uuid",
    ),
    "experiment": (
        "SELECT d.id, d.email FROM experiments o JOIN treadle_deleters d ON d.kind = 'experiment' "
        "AND d.id = CAST(o.experiment_id AS VARCHAR(64)) AND d.at = o.last_update_time",
        "o.experiment_id",
    ),
}
#: The rest of the paths of MLflow's verbs, what they delete, and what names it.
_VERBS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "/2.0/mlflow/runs/delete": ("run", ("run_id", "run_uuid")),
    "/2.0/mlflow/experiments/delete": ("experiment", ("experiment_id",)),
}


@dataclass(frozen=True)
class Deleted:
    """Somebody deleted something."""

    kind: str
    id: str
    email: str
    #: When MLflow had answered.
    at_ms: int


def find_verb(path: str) -> tuple[str, tuple[str, ...]] | None:
    """What a request deletes, and by which names it says so; None: nothing."""
    return next((verb for ending, verb in _VERBS.items() if path.endswith(ending)), None)


def read_deleted_by(request: ReadRequest, sent: Mapping[str, Any]) -> Deleted | None:
    """What a request that MLflow has answered deleted; sent: its body."""
    verb = find_verb(request.path)
    if verb is None:
        return None
    kind, names = verb
    found = next((str(sent[name]) for name in names if sent.get(name)), None)
    email = request.visitor.email
    return None if found is None else Deleted(kind, found, email, int(time.time() * 1000))


def note_deleter(writer: Reader, deleted: Deleted) -> None:
    """Keep who it was; the last one counts."""
    sql = _NOTE.format(deleted=_DELETED[deleted.kind])
    writer.run(sql, (deleted.email[:320], deleted.id[:64], deleted.at_ms))


def read_deleters(reader: Reader, kind: str, ids: list[str]) -> dict[str, str]:
    """The e-mail address of who deleted each as it is deleted now, where that is known."""
    found, column = _TOLD[kind]
    where, values = among(column, [int(each) for each in ids] if kind == "experiment" else ids)
    return dict(reader.all(f"{found} WHERE {where}", values))
