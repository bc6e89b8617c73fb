"""A page of tasks with what the data manager shows of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from treadle.access import Grant
from treadle.db import Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import tasks
from treadle.errors import NotFound
from treadle.labeling import rendering
from treadle.labeling.filters import TaskQuery, condition_of, order_of
from treadle.labeling.projects import Page
from treadle.labeling.search import read_facts, read_ids
from treadle.labeling.tasks import work_on
from treadle.labeling.totals import count_lately
from treadle.labeling.visibility import visible_tasks

_t = tasks.c
# Once more without what an import hides: on PostgreSQL one may have begun since the ids were read.
_ROWS = Prepared(select(tasks).where(one_of(_t.id, "task_ids"), visible_tasks(bindparam("project_id"))))


class _Labelled(msgspec.Struct):
    type: str = ""
    value: dict[str, Any] = {}


_decoder = msgspec.json.Decoder(list[_Labelled])


def read_page(tx: Tx, grant: Grant, query: TaskQuery, page: Page, *, is_whole: bool) -> dict[str, Any]:
    """One page of the tasks that ``query`` names, as ``GET /api/tasks/`` answers it.

    ``is_whole``: with annotations, predictions and drafts. Raises NotFound("page-past-end"), Invalid.
    """
    facts = read_facts(tx, grant)
    totals = count_lately(tx, grant, query, facts)
    ids = read_ids(
        tx,
        grant,
        query,
        facts,
        found=totals.tasks,
        limit=page.size,
        offset=(page.number - 1) * page.size,
    )
    if not ids and page.number > 1:
        raise NotFound("page-past-end", "Invalid page.")
    rows = _read_rows(tx, grant, ids)
    work = work_on(tx, grant, [row["id"] for row in rows]).by_task()
    render = _whole if is_whole else _brief
    return {
        "total_annotations": totals.annotations,
        "total_predictions": totals.predictions,
        "total": totals.tasks,
        "tasks": [render(row, work.get(row["id"], rendering.NO_WORK), tx.now) for row in rows],
    }


def ids(tx: Tx, grant: Grant, query: TaskQuery) -> list[int]:
    """The ids of all tasks that the query names, in its order."""
    statement = (
        select(_t.id).where(condition_of(tx, grant, query)).order_by(*order_of(grant, query, tx.dialect))
    )
    return list(tx.execute(statement).scalars())


def _read_rows(tx: Tx, grant: Grant, ids: Sequence[int]) -> list[Mapping[str, Any]]:
    wanted = {"task_ids": id_list(ids), "project_id": grant.project_id}
    rows = {row["id"]: row for row in tx.rows(_ROWS, wanted)}
    return [rows[task_id] for task_id in ids if task_id in rows]


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
