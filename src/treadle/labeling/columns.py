"""The columns of a task list: what each is called, its type, and the SQL that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, String, cast, func, literal, literal_column, select

from treadle.db import schema
from treadle.db.engine import DialectName
from treadle.db.schema import drafts, file_uploads, handouts, predictions, tasks
from treadle.db.storage_tables import storage_items
from treadle.errors import Invalid
from treadle.labeling.config import LabelConfig, data_keys
from treadle.labeling.data_fields import read_field

ColumnType = Literal["Number", "String", "Datetime", "Boolean", "List", "Time", "Unknown", "Image", "Text"]

_t = tasks.c
_a = schema.annotations.c
_p = predictions.c
_i = storage_items.c
#: What a column of the tasks' data begins with.
DATA = "data."


@dataclass(frozen=True)
class Column:
    """One column of the list that every project has."""

    id: str
    title: str
    type: ColumnType
    help: str
    sql: Callable[[], ColumnElement[Any]]
    is_shown: bool = False  # by default
    is_shown_beside: bool = False  # by default, beside the task that is being labelled
    takes_many: bool = False  # of its items at once, in a filter
    is_json: bool = False  # what it reads as text


def _of_annotations(value: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(value).where(_a.task_id == _t.id, *conditions).scalar_subquery()


def _of_predictions(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return select(value).where(_p.task_id == _t.id).scalar_subquery()


def _joined(values: ColumnElement[Any]) -> ColumnElement[str]:
    return func.coalesce(func.aggregate_strings(cast(values, String), ", "), "")


def _assignees() -> ColumnElement[Any]:
    assigned = (handouts.c.task_id == _t.id, handouts.c.assigned_at.is_not(None))
    return select(_joined(handouts.c.user_id)).where(*assigned).scalar_subquery()


def _draft_exists() -> ColumnElement[bool]:
    return select(drafts.c.id).where(drafts.c.task_id == _t.id).exists()


def _file_name() -> ColumnElement[Any]:
    return select(file_uploads.c.file_name).where(file_uploads.c.id == _t.file_upload_id).scalar_subquery()


def _is_retired() -> ColumnElement[bool]:
    # Of the whole installation, which is read once: for each task by itself it would take a look-up. In the
    # words of ix_storage_items_retired.
    is_retired: ColumnElement[bool] = literal_column("storage_items.state = 'retired'")
    return _t.id.in_(select(_i.task_id).where(is_retired, _i.task_id.is_not(None)))


COLUMNS: tuple[Column, ...] = (
    Column("id", "ID", "Number", "Task ID", lambda: _t.id, True),
    Column("inner_id", "Inner ID", "Number", "Task ID counted from 1 in this project", lambda: _t.inner_id),
    Column(
        "completed_at",
        "Completed",
        "Datetime",
        "When the last annotation was made",
        lambda: _of_annotations(func.max(_a.created_at), _a.was_cancelled.is_(False)),
        True,
    ),
    Column(
        "total_annotations",
        "Annotations",
        "Number",
        "Annotations that were not cancelled",
        lambda: _t.total_annotations,
        True,
        is_shown_beside=True,
    ),
    Column("cancelled_annotations", "Cancelled", "Number", "Skipped", lambda: _t.cancelled_annotations, True),
    Column("total_predictions", "Predictions", "Number", "Predictions", lambda: _t.total_predictions, True),
    Column(
        "annotators",
        "Annotated by",
        "List",
        "Everybody who annotated the task",
        lambda: _of_annotations(_joined(_a.completed_by)),
        True,
    ),
    Column(
        "annotations_results",
        "Annotation results",
        "String",
        "Results of all annotations",
        lambda: _of_annotations(_joined(_a.result)),
        is_json=True,
    ),
    Column(
        "annotations_ids",
        "Annotation IDs",
        "String",
        "IDs of all annotations",
        lambda: _of_annotations(_joined(_a.id)),
    ),
    Column(
        "predictions_score",
        "Prediction score",
        "Number",
        "Average score of the predictions, 0 to 1",
        lambda: _of_predictions(func.avg(_p.score)),
    ),
    Column(
        "predictions_model_versions",
        "Prediction model versions",
        "List",
        "Model versions that predicted the task",
        lambda: _of_predictions(_joined(_p.model_version)),
        takes_many=True,
    ),
    Column(
        "predictions_results",
        "Prediction results",
        "String",
        "Results of all predictions",
        lambda: _of_predictions(_joined(_p.result)),
        is_json=True,
    ),
    Column("file_upload", "Upload filename", "String", "Name of the uploaded file", _file_name),
    Column(
        "storage_filename",
        "Storage filename",
        "String",
        "Name of the file in a source storage",
        lambda: literal(None, String),  # no task comes from one yet
    ),
    Column("created_at", "Created at", "Datetime", "When the task was made", lambda: _t.created_at),
    Column("updated_at", "Updated at", "Datetime", "When the task last changed", lambda: _t.updated_at),
    Column("updated_by", "Updated by", "List", "Who changed the task last", lambda: _t.updated_by),
    Column(
        "avg_lead_time",
        "Lead Time",
        "Time",
        "Average seconds an annotation took",
        lambda: _of_annotations(func.avg(_a.lead_time), _a.was_cancelled.is_(False)),
    ),
    Column("draft_exists", "Drafts", "Boolean", "Somebody has a draft", _draft_exists),
    Column("assignees", "Assigned to", "List", "Everybody the task is assigned to", _assignees),
    Column("is_labeled", "Labelled", "Boolean", "Has all the annotations it needs", lambda: _t.is_labeled),
    Column(
        "ground_truth",
        "Ground truth",
        "Boolean",
        "Has a ground-truth annotation",
        lambda: _t.ground_truth_annotations > 0,
    ),
    Column("is_retired", "Retired", "Boolean", "Its file is gone from its source", _is_retired),
)

_BY_ID = {column.id: column for column in COLUMNS}


@dataclass(frozen=True)
class Readable:
    """A column as a filter or an order reads it."""

    type: ColumnType
    #: As text, number, instant or flag, whichever it is stored as.
    plain: ColumnElement[Any]
    #: As a float; NULL where it is no number.
    number: ColumnElement[Any]
    text: ColumnElement[str]
    #: As much of the text as orders it.
    beginning: ColumnElement[str]
    #: Where an index of the field is read: `field_indexes.NUMBER` and so on; else None.
    kind: ColumnElement[int] | None = None
    #: There, too: as much of the text, where it is compared with one that is no longer.
    exact: ColumnElement[str] | None = None
    is_json: bool = False


@lru_cache(maxsize=256)
def find_column(name: str, dialect: DialectName) -> Readable:
    """The column ``total_annotations`` or ``data.category``.

    Raises Invalid("column-unknown") naming what there is.
    """
    if name.startswith(DATA):
        field = read_field(name.removeprefix(DATA), dialect)
        return Readable("Unknown", field.plain, field.number, field.text, field.beginning)
    column = _BY_ID.get(name)
    if column is None:
        raise Invalid(
            "column-unknown",
            f"There is no column {name!r}. There are: {', '.join(_BY_ID)}, and data.<key>.",
            fields={"filter": [f"Unknown column {name!r}."]},
        )
    plain = column.sql()
    text = cast(plain, String)
    return Readable(column.type, plain, plain, text, text, is_json=column.is_json)


def list_columns(
    config: LabelConfig, keys: Iterable[str], people: Sequence[int], versions: Sequence[str]
) -> Any:
    """The columns of a project as Label Studio's data manager reads them; ``keys``: of the tasks' data."""
    kinds = {key.root: key.tag for key in data_keys(config) if key.required}
    names = [*kinds, *(key for key in keys if key not in kinds)]
    items: dict[str, Sequence[Any]] = {
        "annotators": people,
        "updated_by": people,
        "predictions_model_versions": versions,
    }
    return {
        "columns": [
            *(_data_entry(name, kinds.get(name)) for name in names),
            *(_entry(column, items.get(column.id)) for column in COLUMNS),
            {
                "id": "data",
                "title": "data",
                "type": "List",
                "target": "tasks",
                "children": names,
                "project_defined": False,
            },
        ]
    }


def _entry(column: Column, items: Sequence[Any] | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": column.id,
        "title": column.title,
        "type": column.type,
        "target": "tasks",
        "help": column.help,
        "visibility_defaults": {"explore": column.is_shown, "labeling": column.is_shown_beside},
        "project_defined": False,
    }
    if items is not None:
        entry["schema"] = {"items": list(items), **({"multiple": True} if column.takes_many else {})}
    return entry


def _data_entry(name: str, kind: str | None) -> dict[str, Any]:
    return {
        "id": name,
        "title": name,
        "type": kind or "Unknown",
        "target": "tasks",
        "parent": "data",
        "visibility_defaults": {"explore": True, "labeling": kind is not None},
        "project_defined": True,
    }
