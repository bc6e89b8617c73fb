"""A page of tasks with what the data manager shows of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, literal_column, select

from treadle.access import Grant
from treadle.db import Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import drafts, handouts, predictions, tasks
from treadle.db.storage_tables import storage_items, storages
from treadle.errors import NotFound
from treadle.labeling import rendering, source_changes
from treadle.labeling.filters import TaskQuery, condition_of, order_of
from treadle.labeling.projects import Page
from treadle.labeling.rendering import Row, TaskWork
from treadle.labeling.search import read_facts, read_ids
from treadle.labeling.tasks import work_on
from treadle.labeling.totals import count_lately
from treadle.labeling.visibility import shown_to, visible_tasks

_t = tasks.c
_a = schema.annotations.c
_p = predictions.c
_d = drafts.c
_h = handouts.c
_i = storage_items.c
#: Of files that are tasks; others are shown by a task, or written for one.
ORIGIN_STATES = ("new", "changed", "retired")
# Once more without what an import hides: on PostgreSQL one may have begun since the ids were read.
_ROWS = Prepared(select(tasks).where(one_of(_t.id, "task_ids"), visible_tasks(bindparam("project_id"))))
_ASSIGNED = Prepared(
    select(_h.task_id, _h.user_id)
    .where(one_of(_h.task_id, "task_ids"), _h.assigned_at.is_not(None))
    .order_by(_h.task_id, _h.user_id)
)
_A_SOURCE = Prepared(
    select(storages.c.id)
    .where(storages.c.project_id == bindparam("project_id"), storages.c.direction == "source")
    .limit(1)
)
_ORIGINS = Prepared(
    select(_i.task_id, _i.key, _i.state, (_i.round == storages.c.round).label("is_fresh"))
    .join(storages, storages.c.id == _i.storage_id)
    .where(
        one_of(_i.task_id, "task_ids"), _i.state.in_([literal_column(f"'{each}'") for each in ORIGIN_STATES])
    )
)
# Of the work no more than a list shows.
_DONE = (
    select(_a.task_id, _a.id, _a.completed_by, _a.result, _a.was_cancelled, _a.created_at, _a.lead_time)
    .where(one_of(_a.task_id, "task_ids"))
    .order_by(_a.id)
)
_ALL_DONE = Prepared(_DONE)
_OWN_DONE = Prepared(_DONE.where(_a.completed_by == bindparam("user_id")))
_PREDICTED = Prepared(
    select(_p.task_id, _p.result, _p.model_version, _p.score)
    .where(one_of(_p.task_id, "task_ids"))
    .order_by(_p.id)
)
_BEGUN = Prepared(
    select(_d.task_id).where(one_of(_d.task_id, "task_ids"), _d.user_id == bindparam("user_id"))
)


class LabelLists(msgspec.Struct, frozen=True):
    """Of the value of a result its lists of labels; reading the rest would cost three times as much."""

    labels: Any = None
    bitmasklabels: Any = None
    brushlabels: Any = None
    choices: Any = None
    ellipselabels: Any = None
    hypertextlabels: Any = None
    keypointlabels: Any = None
    ocrlabels: Any = None
    paragraphlabels: Any = None
    polygonlabels: Any = None
    rectanglelabels: Any = None
    timelinelabels: Any = None
    timeserieslabels: Any = None
    vectorlabels: Any = None
    videovectorlabels: Any = None


class _Labelled(msgspec.Struct):
    type: str = ""
    value: LabelLists = LabelLists()


_decode = msgspec.json.Decoder(list[_Labelled]).decode


def read_page(
    tx: Tx, grant: Grant, query: TaskQuery, page: Page, *, is_whole: bool, is_anew: bool = False
) -> dict[str, Any]:
    """One page of the tasks that ``query`` names, as ``GET /api/tasks/`` answers it.

    ``is_whole``: with annotations, predictions and drafts. ``is_anew``: with totals of this very moment.
    Raises NotFound("page-past-end"), Invalid.
    """
    facts = read_facts(tx, grant)
    totals = count_lately(tx, grant, query, facts, is_anew=is_anew)
    bounds = {"limit": page.size, "offset": (page.number - 1) * page.size}
    ids = read_ids(tx, grant, query, facts, found=totals.tasks, **bounds)
    if not ids and page.number > 1:
        raise NotFound("page-past-end", "Invalid page.")
    rows = _read_rows(tx, grant, ids)
    assigned = _read_assigned(tx, grant, rows)
    return {
        "total_annotations": totals.annotations,
        "total_predictions": totals.predictions,
        "total": totals.tasks,
        "tasks": _with_origins(tx, grant, (_whole if is_whole else _brief)(tx, grant, rows, assigned)),
    }


def ids(tx: Tx, grant: Grant, query: TaskQuery) -> list[int]:
    """The ids of all tasks that the query names, in its order."""
    statement = (
        select(_t.id).where(condition_of(tx, grant, query)).order_by(*order_of(grant, query, tx.dialect))
    )
    return list(tx.execute(statement).scalars())


def summarize_work(work: TaskWork) -> dict[str, Any]:
    """What the data manager shows of the work on one task, beside the work itself."""
    done, predicted = work.annotations, work.predictions
    return {
        "annotators": _people(done),
        "annotations_results": "",
        "predictions_results": "",
        "storage_filename": None,
        "annotations_ids": ",".join([str(each["id"]) for each in done]),
        "predictions_model_versions": _versions(predicted),
        "predictions_score": _mean([each["score"] for each in predicted]),
        "completed_at": rendering.instant(_last_done(done)),
        "avg_lead_time": _mean([each["lead_time"] for each in done]),
        "draft_exists": bool(work.drafts),
    }


def count_labels(rows: Sequence[Row]) -> dict[str, int]:
    """How often each label or choice stands in the results of these annotations or predictions."""
    counted: dict[str, int] = {}
    for row in rows:
        for result in _decode(row["result"]):
            labels = getattr(result.value, result.type, None)
            for label in labels if isinstance(labels, list) else ():
                if isinstance(label, str):
                    counted[label] = counted.get(label, 0) + 1
    return counted


def _read_rows(tx: Tx, grant: Grant, ids: Sequence[int]) -> list[Row]:
    wanted = {"task_ids": id_list(ids), "project_id": grant.project_id}
    rows = {row["id"]: shown_to(grant, row) for row in tx.rows(_ROWS, wanted)}
    return [rows[task_id] for task_id in ids if task_id in rows]


def _read_assigned(tx: Tx, grant: Grant, rows: Sequence[Row]) -> Mapping[int, list[int]]:
    """To whom the tasks are assigned, by task; of that one who sees nothing of others sees their own part."""
    assigned: dict[int, list[int]] = defaultdict(list)
    wanted = [row["id"] for row in rows if row["assignees"]]
    if wanted:
        for task_id, user_id in _pairs(tx, _ASSIGNED, {"task_ids": id_list(wanted)}):
            if not grant.is_narrow or user_id == grant.actor.user_id:
                assigned[task_id].append(user_id)
    return assigned


def _with_origins(tx: Tx, grant: Grant, shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tasks with the file of a source that each came from, and what became of it."""
    has_sources = tx.rows(_A_SOURCE, {"project_id": grant.project_id})
    ids = id_list([entry["id"] for entry in shown])
    rows = tx.rows(_ORIGINS, {"task_ids": ids}) if has_sources else []
    origins = {row["task_id"]: row for row in rows}
    changed = [row["task_id"] for row in rows if row["state"] == "changed"]
    seen = source_changes.labelled_again(tx, changed) if changed else ()
    for entry in shown:
        origin = origins.get(entry["id"])
        entry["source_state"] = None
        if origin is not None:
            is_old = (origin["state"] == "new" and not origin["is_fresh"]) or entry["id"] in seen
            entry["storage_filename"] = origin["key"]
            entry["source_state"] = "synced" if is_old else origin["state"]
    return shown


def _pairs(tx: Tx, statement: Prepared, wanted: Mapping[str, Any]) -> list[tuple[int, int]]:
    return [(row["task_id"], row["user_id"]) for row in tx.rows(statement, wanted)]


def _brief(
    tx: Tx, grant: Grant, rows: Sequence[Row], assigned: Mapping[int, list[int]]
) -> list[dict[str, Any]]:
    work = _read_brief(tx, grant, rows)
    shown = []
    for row in rows:
        entry = _task(row, assigned)
        on_it = work.get(row["id"])
        entry.update(_NO_SUMMARY if on_it is None else summarize_work(on_it))
        entry["drafts"] = []
        # The labels stand for the results that are left out.
        entry["labels"] = {} if on_it is None else count_labels(on_it.annotations or on_it.predictions)
        shown.append(entry)
    return shown


def _read_brief(tx: Tx, grant: Grant, rows: Sequence[Row]) -> dict[int, TaskWork]:
    wanted = {"user_id": grant.actor.user_id}
    done = [row["id"] for row in rows if row["total_annotations"] or row["cancelled_annotations"]]
    predicted = [row["id"] for row in rows if row["total_predictions"]]
    of_done = _OWN_DONE if grant.is_narrow else _ALL_DONE
    return TaskWork(
        tx.rows(of_done, {**wanted, "task_ids": id_list(done)}) if done else (),
        tx.rows(_PREDICTED, {**wanted, "task_ids": id_list(predicted)}) if predicted else (),
        tx.rows(_BEGUN, {**wanted, "task_ids": id_list([row["id"] for row in rows])}),
    ).by_task()


def _whole(
    tx: Tx, grant: Grant, rows: Sequence[Row], assigned: Mapping[int, list[int]]
) -> list[dict[str, Any]]:
    work = work_on(tx, grant, [row["id"] for row in rows]).by_task()
    return [_with_work(_task(row, assigned), work.get(row["id"], rendering.NO_WORK), tx.now) for row in rows]


def _with_work(entry: dict[str, Any], work: TaskWork, now: datetime) -> dict[str, Any]:
    return {
        **entry,
        **summarize_work(work),
        "annotations": [rendering.annotation(each, now) for each in work.annotations],
        "predictions": [rendering.prediction(each, now) for each in work.predictions],
        "drafts": [rendering.draft(each, now) for each in work.drafts],
    }


def _task(row: Row, assigned: Mapping[int, list[int]]) -> dict[str, Any]:
    entry = rendering.task(row)
    entry["updated_by"] = [] if row["updated_by"] is None else [{"user_id": row["updated_by"]}]
    entry["assignees"] = assigned[row["id"]] if row["assignees"] and row["id"] in assigned else []
    return entry


# Once for each task of a page: lists, which cost half of what generators do.


def _people(done: Sequence[Row]) -> list[int]:
    return list(dict.fromkeys([each["completed_by"] for each in done if each["completed_by"]]))


def _versions(predicted: Sequence[Row]) -> str:
    return ",".join(dict.fromkeys([each["model_version"] for each in predicted if each["model_version"]]))


def _last_done(done: Sequence[Row]) -> Any:
    return max([each["created_at"] for each in done if not each["was_cancelled"]], default=None)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


_NO_SUMMARY = summarize_work(rendering.NO_WORK)
