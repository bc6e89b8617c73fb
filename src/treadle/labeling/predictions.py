"""Predictions: what a model says of a task, to be accepted or corrected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, update

from treadle import events
from treadle.access import Grant
from treadle.db import Tx
from treadle.db.schema import predictions, tasks
from treadle.errors import NotFound
from treadle.labeling import trash
from treadle.labeling.config import LabelConfig, parse_config, validate_imported_result
from treadle.labeling.json_text import one_line
from treadle.labeling.shorthand import complete_text
from treadle.labeling.tally import TaskState, add_to_counters, lock_task
from treadle.labeling.visibility import handed_to, visible_tasks

_p = predictions.c
_ONE = select(predictions).where(_p.id == bindparam("prediction_id"))
_OF_TASK = select(predictions).where(_p.task_id == bindparam("task_id")).order_by(_p.id)
_INSERT = insert(predictions).returning(_p.id)
_ADD_TO_TASK = (
    update(tasks)
    .where(tasks.c.id == bindparam("of_task"))
    .values(total_predictions=tasks.c.total_predictions + bindparam("more"))
)
_VERSIONS = (
    select(_p.model_version, func.count().label("predictions"))
    .where(_p.project_id == bindparam("project_id"))
    .group_by(_p.model_version)
    .order_by(func.max(_p.id).desc())
)
CHANGEABLE = frozenset({"result", "score", "model_version", "cluster", "mislabeling"})


@dataclass(frozen=True)
class NewPrediction:
    """What a model version says of a task."""

    result: bytes  # JSON list of results, or in short (see `shorthand`)
    model_version: str = ""
    score: float | None = None
    cluster: int | None = None
    neighbors: bytes | None = None  # JSON
    mislabeling: float = 0.0


def add(tx: Tx, grant: Grant, task_id: int, new: NewPrediction) -> Mapping[str, Any]:
    """Add a prediction to a task; the row. Raises Invalid("result-malformed")."""
    task = lock_task(tx, task_id)
    prediction_id = tx.execute(_INSERT, _values(tx, task, new)).scalar_one()
    tx.execute(_ADD_TO_TASK, {"of_task": task_id, "more": 1})
    add_to_counters(tx, task.project_id, predictions=1)
    _record(tx, grant, "prediction.created", task.project_id, prediction_id)
    return get(tx, prediction_id)


def change(tx: Tx, grant: Grant, prediction_id: int, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Change what is named in ``changes`` (see `CHANGEABLE`; ``result`` as JSON bytes)."""
    row = get(tx, prediction_id)
    values = {name: value for name, value in changes.items() if name in CHANGEABLE}
    if "result" in values:
        values["result"] = _checked_for(lock_task(tx, row["task_id"]), values["result"])
    tx.execute(update(predictions).where(_p.id == prediction_id).values(updated_at=tx.now, **values))
    _record(tx, grant, "prediction.updated", row["project_id"], prediction_id)
    return get(tx, prediction_id)


def remove(tx: Tx, grant: Grant, prediction_id: int) -> int:
    """Delete a prediction; the deletion, by which it can be restored. Annotations that began from it
    keep their copy. Raises NotFound("prediction-not-found")."""
    deletion = trash.delete_now(tx, grant, "predictions", [prediction_id])
    if deletion.item_count == 0:  # whoever held the task may have deleted it
        raise no_prediction(prediction_id)
    return deletion.id


def get(tx: Tx, prediction_id: int) -> Mapping[str, Any]:
    """The row. Raises NotFound("prediction-not-found")."""
    row = tx.execute(_ONE, {"prediction_id": prediction_id}).mappings().first()
    if row is None:
        raise no_prediction(prediction_id)
    return dict(row)


def no_prediction(prediction_id: int) -> NotFound:
    """The error for a prediction that is not there or not the actor's to see."""
    return NotFound(
        "prediction-not-found",
        f"No Prediction matches the given query. There is no prediction {prediction_id}.",
    )


def of_task(tx: Tx, task_id: int) -> list[Mapping[str, Any]]:
    """The predictions of a task, oldest first."""
    return [dict(row) for row in tx.execute(_OF_TASK, {"task_id": task_id}).mappings()]


def of_project(tx: Tx, grant: Grant, project_id: int) -> list[Mapping[str, Any]]:
    """The predictions of those tasks of a project that the actor may see, oldest first."""
    statement: Select[Any] = (
        select(predictions)
        .join(tasks, tasks.c.id == _p.task_id)
        .where(_p.project_id == project_id, visible_tasks(project_id), handed_to(grant))
        .order_by(_p.id)
    )
    return [dict(row) for row in tx.execute(statement).mappings()]


def count_versions(tx: Tx, project_id: int) -> dict[str, int]:
    """How many predictions each model version made, the newest version first."""
    rows = tx.execute(_VERSIONS, {"project_id": project_id})
    return {row.model_version: row.predictions for row in rows}


def _values(tx: Tx, task: TaskState, new: NewPrediction) -> dict[str, Any]:
    return {
        "task_id": task.id,
        "project_id": task.project_id,
        "result": _checked_for(task, new.result),
        "model_version": new.model_version,
        "score": new.score,
        "cluster": new.cluster,
        "neighbors": None if new.neighbors is None else one_line(new.neighbors),
        "mislabeling": new.mislabeling,
        "created_at": tx.now,
        "updated_at": tx.now,
    }


def _checked_for(task: TaskState, result: bytes) -> str:
    return checked_result(parse_config(task.label_config), result)


def checked_result(config: LabelConfig, result: bytes) -> str:
    """The result as it is stored. Raises Invalid("result-malformed")."""
    whole = complete_text(config, result)
    validate_imported_result(config, whole)
    return one_line(whole)


def _record(tx: Tx, grant: Grant, kind: str, project_id: int, prediction_id: int) -> None:
    events.record(tx, kind, actor_id=grant.actor.user_id, project_id=project_id, subject_id=prediction_id)
