"""Export records from plain tasks, as the database would feed them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from treadle.labeling.config import parse_config
from treadle.labeling.formats import (
    ExportAnnotation,
    ExportTask,
    LossReport,
    OpenPicture,
    Outlet,
    Reason,
    find_format,
)

MADE_AT = datetime(2026, 11, 21, 12, 30, 2, tzinfo=timezone.utc)


def text_of(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def annotation_record(annotation: dict[str, Any]) -> ExportAnnotation:
    return ExportAnnotation(
        annotation_id=annotation["id"],
        json=text_of(annotation),
        result_json=text_of(annotation["result"]),
        completed_by=annotation["completed_by"],
        was_cancelled=annotation["was_cancelled"],
        ground_truth=annotation["ground_truth"],
        created_at=annotation["created_at"],
        updated_at=annotation["updated_at"],
        lead_time_s=annotation["lead_time"],
    )


def task_record(task: dict[str, Any]) -> ExportTask:
    rest = {key: value for key, value in task.items() if key not in ("id", "annotations", "data")}
    return ExportTask(
        task_id=task["id"],
        inner_id=task["id"],
        data_json=text_of(task["data"]),
        rest_json=text_of(rest),
        annotations=tuple(annotation_record(annotation) for annotation in task["annotations"]),
    )


def annotation(number: int, result: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "completed_by": 1,
        "result": result,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2026-11-21T12:49:39.871035Z",
        "updated_at": "2026-11-21T12:49:40.153283Z",
        "lead_time": 2.5,
        **changes,
    }


def task(number: int, data: dict[str, Any], *annotations: dict[str, Any]) -> dict[str, Any]:
    return {"id": number, "data": data, "annotations": list(annotations), "drafts": [], "meta": {}}


def region(name: str, kind: str, value: dict[str, Any], region_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": region_id,
        "from_name": name,
        "to_name": "img",
        "type": kind,
        "value": value,
        "original_width": 800,
        "original_height": 600,
        "image_rotation": 0,
        **changes,
    }


def box(label: str, region_id: str, **changes: float) -> dict[str, Any]:
    value = {"x": 10, "y": 20, "width": 30, "height": 15, "rotation": 0, **changes}
    return region("box", "rectanglelabels", {**value, "rectanglelabels": [label]}, region_id)


@dataclass(frozen=True)
class Told:
    """What an export says it holds, and what it could not carry."""

    tasks: int
    annotations: int
    left_out: dict[str, int]
    losses: list[dict[str, Any]]


def no_picture(_address: str, _task_id: int) -> Reason:
    return Reason.PICTURE_ELSEWHERE


def export(
    name: str,
    config: str,
    tasks: Iterable[dict[str, Any]] | Iterable[ExportTask],
    open_picture: OpenPicture = no_picture,
) -> tuple[bytes, Told]:
    out = io.BytesIO()
    records = (each if isinstance(each, ExportTask) else task_record(each) for each in tasks)
    with LossReport() as losses:
        outlet = Outlet(out, MADE_AT, losses, open_picture)
        counts = find_format(name).write(records, parse_config(config), outlet)
        told = json.loads(b"".join(losses.chunks()))
        return out.getvalue(), Told(counts.tasks, counts.annotations, dict(losses.counts), told)


def unpack(archive: bytes) -> dict[str, str]:
    return {name: content.decode() for name, content in unpack_bytes(archive).items()}


def unpack_bytes(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def export_coco(config: str, tasks: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], Told]:
    archive, told = export("COCO", config, tasks)
    files = unpack(archive)
    assert list(files) == ["result.json"]
    return json.loads(files["result.json"]), told


def export_yolo(
    config: str, tasks: Iterable[dict[str, Any]], name: str = "YOLO"
) -> tuple[dict[str, str], Told]:
    archive, told = export(name, config, tasks)
    return unpack(archive), told
