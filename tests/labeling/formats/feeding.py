"""Export records from plain tasks, as the database would feed them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from treadle.labeling.config import parse_config
from treadle.labeling.formats import ExportAnnotation, ExportCounts, ExportTask, find_format

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


def export(name: str, config: str, tasks: Iterable[dict[str, Any]]) -> tuple[bytes, ExportCounts]:
    out = io.BytesIO()
    counts = find_format(name).write(map(task_record, tasks), parse_config(config), out, MADE_AT)
    return out.getvalue(), counts


def unpack(archive: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name).decode() for name in opened.namelist()}


def export_coco(config: str, tasks: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], ExportCounts]:
    archive, counts = export("COCO", config, tasks)
    files = unpack(archive)
    assert list(files) == ["result.json"]
    return json.loads(files["result.json"]), counts


def export_yolo(config: str, tasks: Iterable[dict[str, Any]]) -> tuple[dict[str, str], ExportCounts]:
    archive, counts = export("YOLO", config, tasks)
    return unpack(archive), counts
