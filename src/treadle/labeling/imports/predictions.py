"""Predictions for tasks that are there already, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from sqlalchemy import select

from treadle.access import Grant
from treadle.db import Tx
from treadle.db.schema import tasks
from treadle.errors import Invalid
from treadle.labeling import predictions
from treadle.labeling.predictions import NewPrediction
from treadle.labeling.visibility import visible_tasks


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
    known = _known_tasks(tx, grant, rows)
    for number, row in enumerate(rows):
        if row.task not in known:
            raise _wrong(number, f"task: project {grant.project_id} has no task {row.task}.")
        new = NewPrediction(bytes(row.result), row.model_version or "", row.score)
        try:
            predictions.add(tx, grant, row.task, new)
        except Invalid as error:
            texts = error.fields.get("result", [error.message])
            raise _wrong(number, texts[0]) from error
    return len(rows)


def _known_tasks(tx: Tx, grant: Grant, rows: Sequence[PredictionRow]) -> set[Any]:
    named = {row.task for row in rows}
    assert grant.project_id is not None
    visible = visible_tasks(grant.project_id)
    chosen = select(tasks.c.id).where(tasks.c.project_id == grant.project_id, tasks.c.id.in_(named), visible)
    return set(tx.execute(chosen).scalars())


def _wrong(number: int, what: str) -> Invalid:
    sentence = f"Error at item {number}: {what}"
    return Invalid("row-malformed", sentence, fields={"non_field_errors": [sentence]})
