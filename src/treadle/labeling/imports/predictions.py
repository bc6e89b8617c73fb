"""Predictions for tasks that are there already, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from sqlalchemy import bindparam, func, select, update

from treadle import events
from treadle.access import Grant
from treadle.db import Tx
from treadle.db.lists import id_list, one_of
from treadle.db.schema import predictions, tasks
from treadle.db.types import to_microseconds
from treadle.errors import Invalid
from treadle.labeling import projects
from treadle.labeling.config import LabelConfig, parse_config
from treadle.labeling.predictions import checked_result
from treadle.labeling.tally import add_to_counters
from treadle.labeling.visibility import visible_tasks

_t = tasks.c
_NAMED = (_t.project_id == bindparam("of_project"), one_of(_t.id, "task_ids"))
_LOCKED = (
    select(_t.id)
    .where(*_NAMED, visible_tasks(bindparam("of_project")))
    .order_by(_t.id)
    .with_for_update(of=tasks)
)
_COUNT = (
    update(tasks)
    .where(*_NAMED)
    .values(total_predictions=select(func.count()).where(predictions.c.task_id == _t.id).scalar_subquery())
)
_COLUMNS = ("task_id", "project_id", "result", "model_version", "score", "created_at", "updated_at")


class PredictionRow(msgspec.Struct):
    """One prediction of a bulk import."""

    task: Annotated[int, msgspec.Meta(ge=1, le=2**62)]
    result: msgspec.Raw
    model_version: str | None = ""
    score: float | None = None


def import_predictions(tx: Tx, grant: Grant, rows: Sequence[PredictionRow]) -> int:
    """Add a prediction to each named task of the grant's project; how many.

    All or none. Raises Invalid naming the row: a task of another project, a malformed result.
    """
    assert grant.project_id is not None
    named = {"of_project": grant.project_id, "task_ids": id_list(sorted({row.task for row in rows}))}
    known = frozenset(tx.execute(_LOCKED, named).scalars())
    config = parse_config(projects.config_of(tx, grant.project_id))
    at = to_microseconds(tx.now)
    values = [
        (_checked_task(grant, known, number, row), grant.project_id, *_checked(config, number, row), at, at)
        for number, row in enumerate(rows)
    ]
    tx.insert_rows(predictions, _COLUMNS, values)
    tx.execute(_COUNT, named)
    add_to_counters(tx, grant.project_id, predictions=len(values))
    _record(tx, grant, len(values))
    return len(values)


def _checked_task(grant: Grant, known: frozenset[int], number: int, row: PredictionRow) -> int:
    if row.task not in known:
        raise _wrong(number, f"task: project {grant.project_id} has no task {row.task}.")
    return row.task


def _checked(config: LabelConfig, number: int, row: PredictionRow) -> tuple[str, str, float | None]:
    try:
        return checked_result(config, bytes(row.result)), row.model_version or "", row.score
    except Invalid as error:
        texts = error.fields.get("result", [error.message])
        raise _wrong(number, texts[0]) from error


def _record(tx: Tx, grant: Grant, count: int) -> None:
    events.record(
        tx,
        "predictions.imported",
        actor_id=grant.actor.user_id,
        project_id=grant.project_id,
        payload={"prediction_count": count},
    )


def _wrong(number: int, what: str) -> Invalid:
    sentence = f"Error at item {number}: {what}"
    return Invalid("row-malformed", sentence, fields={"non_field_errors": [sentence]})
