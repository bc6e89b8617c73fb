"""A page of tasks with what the data manager shows of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import func, select

from treadle.access import Grant
from treadle.db import Tx
from treadle.db.schema import project_counters, tasks
from treadle.errors import NotFound
from treadle.labeling import rendering
from treadle.labeling.filters import TaskQuery, condition_of, order_of
from treadle.labeling.projects import Page
from treadle.labeling.tasks import work_on

_t = tasks.c


@dataclass(frozen=True)
class Totals:
    """What a query finds in all."""

    tasks: int
    annotations: int
    predictions: int


class _Labelled(msgspec.Struct):
    type: str = ""
    value: dict[str, Any] = {}


_decoder = msgspec.json.Decoder(list[_Labelled])


def read_page(tx: Tx, grant: Grant, query: TaskQuery, page: Page, *, is_whole: bool) -> dict[str, Any]:
    """One page of the tasks that ``query`` names, as ``GET /api/tasks/`` answers it.

    ``is_whole``: with annotations, predictions and drafts. Raises NotFound("page-past-end"), Invalid.
    """
    totals = count(tx, grant, query)
    rows = _read_rows(tx, grant, query, page)
    if not rows and page.number > 1:
        raise NotFound("page-past-end", "Invalid page.")
    work = work_on(tx, grant, [row["id"] for row in rows]).by_task()
    render = _whole if is_whole else _brief
    return {
        "total_annotations": totals.annotations,
        "total_predictions": totals.predictions,
        "total": totals.tasks,
        "tasks": [render(row, work.get(row["id"], rendering.NO_WORK), tx.now) for row in rows],
    }


def count(tx: Tx, grant: Grant, query: TaskQuery) -> Totals:
    """How many tasks, annotations and predictions the query finds."""
    if query.is_everything and not grant.is_narrow:
        return _counted(tx, grant)
    sums = select(
        func.count().label("tasks"),
        func.coalesce(func.sum(_t.total_annotations), 0).label("annotations"),
        func.coalesce(func.sum(_t.total_predictions), 0).label("predictions"),
    ).where(condition_of(tx, grant, query))
    row = tx.execute(sums).one()
    return Totals(row.tasks, int(row.annotations), int(row.predictions))


def ids(tx: Tx, grant: Grant, query: TaskQuery) -> list[int]:
    """The ids of all tasks that the query names, in its order."""
    statement = (
        select(_t.id).where(condition_of(tx, grant, query)).order_by(*order_of(grant, query, tx.dialect))
    )
    return list(tx.execute(statement).scalars())


def _counted(tx: Tx, grant: Grant) -> Totals:
    c = project_counters.c
    row = tx.execute(
        select(c.task_number, c.total_annotations, c.total_predictions).where(
            c.project_id == grant.project_id
        )
    ).one()
    return Totals(row.task_number, row.total_annotations, row.total_predictions)


def _read_rows(tx: Tx, grant: Grant, query: TaskQuery, page: Page) -> list[Mapping[str, Any]]:
    statement = (
        select(tasks)
        .where(condition_of(tx, grant, query))
        .order_by(*order_of(grant, query, tx.dialect))
        .limit(page.size)
        .offset((page.number - 1) * page.size)
    )
    return tx.rows(statement)


def summarize_work(work: rendering.TaskWork) -> dict[str, Any]:
    """What the data manager shows of the work on one task, beside the work itself."""
    return {
        "annotators": _people(work.annotations),
        "annotations_results": "",
        "predictions_results": "",
        "storage_filename": None,
        "annotations_ids": ",".join([str(each["id"]) for each in work.annotations]),
        "predictions_model_versions": _versions(work.predictions),
        "predictions_score": _mean([each["score"] for each in work.predictions]),
        "completed_at": rendering.instant(_last_done(work.annotations)),
        "avg_lead_time": _mean([each["lead_time"] for each in work.annotations]),
        "draft_exists": bool(work.drafts),
    }


def _brief(row: Mapping[str, Any], work: rendering.TaskWork, _now: Any) -> dict[str, Any]:
    # The labels stand for the results that are left out.
    return {**_summary(row, work), "drafts": [], "labels": count_labels(work.annotations or work.predictions)}


def _summary(row: Mapping[str, Any], work: rendering.TaskWork) -> dict[str, Any]:
    return {
        **rendering.task(row),
        **summarize_work(work),
        "updated_by": [] if row["updated_by"] is None else [{"user_id": row["updated_by"]}],
    }


def _whole(row: Mapping[str, Any], work: rendering.TaskWork, now: Any) -> dict[str, Any]:
    return {
        **_summary(row, work),
        "annotations": [rendering.annotation(each, now) for each in work.annotations],
        "predictions": [rendering.prediction(each, now) for each in work.predictions],
        "drafts": [rendering.draft(each, now) for each in work.drafts],
    }


def count_labels(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How often each label or choice stands in the results of these annotations or predictions."""
    counted: Counter[str] = Counter()
    for row in rows:
        for result in _decoder.decode(row["result"]):
            labels = result.value.get(result.type)
            if isinstance(labels, list):
                counted.update(label for label in labels if isinstance(label, str))
    return dict(counted)


# Once for each task of a page: lists, which cost half of what generators do.


def _people(done: Sequence[rendering.Row]) -> list[int]:
    return list(dict.fromkeys([each["completed_by"] for each in done if each["completed_by"]]))


def _versions(predicted: Sequence[rendering.Row]) -> str:
    return ",".join(dict.fromkeys([each["model_version"] for each in predicted if each["model_version"]]))


def _last_done(done: Sequence[rendering.Row]) -> Any:
    return max([each["created_at"] for each in done if not each["was_cancelled"]], default=None)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
