"""Rows of the database as what the formats write.

An export reads every annotation of a project, so nothing here makes an object for each row that the text
does not need: only the columns that an export tells are read, times are written from the stored numbers, and
stored JSON goes in as it stands.  What comes out is what `rendering` would tell; a test holds them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from math import isfinite
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, func, select, type_coerce

from treadle.access import Grant
from treadle.db import Database, Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.schema import drafts, file_uploads, predictions, project_counters, tasks, users
from treadle.db.types import from_microseconds
from treadle.labeling import rendering
from treadle.labeling.exports.choices import ALL, BRIEF, Detail, SnapshotChoice
from treadle.labeling.filters import TaskQuery, condition_of
from treadle.labeling.formats import ExportAnnotation, ExportTask

_t, _a, _d, _p = tasks.c, schema.annotations.c, drafts.c, predictions.c
#: A page: as many tasks as came to about so much text, and no more than that many.
_PAGE_BYTES = 4 * 1024**2
_FIRST_PAGE, _LARGEST_PAGE = 50, 500

_Row: TypeAlias = Sequence[Any]


def _stored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A time as the number that is stored."""
    return type_coerce(column, BigInteger)


_TASKS = select(
    _t.id,
    _t.inner_id,
    _t.data,
    _t.meta,
    _stored(_t.created_at),
    _stored(_t.updated_at),
    _t.is_labeled,
    _t.overlap,
    _t.total_annotations,
    _t.cancelled_annotations,
    _t.total_predictions,
    _t.project_id,
    _t.updated_by,
    file_uploads.c.file_name,
    file_uploads.c.width_px,
    file_uploads.c.height_px,
).outerjoin(file_uploads, file_uploads.c.id == _t.file_upload_id)
# In no order: the database would carry every result through a sort.  They are put in order by id here.
_DONE = select(
    _a.task_id,
    _a.id,
    _a.completed_by,
    _a.result,
    _a.was_cancelled,
    _a.ground_truth,
    _stored(_a.created_at),
    _stored(_a.updated_at),
    _stored(_a.draft_created_at),
    _a.lead_time,
    _a.prediction,
    _a.result_count,
    _a.unique_id,
    _a.import_id,
    _a.last_action,
    _a.bulk_created,
    _a.project_id,
    _a.updated_by,
    _a.parent_prediction_id,
    _a.parent_annotation_id,
    _a.last_created_by,
).where(one_of(_a.task_id, "task_ids"))
_OWN_DONE = _DONE.where(_a.completed_by == bindparam("user_id"))
_PREDICTED = select(_p.task_id, _p.id).where(one_of(_p.task_id, "task_ids"))
_PREDICTED_WHOLE = select(predictions).where(one_of(_p.task_id, "task_ids")).order_by(_p.id)
_BEGUN = (
    select(drafts, users.c.email, users.c.first_name, users.c.last_name)
    .join(users, users.c.id == _d.user_id)
    .where(one_of(_d.task_id, "task_ids"), _d.user_id == bindparam("user_id"))
    .order_by(_d.id)
)
_PEOPLE = select(users.c.id, users.c.email, users.c.first_name, users.c.last_name)

_REST = (
    '{"meta":%s,"created_at":"%s","updated_at":"%s","is_labeled":%s,"overlap":%d,"inner_id":%d,'
    '"total_annotations":%d,"cancelled_annotations":%d,"total_predictions":%d,"comment_count":0,'
    '"unresolved_comment_count":0,"last_comment_updated_at":null,"comment_authors":[],"project":%d,'
    '"updated_by":%s,"file_upload":%s,"drafts":%s,"predictions":%s,"allow_skip":true}'
)
_ANNOTATION = (
    '{"id":%d,"result":%s,"completed_by":%s,"was_cancelled":%s,"ground_truth":%s,"created_at":"%s",'
    '"updated_at":"%s","draft_created_at":%s,"lead_time":%s,"prediction":%s,"result_count":%d,'
    '"unique_id":"%s","import_id":%s,"last_action":%s,"bulk_created":%s,"task":%d,"project":%d,'
    '"updated_by":%s,"parent_prediction":%s,"parent_annotation":%s,"last_created_by":%s}'
)


_COUNTED = select(project_counters.c.task_number).where(
    project_counters.c.project_id == bindparam("project_id")
)


def count_tasks(tx: Tx, grant: Grant, query: TaskQuery) -> int:
    """How many tasks the query finds, for the progress of an export; of a whole project as it was counted."""
    if query.is_everything and not grant.is_narrow:
        return int(tx.execute(_COUNTED, {"project_id": grant.project_id}).scalar() or 0)
    found = select(func.count()).select_from(tasks).where(condition_of(tx, grant, query))
    return int(tx.execute(found).scalar_one())


def read_tasks(
    database: Database,
    grant: Grant,
    query: TaskQuery,
    report: Callable[[int], None],
    *,
    with_all: bool,
    choice: SnapshotChoice = ALL,
    detail: Detail = BRIEF,
) -> Iterator[ExportTask]:
    """The tasks of the grant's project that ``query`` and ``choice`` name, by id, a page in each transaction.

    Without ``with_all`` only those that somebody annotated or skipped. ``report`` is told how many were read.
    Memory holds one page, which is shorter where tasks are larger.
    """
    wanted = choice.condition()
    if not with_all:
        wanted &= _t.total_annotations + _t.cancelled_annotations > 0
    pages = _Pages(grant, query, wanted, choice, detail)
    last, count, size = 0, 0, _FIRST_PAGE
    while True:
        with database.read() as tx:
            page = pages.read(tx, last, size)
        yield from page
        count += len(page)
        report(count)
        if len(page) < size:
            return
        last, size = page[-1].task_id, _next_size(page)


def _next_size(page: Sequence[ExportTask]) -> int:
    length = sum(task.size_bytes for task in page)
    return max(1, min(_LARGEST_PAGE, 4 * len(page), _PAGE_BYTES * len(page) // length))


@dataclass
class _Pages:
    """What every page of one export is read by."""

    grant: Grant
    query: TaskQuery
    wanted: ColumnElement[bool]
    choice: SnapshotChoice
    detail: Detail

    def read(self, tx: Tx, last: int, size: int) -> list[ExportTask]:
        """The ``size`` tasks behind the id ``last``."""
        condition = condition_of(tx, self.grant, self.query)
        statement = _TASKS.where(condition, self.wanted, _t.id > last).order_by(_t.id).limit(size)
        rows = tx.execute(statement).all()
        wanted = {"task_ids": id_list([row[0] for row in rows]), "user_id": self.grant.actor.user_id}
        done = self._done(tx, wanted)
        begun, predicted = self._begun(tx, wanted), self._predicted(tx, wanted)
        return [
            _task(row, done.get(row[0], ()), begun.get(row[0], "[]"), predicted.get(row[0], "[]"))
            for row in rows
        ]

    def _done(self, tx: Tx, wanted: dict[str, Any]) -> dict[int, list[ExportAnnotation]]:
        found = _read(tx, _OWN_DONE if self.grant.is_narrow else _DONE, wanted)
        people = _people(tx) if self.detail.people_in_full else None
        grouped: dict[int, list[ExportAnnotation]] = {}
        found.reverse()
        while found:  # Each row goes as its text is made: one task may have a hundred thousand.
            row = found.pop()
            if self.choice.holds(was_cancelled=row[4], ground_truth=row[5]):
                grouped.setdefault(row[0], []).append(_annotation(row, people))
        return grouped

    def _begun(self, tx: Tx, wanted: dict[str, Any]) -> dict[int, str]:
        rows = tx.rows(_BEGUN, wanted)
        if not self.detail.drafts_in_full:
            return _lists((row["task_id"], str(row["id"])) for row in rows)
        return _lists((row["task_id"], _json(rendering.draft(row, tx.now))) for row in rows)

    def _predicted(self, tx: Tx, wanted: dict[str, Any]) -> dict[int, str]:
        if not self.detail.predictions_in_full:
            return _lists((row[0], str(row[1])) for row in _read(tx, _PREDICTED, wanted))
        rows = tx.rows(_PREDICTED_WHOLE, wanted)
        return _lists((row["task_id"], _json(rendering.prediction(row, tx.now))) for row in rows)


def _read(tx: Tx, statement: Select[Any], wanted: dict[str, Any]) -> list[_Row]:
    """The rows by the id in their second column."""
    return sorted(tx.execute(statement, wanted).all(), key=_id)


def _id(row: _Row) -> int:
    return int(row[1])


def _lists(items: Iterable[tuple[int, str]]) -> dict[int, str]:
    """JSON lists by the id of their task."""
    grouped: dict[int, list[str]] = {}
    for task_id, text in items:
        grouped.setdefault(task_id, []).append(text)
    return {task_id: f"[{','.join(texts)}]" for task_id, texts in grouped.items()}


def _people(tx: Tx) -> dict[int, str]:
    """Everybody in full, as a task shows who completed an annotation."""
    people = tx.rows(_PEOPLE)
    return {row["id"]: _json(rendering.annotator({**row, "completed_by": row["id"]})) for row in people}


def _task(row: _Row, done: Sequence[ExportAnnotation], begun: str, predicted: str) -> ExportTask:
    (
        task_id, inner_id, data, meta, created, updated, is_labeled, overlap, completed, cancelled,
        predictions_, project_id, updated_by, file_name, width_px, height_px,
    ) = row  # fmt: skip
    rest = _REST % (
        meta, _instant(created), _instant(updated), _flag(is_labeled), overlap, inner_id, completed,
        cancelled, predictions_, project_id, _or_null(updated_by), _text(file_name), begun, predicted,
    )  # fmt: skip
    return ExportTask(
        task_id=task_id,
        inner_id=inner_id,
        data_json=data.encode(),
        rest_json=rest.encode(),
        annotations=tuple(done),
        picture_size_px=(width_px, height_px) if width_px else None,
    )


def _annotation(row: _Row, people: dict[int, str] | None) -> ExportAnnotation:
    (
        task_id, annotation_id, completed_by, result, was_cancelled, ground_truth, created, updated,
        draft_created, lead_time, prediction, result_count, unique_id, import_id, last_action, bulk_created,
        project_id, updated_by, parent_prediction, parent_annotation, last_created_by,
    ) = row  # fmt: skip
    created_at, updated_at = _instant(created), _instant(updated)
    person = _or_null(completed_by) if people is None else people.get(completed_by, "null")
    text = _ANNOTATION % (
        annotation_id, result, person, _flag(was_cancelled), _flag(ground_truth), created_at, updated_at,
        "null" if draft_created is None else f'"{_instant(draft_created)}"', _number(lead_time),
        prediction or "{}", result_count, unique_id, _or_null(import_id), _text(last_action),
        _flag(bulk_created), task_id, project_id, _or_null(updated_by), _or_null(parent_prediction),
        _or_null(parent_annotation), _or_null(last_created_by),
    )  # fmt: skip
    return ExportAnnotation(
        annotation_id=annotation_id,
        json=text.encode(),
        result_json=result.encode(),
        completed_by=completed_by,
        was_cancelled=bool(was_cancelled),
        ground_truth=bool(ground_truth),
        created_at=created_at,
        updated_at=updated_at,
        lead_time_s=lead_time,
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _or_null(number: int | None) -> str:
    return "null" if number is None else str(number)


def _number(number: float | None) -> str:
    return "null" if number is None or not isfinite(number) else repr(number)


@lru_cache(maxsize=1024)  # The same few words and names of files in every row.
def _text(text: str | None) -> str:
    return _json(text)


def _instant(microseconds: int) -> str:
    """As `rendering.instant` writes it, from the number that is stored."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return f"{_second(seconds)}.{rest:06d}Z"


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    minute, rest = divmod(seconds, 60)
    return f"{_minute(minute)}:{rest:02d}"


@lru_cache(maxsize=4096)
def _minute(minute: int) -> str:
    return (from_microseconds(0) + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M")
