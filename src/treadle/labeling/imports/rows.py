"""One row of an import, checked against the config and ready to be written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from treadle.errors import Invalid
from treadle.labeling.config import LabelConfig, check_task_data, validate_imported_result
from treadle.labeling.shorthand import complete_result


class StagedAnnotation(msgspec.Struct):
    """An annotation that came with a task."""

    result: msgspec.Raw
    result_count: int
    completed_by: int | None = None
    was_cancelled: bool = False
    ground_truth: bool = True
    lead_time: float | None = None


class StagedPrediction(msgspec.Struct):
    """A prediction that came with a task."""

    result: msgspec.Raw
    model_version: str = ""
    score: float | None = None


class StagedTask(msgspec.Struct):
    """A task as it lies between reading and writing: one line of the staging file."""

    data: msgspec.Raw
    meta: msgspec.Raw
    annotations: list[StagedAnnotation] = []
    predictions: list[StagedPrediction] = []
    file_upload_id: int | None = None


def stage(
    config: LabelConfig,
    row: Any,
    place: str,
    file_upload_id: int | None = None,
    *,
    suggested_by: Sequence[str] = (),
) -> StagedTask:
    """The row of an import, checked.

    row: ``{"data": {…}, "annotations": […], "predictions": […], "meta": {…}}``, or the data alone.
    place: how errors name the row, such as ``item 3``.
    suggested_by: keys of the data whose values are predictions, whole or in short.
    Raises Invalid("row-malformed").
    """
    if not isinstance(row, dict):
        raise _wrong(place, f"Expected an object, got {type(row).__name__}.")
    if suggested_by:
        row = _with_suggestions(config, row, suggested_by, place)
    has_parts = isinstance(row.get("data"), dict)
    data = row["data"] if has_parts else row
    parts = row if has_parts else {}
    problems = check_task_data(config, data)
    if problems:
        hint = 'item["data"] = task root with values' if has_parts else "item = task root with values"
        raise _wrong(place, f"{'; '.join(problems)} [assume: {hint}]")
    meta = parts.get("meta") or {}
    if not isinstance(meta, dict):
        raise _wrong(place, "meta: Expected an object.")
    return StagedTask(
        data=_raw(data),
        meta=_raw(meta),
        annotations=list(_annotations(config, parts, place)),
        predictions=list(_predictions(config, parts, place)),
        file_upload_id=file_upload_id,
    )


def _with_suggestions(
    config: LabelConfig, row: dict[str, Any], keys: Sequence[str], place: str
) -> dict[str, Any]:
    data = row["data"] if isinstance(row.get("data"), dict) else row
    suggestions = [{"result": _suggestion(config, data, key, place)} for key in keys]
    return {"data": data, "predictions": suggestions}


def _suggestion(config: LabelConfig, data: dict[str, Any], key: str, place: str) -> list[Any]:
    if key not in data:
        raise _wrong(place, f"{key}: there is no such key, and predictions are to be made of it.")
    try:
        return complete_result(config, data[key])
    except Invalid as error:
        raise _wrong(place, f"{key}: {error.message}") from error


def _annotations(config: LabelConfig, parts: Any, place: str) -> Iterator[StagedAnnotation]:
    for number, item in enumerate(_items(parts, "annotations", place)):
        path = f"annotations[{number}]"
        yield StagedAnnotation(
            result=_raw(item["result"]),
            result_count=_check_result(config, item, place, path),
            completed_by=person_of(item.get("completed_by")),
            was_cancelled=_flag(item, "was_cancelled", False, place, path),
            ground_truth=_flag(item, "ground_truth", True, place, path),
            lead_time=_number(item, "lead_time", place, path),
        )


def _predictions(config: LabelConfig, parts: Any, place: str) -> Iterator[StagedPrediction]:
    for number, item in enumerate(_items(parts, "predictions", place)):
        path = f"predictions[{number}]"
        _check_result(config, item, place, path)
        yield StagedPrediction(
            result=_raw(item["result"]),
            model_version=str(item.get("model_version") or ""),
            score=_number(item, "score", place, path),
        )


def _items(parts: Any, name: str, place: str) -> list[dict[str, Any]]:
    items = parts.get(name) or []
    if not isinstance(items, list):
        raise _wrong(place, f"{name}: Expected a list.")
    for number, item in enumerate(items):
        if not isinstance(item, dict) or not isinstance(item.get("result"), list):
            raise _wrong(place, f"{name}[{number}].result: Expected a list of results.")
    return items


def _check_result(config: LabelConfig, item: dict[str, Any], place: str, path: str) -> int:
    try:
        return validate_imported_result(config, item["result"]).result_count
    except Invalid as error:
        texts = error.fields.get("result", [error.message])
        raise _wrong(place, f"{path}.{texts[0]}") from error


def person_of(value: object) -> int | None:
    """Whom an annotation names: an id, or an object that has one; nobody by a number that is no id."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if type(value) is int and 0 < value < 2**63 else None


def _flag(item: dict[str, Any], name: str, default: bool, place: str, path: str) -> bool:
    value = item.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise _wrong(place, f"{path}.{name}: Expected true or false.")
    return value


def _number(item: dict[str, Any], name: str, place: str, path: str) -> float | None:
    value = item.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(place, f"{path}.{name}: Expected a number.")
    return float(value)


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _wrong(place: str, what: str) -> Invalid:
    sentence = f"Error at {place}: {what}"
    return Invalid("row-malformed", sentence, fields={"non_field_errors": [sentence]})
