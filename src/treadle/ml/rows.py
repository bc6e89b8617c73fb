"""One example as a plain mapping, for trainers that read tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from treadle.ml.examples import Example, labels_of
from treadle.ml.labels import Control


def row_of(example: Example, control: Control) -> dict[str, object]:
    """id and text, or image; then label, spans or objects, by what the control asks."""
    row = {"id": example.task.id, **_shown(example, control)}
    if control.kind in ("choices", "taxonomy"):
        given = [control.class_id(label) for label in example.answers(control.name)]
        if control.attributes.get("choice", "").lower() == "multiple":
            return {**row, "labels": given}
        return {**row, "label": given[0] if given else None}
    if control.kind in ("labels", "hypertextlabels", "paragraphlabels"):
        return {**row, "spans": [_span(result, control) for result in example.of(control.name)]}
    return {**row, "objects": _objects(example, control)}


def _shown(example: Example, control: Control) -> dict[str, object]:
    source = control.sources[0] if control.sources else None
    if source is not None and source.tag.lower() == "image":
        return {"image": str(example.task.path(control.value_key))}
    return {"text": example.task.text(control.value_key or None)}


def _span(result: Mapping[str, object], control: Control) -> dict[str, object]:
    value = cast("Mapping[str, object]", result.get("value") or {})
    labels = [control.class_id(label) for label in labels_of(result)]
    return {"start": value.get("start"), "end": value.get("end"), "labels": labels}


def _objects(example: Example, control: Control) -> dict[str, list[object]]:
    """Boxes in pixels as left, top, width, height."""
    width, height = example.task.size(control.value_key or None)
    boxes: list[object] = []
    categories: list[object] = []
    for place, shape in example.drawn(control):
        left, top, right, bottom = shape.box
        boxes.append([left * width, top * height, (right - left) * width, (bottom - top) * height])
        categories.append(place)
    return {"bbox": boxes, "category": categories}
