"""Rows of the database as what the formats write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, select

from treadle.access import Grant
from treadle.db import Database, Tx
from treadle.db.schema import file_uploads, tasks
from treadle.labeling import rendering
from treadle.labeling.exports.choices import ALL, SnapshotChoice
from treadle.labeling.filters import TaskQuery, condition_of
from treadle.labeling.formats import ExportAnnotation, ExportTask
from treadle.labeling.tasks import work_on

_t = tasks.c
_PAGE = 500
_KEPT_APART = ("id", "data", "annotations")


def read_tasks(
    database: Database,
    grant: Grant,
    query: TaskQuery,
    report: Callable[[int], None],
    *,
    with_all: bool,
    choice: SnapshotChoice = ALL,
) -> Iterator[ExportTask]:
    """The tasks of the grant's project that ``query`` and ``choice`` name, by id, a page in each transaction.

    Without ``with_all`` only those that somebody annotated or skipped. ``report`` is told how many were read.
    """
    wanted = choice.condition()
    if not with_all:
        wanted &= _t.total_annotations + _t.cancelled_annotations > 0
    last, count = 0, 0
    while True:
        with database.read() as tx:
            page = _read_page(tx, grant, query, last, wanted=wanted, choice=choice)
        yield from page
        count += len(page)
        report(count)
        if len(page) < _PAGE:
            return
        last = page[-1].task_id


def _read_page(
    tx: Tx, grant: Grant, query: TaskQuery, last: int, *, wanted: ColumnElement[bool], choice: SnapshotChoice
) -> list[ExportTask]:
    statement = (
        select(tasks, file_uploads.c.file_name, file_uploads.c.width_px, file_uploads.c.height_px)
        .outerjoin(file_uploads, file_uploads.c.id == _t.file_upload_id)
        .where(condition_of(tx, grant, query), wanted, _t.id > last)
        .order_by(_t.id)
        .limit(_PAGE)
    )
    rows = [dict(row) for row in tx.execute(statement).mappings()]
    work = work_on(tx, grant, [row["id"] for row in rows])
    done = _group([each for each in work.annotations if choice.holds(each)])
    begun, predicted = _group(work.drafts), _group(work.predictions)
    return [
        _to_export(tx, row, done.get(row["id"], ()), begun.get(row["id"], ()), predicted.get(row["id"], ()))
        for row in rows
    ]


def _to_export(
    tx: Tx,
    row: Mapping[str, Any],
    done: Sequence[Mapping[str, Any]],
    begun: Sequence[Mapping[str, Any]],
    predicted: Sequence[Mapping[str, Any]],
) -> ExportTask:
    rest = {name: value for name, value in rendering.task(row).items() if name not in _KEPT_APART}
    rest |= {
        "drafts": [rendering.draft(each, tx.now) for each in begun],
        "predictions": [each["id"] for each in predicted],
        "file_upload": row["file_name"],
        "allow_skip": True,
    }
    size = (row["width_px"], row["height_px"]) if row["width_px"] else None
    return ExportTask(
        task_id=row["id"],
        inner_id=row["inner_id"],
        data_json=row["data"].encode(),
        rest_json=msgspec.json.encode(rest),
        annotations=tuple(_annotation(tx, each) for each in done),
        picture_size_px=size,
    )


def _annotation(tx: Tx, row: Mapping[str, Any]) -> ExportAnnotation:
    shown = rendering.annotation(row, tx.now)
    for name in ("created_username", "created_ago"):
        del shown[name]
    shown |= {
        "prediction": rendering.raw(row["prediction"] or "{}"),
        "result_count": row["result_count"],
        "unique_id": row["unique_id"],
    }
    return ExportAnnotation(
        annotation_id=row["id"],
        json=msgspec.json.encode(shown),
        result_json=row["result"].encode(),
        completed_by=row["completed_by"],
        was_cancelled=row["was_cancelled"],
        ground_truth=row["ground_truth"],
        created_at=str(shown["created_at"]),
        updated_at=str(shown["updated_at"]),
        lead_time_s=row["lead_time"],
    )


def _group(rows: Sequence[Mapping[str, Any]]) -> dict[int, list[Mapping[str, Any]]]:
    grouped: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(row["task_id"], []).append(row)
    return grouped
