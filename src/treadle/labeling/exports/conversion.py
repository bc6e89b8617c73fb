"""A snapshot's JSON file in another format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from treadle.jobs import JobRun
from treadle.labeling.exports.job import Written, write_tasks
from treadle.labeling.formats import ExportAnnotation, ExportTask, annotated_only
from treadle.objects import ObjectStore
from treadle.objects.spool import read_lines


class _Person(msgspec.Struct):
    id: int


class _Annotation(msgspec.Struct):
    id: int
    result: msgspec.Raw
    completed_by: int | _Person | None = None
    was_cancelled: bool = False
    ground_truth: bool = False
    created_at: str = ""
    updated_at: str = ""
    lead_time: float | None = None


class _Task(msgspec.Struct):
    id: int
    data: msgspec.Raw
    annotations: list[msgspec.Raw]
    inner_id: int = 0


def convert_file(run: JobRun, source_key: str, export_type: str, key: str) -> Written:
    """Write the snapshot under ``source_key`` in ``export_type`` under ``key``."""
    tasks = annotated_only(_read_tasks(run.objects, source_key))
    return write_tasks(run, key, export_type, tasks)


def _read_tasks(objects: ObjectStore, key: str) -> Iterator[ExportTask]:
    for line in read_lines(objects.read(key)):
        text = line.strip().rstrip(b",")
        if text.startswith(b"{"):
            yield read_task(text)


def read_task(text: bytes) -> ExportTask:
    """The task that a line of the JSON format tells. Raises msgspec.DecodeError."""
    task = msgspec.json.decode(text, type=_Task)
    rest: dict[str, Any] = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    for name in ("id", "data", "annotations"):
        del rest[name]
    return ExportTask(
        task_id=task.id,
        inner_id=task.inner_id,
        data_json=bytes(task.data),
        rest_json=msgspec.json.encode(rest),
        annotations=tuple(_annotation(bytes(each)) for each in task.annotations),
    )


def _annotation(text: bytes) -> ExportAnnotation:
    found = msgspec.json.decode(text, type=_Annotation)
    person = found.completed_by
    return ExportAnnotation(
        annotation_id=found.id,
        json=text,
        result_json=bytes(found.result),
        completed_by=person.id if isinstance(person, _Person) else person,
        was_cancelled=found.was_cancelled,
        ground_truth=found.ground_truth,
        created_at=found.created_at,
        updated_at=found.updated_at,
        lead_time_s=found.lead_time,
    )
