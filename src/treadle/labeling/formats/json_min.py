"""JSON_MIN: one flat object for each annotation, with the task's data and the values by name of control.

As Label Studio writes it, with one difference: a field of the data whose name is taken (by ``id`` or a
control) is kept as ``_data_<name>``, where Label Studio overwrites it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from treadle.labeling.config import LabelConfig
from treadle.labeling.formats.losses import Lose, LossReport, Reason
from treadle.labeling.formats.records import (
    ExportAnnotation,
    ExportCounts,
    ExportFormat,
    ExportTask,
    Outlet,
    fits_all,
)

#: Answers that are written as bare words where they are one word.
_WORDS = {"choices": "choices", "textarea": "text"}
_PASSED_ON = ("original_width", "original_height")


def flat_rows(
    tasks: Iterable[ExportTask], config: LabelConfig, counts: ExportCounts, losses: LossReport
) -> Iterator[dict[str, Any]]:
    """One row for each annotation that was not skipped, and one for each task without any annotation."""
    names = {control.name for control in config.controls}
    for task in tasks:
        counts.tasks += 1
        data = msgspec.json.decode(task.data_json)
        if not task.annotations:
            yield {**_data(data, names), **_origin(task, None)}
        for annotation in task.annotations:
            if annotation.was_cancelled:
                losses.add(Reason.SKIPPED, task.task_id, annotation.annotation_id)
                continue
            counts.annotations += 1
            lose = losses.of(task.task_id, annotation.annotation_id)
            values = _values(annotation.result_json, config, lose)
            yield {**_data(data, names), "id": task.task_id, **values, **_origin(task, annotation)}


def _data(data: dict[str, Any], names: set[str]) -> dict[str, Any]:
    taken = names | set(_ORIGIN)
    return {f"_data_{key}" if key in taken else key: value for key, value in data.items()}


_ORIGIN = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time")


def _origin(task: ExportTask, annotation: ExportAnnotation | None) -> dict[str, Any]:
    if annotation is None:
        return {**dict.fromkeys(_ORIGIN), "id": task.task_id}
    return {
        "id": task.task_id,
        "annotator": annotation.completed_by,
        "annotation_id": annotation.annotation_id,
        "created_at": annotation.created_at,
        "updated_at": annotation.updated_at,
        "lead_time": annotation.lead_time_s,
    }


def _values(result_json: bytes, config: LabelConfig, lose: Lose) -> dict[str, Any]:
    """What each control of the config says, by its name; items of other controls are left out."""
    values: dict[str, list[Any]] = {}
    words: set[str] = set()
    for item in msgspec.json.decode(result_json):
        if not isinstance(item, dict):
            lose(Reason.MALFORMED, None)
            continue
        name = str(item.get("from_name") or "")
        if reason := _lost(item, name, config):
            lose(reason, str(item["id"]) if item.get("id") else None)
            continue
        values.setdefault(name, []).append(_value(item))
        if item.get("type") in _WORDS:
            words.add(name)
    return {name: found[0] if name in words and len(found) == 1 else found for name, found in values.items()}


def _lost(item: dict[str, Any], name: str, config: LabelConfig) -> Reason | None:
    if item.get("type") == "relation":
        return Reason.RELATION
    if not isinstance(item.get("value"), dict):
        return Reason.MALFORMED
    return Reason.UNKNOWN_CONTROL if config.control(name) is None else None


def _value(item: dict[str, Any]) -> Any:
    key = _WORDS.get(item.get("type", ""))
    said = item["value"].get(key) if key else None
    if isinstance(said, list) and len(said) == 1:
        return said[0]
    return {**item["value"], **{name: item[name] for name in _PASSED_ON if name in item}}


def _write(tasks: Iterable[ExportTask], config: LabelConfig, outlet: Outlet) -> ExportCounts:
    counts = ExportCounts()
    write, encode = outlet.out.write, msgspec.json.encode
    separator = b"[\n"
    for row in flat_rows(tasks, config, counts, outlet.losses):
        write(separator + encode(row))
        separator = b",\n"
    write(b"\n]\n" if separator == b",\n" else b"[]\n")
    return counts


FORMAT = ExportFormat(
    name="JSON_MIN",
    title="JSON-MIN",
    description="One flat object for each annotation: the task's data, and what each control says.",
    tags=(),
    extension="json",
    content_type="application/json",
    fits=fits_all,
    write=_write,
)
