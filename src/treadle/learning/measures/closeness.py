"""How much two regions of one kind are at one place: 1 is the same place, 0 is another one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from treadle.learning.measures.answers import read_outline
from treadle.learning.measures.overlaps import Outline, overlap

#: Of points, in percent of the picture: so near is the same, and so far is another one.
_SAME_POINT, _OTHER_POINT = 0.1, 10.0
_PARAGRAPH = 10_000_000

_Place = Mapping[str, Any]


def closeness(kind: str, one: _Place, other: _Place, *, aspect: float = 1.0) -> float:
    """Intersection over union of shapes and spans; for points it falls with their distance.

    kind: ``rectangle``, ``polygon``, ``ellipse``, ``keypoint``, ``span``; of any other kind only what is
    the same is near.  aspect: width by height of the picture, whose percents the places are in.
    """
    try:
        if kind == "span":
            return _of_spans(_span(one), _span(other))
        if kind == "keypoint":
            return _of_points(one, other)
        if kind == "rectangle" and not one.get("rotation") and not other.get("rotation"):
            return _of_boxes(one, other)
        if kind in ("rectangle", "polygon", "ellipse"):
            return _of_outlines(read_outline(one, aspect), read_outline(other, aspect))
    except (KeyError, TypeError, ValueError):
        pass  # not said as its kind is: then only the same is near
    return float(_without_labels(one) == _without_labels(other))


def _without_labels(place: _Place) -> dict[str, Any]:
    return {name: value for name, value in place.items() if not name.endswith("labels")}


def _span(place: _Place) -> tuple[float, float]:
    """Where it begins and ends: characters, seconds, or paragraphs with their characters."""
    told = place.get("globalOffsets")
    if isinstance(told, Mapping):
        return float(told["start"]), float(told["end"])
    start, end = float(place["start"]), float(place["end"])
    if "startOffset" in place:
        return start * _PARAGRAPH + place["startOffset"], end * _PARAGRAPH + place["endOffset"]
    return start, end


def _of_spans(one: tuple[float, float], other: tuple[float, float]) -> float:
    if one == other:
        return 1.0
    shared = min(one[1], other[1]) - max(one[0], other[0])
    union = max(one[1], other[1]) - min(one[0], other[0])
    return min(shared / union, math.nextafter(1.0, 0.0)) if shared > 0 and union > 0 else 0.0


def _of_points(one: _Place, other: _Place) -> float:
    distance = math.hypot(one["x"] - other["x"], one["y"] - other["y"])
    return 1.0 if distance < _SAME_POINT else max(0.0, 0.97 - distance / _OTHER_POINT)


def _of_boxes(one: _Place, other: _Place) -> float:
    width = min(one["x"] + one["width"], other["x"] + other["width"]) - max(one["x"], other["x"])
    height = min(one["y"] + one["height"], other["y"] + other["height"]) - max(one["y"], other["y"])
    shared = max(0.0, width) * max(0.0, height)
    union = one["width"] * one["height"] + other["width"] * other["height"] - shared
    return float(shared / union) if union > 0 else 0.0


def _of_outlines(one: Outline | None, other: Outline | None) -> float:
    if one is None or other is None:
        raise ValueError("it encloses nothing")
    return 1.0 if one == other else overlap(one, other)
