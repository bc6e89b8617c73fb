"""Events as Label Studio tells webhooks and backends of them: the bodies with their actions.

What is gone before it was told of is not told of: its deletion is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import bindparam, literal_column, select

from treadle.db import Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import tasks
from treadle.errors import NotFound
from treadle.events import Event
from treadle.labeling import projects, rendering
from treadle.labeling.config import data_keys, parse_config
from treadle.labeling.rendering import Row, raw
from treadle.labeling.visibility import is_visible
from treadle.webhooks import Worded

#: Of many tasks so many are told at once, and so many bytes of their data.
_TASKS_AT_ONCE = 200
_BYTES_AT_ONCE = 2 * 1024**2

_t, _a = tasks.c, schema.annotations.c
_TASKS = Prepared(select(tasks).where(one_of(_t.id, "ids"), is_visible()).order_by(_t.id))
_ANNOTATIONS = Prepared(select(schema.annotations).where(one_of(_a.id, "ids")).order_by(_a.id))
_IMPORTED = Prepared(
    select(tasks)
    .where(
        _t.import_id == bindparam("import_id"),
        _t.import_id > literal_column("0"),
        _t.id > bindparam("after"),
    )
    .order_by(_t.id)
    .limit(_TASKS_AT_ONCE)
)
#: Of a project's fields those that its webhooks tell.
_TOLD = (
    "id",
    "task_number",
    "finished_task_number",
    "total_predictions_number",
    "total_annotations_number",
    "num_tasks_with_annotations",
    "useful_annotation_number",
    "ground_truth_number",
    "skipped_annotations_number",
    "title",
    "description",
    "label_config",
    "parsed_label_config",
    "expert_instruction",
    "show_instruction",
    "show_skip_button",
    "enable_empty_annotation",
    "reveal_preannotations_interactively",
    "show_annotation_history",
    "show_collab_predictions",
    "evaluate_predictions_automatically",
    "color",
    "maximum_annotations",
    "min_annotations_to_start_training",
    "control_weights",
    "model_version",
    "is_draft",
    "is_published",
    "created_at",
    "sampling",
    "skip_queue",
    "show_ground_truth_first",
    "annotator_evaluation_enabled",
    "show_overlap_first",
    "overlap_cohort_percentage",
    "pinned_at",
    "organization",
)
#: Fields that Label Studio tells and that are nothing here, or nobody's to hear.
_EMPTY: Mapping[str, object] = {
    "token": "",
    "result_count": 0,
    "task_data_login": None,
    "task_data_password": None,
    "custom_task_lock_ttl": None,
    "purge_at": None,
    "search_vector": None,
}

_Render = Callable[[Tx, Event, int], Iterator[Worded]]


class WebhookBodies:
    """Puts events into the words of Label Studio's webhooks."""

    def action_of(self, event: Event) -> str | None:
        """The action that it is told as; None where Label Studio tells nothing of it."""
        known = _KINDS.get(event.kind)
        return None if known is None else known[0]

    def render(self, tx: Tx, event: Event, after: int) -> Iterator[Worded]:
        """Its bodies behind ``after``: one, but for many tasks."""
        return _KINDS[event.kind][1](tx, event, after)


def project_body(tx: Tx, project_id: int) -> dict[str, object]:
    """A project as webhooks tell it, with its counters. Raises NotFound."""
    row = projects.get(tx, project_id)
    whole = rendering.project(row)
    config = parse_config(row["label_config"])
    return {
        **{name: whole[name] for name in _TOLD},
        **_EMPTY,
        "label_config_hash": _hash(row["label_config"]),
        "data_types": {key.path: key.tag for key in data_keys(config) if key.required},
        "created_by": row["created_by"],
        "updated_at": rendering.instant(row["updated_at"]),
        "deleted_at": rendering.instant(row["deleted_at"]),
        "deleted_by": row["deleted_by"],
    }


def task_body(row: Row) -> dict[str, object]:
    """A task as webhooks tell it."""
    return {**rendering.task(row), "allow_skip": True, "precomputed_agreement": None}


def annotation_body(row: Row) -> dict[str, object]:
    """An annotation as webhooks tell it."""
    return {
        "id": row["id"],
        "result": raw(row["result"]),
        "was_cancelled": row["was_cancelled"],
        "ground_truth": row["ground_truth"],
        "created_at": rendering.instant(row["created_at"]),
        "updated_at": rendering.instant(row["updated_at"]),
        "draft_created_at": rendering.instant(row["draft_created_at"]),
        "lead_time": row["lead_time"],
        "prediction": raw(row["prediction"]) or {},
        "result_count": row["result_count"],
        "unique_id": row["unique_id"],
        "import_id": row["import_id"],
        "last_action": row["last_action"],
        "bulk_created": row["bulk_created"],
        "task": row["task_id"],
        "project": row["project_id"],
        "completed_by": row["completed_by"],
        "updated_by": row["updated_by"],
        "parent_prediction": row["parent_prediction_id"],
        "parent_annotation": row["parent_annotation_id"],
        "last_created_by": row["last_created_by"],
    }


def _of_project(tx: Tx, event: Event, _after: int) -> Iterator[Worded]:
    yield from _told(tx, event, {})


def _of_gone_project(_tx: Tx, event: Event, _after: int) -> Iterator[Worded]:
    yield _body(event, {"project": {"id": event.project_id}})


def _of_annotation(tx: Tx, event: Event, _after: int) -> Iterator[Worded]:
    for row in tx.rows(_ANNOTATIONS, {"ids": id_list([_subject(event)])}):
        of_task = [task_body(each) for each in tx.rows(_TASKS, {"ids": id_list([row["task_id"]])})]
        yield from _told(tx, event, {"annotation": annotation_body(row)}, *of_task)


def _of_annotations(tx: Tx, event: Event, _after: int) -> Iterator[Worded]:
    """Annotations and the task of each, in the same order."""
    rows = tx.rows(_ANNOTATIONS, {"ids": id_list(_listed(event, "annotations"))})
    found = tx.rows(_TASKS, {"ids": id_list(sorted({row["task_id"] for row in rows}))})
    by_id = {row["id"]: task_body(row) for row in found}
    rows = [row for row in rows if row["task_id"] in by_id]
    if rows:
        told = {"annotation": [annotation_body(row) for row in rows]}
        yield from _told(tx, event, told, [by_id[row["task_id"]] for row in rows])


def _of_task(tx: Tx, event: Event, _after: int) -> Iterator[Worded]:
    yield from _of_tasks(tx, event, tx.rows(_TASKS, {"ids": id_list([_subject(event)])}))


def _of_restored_tasks(tx: Tx, event: Event, after: int) -> Iterator[Worded]:
    ids = sorted(each for each in _listed(event, "tasks") if each > after)
    for start in range(0, len(ids), _TASKS_AT_ONCE):
        part = ids[start : start + _TASKS_AT_ONCE]
        yield from _of_tasks(tx, event, tx.rows(_TASKS, {"ids": id_list(part)}))


def _of_imported_tasks(tx: Tx, event: Event, after: int) -> Iterator[Worded]:
    """All tasks of an import, some at a time: each body holds its part of them."""
    while True:
        rows = tx.rows(_IMPORTED, {"import_id": _subject(event), "after": after})
        yield from _of_tasks(tx, event, rows)
        if len(rows) < _TASKS_AT_ONCE:
            return
        after = rows[-1]["id"]


def _of_tasks(tx: Tx, event: Event, rows: Sequence[Row]) -> Iterator[Worded]:
    for part in _in_parts(rows):
        told = {"tasks": [task_body(row) for row in part]}
        for each in _told(tx, event, told):
            yield Worded(each.action, each.body, part[-1]["id"])


def _in_parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    part: list[Row] = []
    size_bytes = 0
    for row in rows:
        if part and size_bytes + len(row["data"]) > _BYTES_AT_ONCE:
            yield part
            part, size_bytes = [], 0
        part.append(row)
        size_bytes += len(row["data"])
    if part:
        yield part


def _of_gone(key: str) -> _Render:
    def render(tx: Tx, event: Event, _after: int) -> Iterator[Worded]:
        yield from _told(tx, event, {key: [{"id": each} for each in _listed(event, key)]})

    return render


def _told(tx: Tx, event: Event, told: Mapping[str, object], task: object = None) -> Iterator[Worded]:
    """The body with what it told beside its project, and its task; none where the project is freed."""
    try:
        project = project_body(tx, event.project_id or 0)
    except NotFound:
        return
    yield _body(event, {**told, "project": project, **({} if task is None else {"task": task})})


def _body(event: Event, told: Mapping[str, object]) -> Worded:
    action = _KINDS[event.kind][0]
    return Worded(action, msgspec.json.encode({"action": action, **told}))


def _subject(event: Event) -> int:
    return event.subject_id or 0


def _listed(event: Event, key: str) -> list[int]:
    payload: dict[str, Any] = msgspec.json.decode(event.payload)
    return list(payload.get(key, ()))


def _hash(label_config: str) -> int:
    """A number that is another for another config, as Label Studio's is."""
    return int.from_bytes(blake2b(label_config.encode(), digest_size=8).digest(), "big", signed=True)


_KINDS: Mapping[str, tuple[str, _Render]] = {
    "project.created": ("PROJECT_CREATED", _of_project),
    "project.restored": ("PROJECT_CREATED", _of_project),
    "project.updated": ("PROJECT_UPDATED", _of_project),
    "project.deleted": ("PROJECT_DELETED", _of_gone_project),
    "task.created": ("TASKS_CREATED", _of_task),
    "tasks.imported": ("TASKS_CREATED", _of_imported_tasks),
    "tasks.restored": ("TASKS_CREATED", _of_restored_tasks),
    "tasks.deleted": ("TASKS_DELETED", _of_gone("tasks")),
    "annotation.created": ("ANNOTATION_CREATED", _of_annotation),
    "annotation.skipped": ("ANNOTATION_CREATED", _of_annotation),
    "annotation.updated": ("ANNOTATION_UPDATED", _of_annotation),
    "annotations.restored": ("ANNOTATIONS_CREATED", _of_annotations),
    "annotations.deleted": ("ANNOTATIONS_DELETED", _of_gone("annotations")),
}
