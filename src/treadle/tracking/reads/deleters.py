"""Who deleted a run or an experiment, which MLflow does not keep.

It is written down behind MLflow's answer, when there is time: a kill in between, or a program that writes
MLflow's tables by itself, leaves nobody.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from treadle.tracking.reads.request import ReadRequest
from treadle.tracking.reads.tables import Reader

TABLE = (
    "CREATE TABLE IF NOT EXISTS treadle_deleters (kind VARCHAR(16) NOT NULL, id VARCHAR(64) NOT NULL, "
    "email VARCHAR(320) NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (kind, id))"
)
_NOTE = (
    "INSERT INTO treadle_deleters (kind, id, email, at) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (kind, id) DO UPDATE SET email = excluded.email, at = excluded.at"
)
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
    writer.run(_NOTE, (deleted.kind, deleted.id[:64], deleted.email[:320], deleted.at_ms))


def read_deleters(reader: Reader, kind: str, ids: list[str]) -> dict[str, str]:
    """The e-mail address of who deleted each, where that is known."""
    if not ids:
        return {}
    marks = ", ".join("?" * len(ids))
    sql = f"SELECT id, email FROM treadle_deleters WHERE kind = ? AND id IN ({marks})"
    return dict(reader.all(sql, (kind, *ids)))
