"""What a result says, in the terms that it is measured by: outlines, masks, points, spans and answers.

Results of annotations and of predictions are read alike; what is neither, such as tracks and texts, is
named, so that a measure can say what it leaves out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from treadle.labeling.config import LabelConfig
from treadle.learning.measures.masks import Mask, read_mask
from treadle.learning.measures.overlaps import Outline, Point, outline_of

#: Corners of what stands for an ellipse, of an area 0.3 % too small.
_ROUND = 48
_FARTHEST = 1e6
#: Of the longer side of a picture: points that are farther apart are not the same.
_FAR_PERCENT = 5.0
#: Objects whose spans are a part of a time, and not of a text.
_IN_TIME = frozenset({"Audio", "AudioPlus", "TimeSeries", "Video"})
_UNMEASURED = {
    "bitmasklabels": "bitmaps", "bitmask": "bitmaps", "videorectangle": "tracks", "timelinelabels": "tracks",
    "vectorlabels": "vectors", "vector": "vectors", "relation": "relations", "textarea": "texts",
    "rating": "ratings", "number": "numbers", "datetime": "dates", "pairwise": "comparisons",
    "ranker": "rankings",
}  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """One labelled outline of a picture."""

    label: str
    #: The control that wrote it, the object that it lies on and its page.
    place: str
    outline: Outline | Mask
    score: float


@dataclass(frozen=True)
class Dot:
    """One labelled point of a picture, in percent of its longer side."""

    label: str
    place: str
    x: float
    y: float

    def fits(self, other: Dot) -> float:
        """1 at the same place, a half where they are as far apart as may be, 0 twice as far."""
        apart = math.hypot(self.x - other.x, self.y - other.y)
        return max(0.0, 1.0 - apart / (2 * _FAR_PERCENT))


@dataclass(frozen=True)
class Span:
    """One labelled part of a text or of a time."""

    label: str
    place: str
    #: Of a text: what names both ends. Of a time: its seconds.
    ends: tuple[object, ...]
    is_time: bool

    def fits(self, other: Span) -> float:
        """1 where both are the same part of a text; of times, intersection over union."""
        if not (self.is_time and other.is_time):
            return float(self.ends == other.ends)
        (a, b), (c, d) = (_seconds(each.ends) for each in (self, other))
        union = max(b, d) - min(a, c)
        return max(0.0, min(b, d) - max(a, c)) / union if union > 0 else float(self.ends == other.ends)


@dataclass
class Answers:
    """What one result says."""

    shapes: list[Shape] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    #: By the name of the question.
    choices: dict[str, frozenset[str]] = field(default_factory=dict)
    #: What else there is, in words.
    unmeasured: set[str] = field(default_factory=set)
    #: Width over height of the picture, as far as an item told it.
    aspect: float | None = None

    def labels(self) -> Iterator[str]:
        """Every label as often as it was given."""
        yield from (shape.label for shape in self.shapes)
        yield from (dot.label for dot in self.dots)
        yield from (span.label for span in self.spans)
        for chosen in self.choices.values():
            yield from chosen


def read_answers(config: LabelConfig, result: bytes, aspect: float | None = None) -> Answers:
    """What a stored or predicted result says; what fits no form is left out.

    aspect: width over height of the picture, where the result itself does not tell.
    """
    answers = Answers(aspect=aspect)
    try:
        items = msgspec.json.decode(result)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return answers
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            _read_item(config, item, answers)
    return answers


def labels_of_item(item: Mapping[str, Any]) -> list[str]:
    """The labels of one item; of a nested one the way to it, joined by slashes."""
    value = item.get("value")
    if not isinstance(value, dict):
        return []
    found = value.get(str(item.get("type")))
    if not isinstance(found, list):
        found = next((value[key] for key in value if key.endswith("labels")), None)
    return [_name_of(each) for each in found] if isinstance(found, list) else []


def _name_of(label: object) -> str:
    return " / ".join(map(str, label)) if isinstance(label, list) else str(label)


def _read_item(config: LabelConfig, item: Mapping[str, Any], answers: Answers) -> None:
    kind, value = str(item.get("type")), item.get("value")
    if kind in _UNMEASURED:
        answers.unmeasured.add(_UNMEASURED[kind])
        return
    if not isinstance(value, dict):
        return
    place = "|".join(str(item.get(key) or "") for key in ("to_name", "item_index"))
    if kind in ("choices", "taxonomy"):
        _read_choices(item, value, answers)
    elif "start" in value and "end" in value:
        found = config.object(str(item.get("to_name")))
        is_time = found is not None and found.tag in _IN_TIME
        spans = [_span(label, place, value, is_time=is_time) for label in labels_of_item(item)]
        answers.spans += [span for span in spans if span is not None]
    else:
        answers.aspect = _aspect(item) or answers.aspect
        if kind.startswith("keypoint"):
            answers.dots += _dots(item, place, value, answers.aspect or 1.0)
            return
        outline = _mask(item, value) if "rle" in value else read_outline(value, answers.aspect or 1.0)
        if outline is not None:
            score = _number(item.get("score"), 1.0)
            answers.shapes += [Shape(label, place, outline, score) for label in labels_of_item(item)]


def _mask(item: Mapping[str, Any], value: Mapping[str, Any]) -> Mask | None:
    return read_mask(value["rle"], item.get("original_width"), item.get("original_height"))


def _dots(item: Mapping[str, Any], place: str, value: Mapping[str, Any], aspect: float) -> list[Dot]:
    x, y = (_number(value.get(name), math.nan) for name in ("x", "y"))
    if math.isnan(x + y):
        return []
    across, down = min(1.0, aspect), min(1.0, 1.0 / aspect)
    return [Dot(label, place, x * across, y * down) for label in labels_of_item(item)]


def _read_choices(item: Mapping[str, Any], value: Mapping[str, Any], answers: Answers) -> None:
    if any(key in value for key in ("x", "points", "start")):
        return  # asked of each region, and not of the task
    question = str(item.get("from_name"))
    answers.choices[question] = answers.choices.get(question, frozenset()) | set(labels_of_item(item))


def _span(label: str, place: str, value: Mapping[str, Any], *, is_time: bool) -> Span | None:
    if is_time:
        ends = (_number(value["start"], math.nan), _number(value["end"], math.nan))
        return None if math.isnan(sum(ends)) else Span(label, place, ends, is_time=True)
    ends_of_text = tuple(str(value.get(key)) for key in ("start", "startOffset", "end", "endOffset"))
    return Span(label, place, ends_of_text, is_time=False)


def _seconds(ends: tuple[object, ...]) -> tuple[float, float]:
    start, end = (float(each) for each in ends if isinstance(each, float))
    return start, end


def read_outline(value: Mapping[str, Any], aspect: float) -> Outline | None:
    """The outline of a box, an ellipse or a polygon in percent; None for what is none of them."""
    points = value.get("points")
    if isinstance(points, list):
        found = [_point(each) for each in points]
        return None if None in found else outline_of([each for each in found if each is not None])
    sizes = ("x", "y", "radiusX", "radiusY") if "radiusX" in value else ("x", "y", "width", "height")
    numbers = [_number(value.get(name), math.nan) for name in sizes]
    if math.isnan(sum(numbers)):
        return None
    x, y, across, down = numbers
    corners = _ellipse(x, y, across, down) if "radiusX" in value else _rectangle(x, y, across, down)
    degrees = _number(value.get("rotation"), 0.0)
    return outline_of(_turned(corners, (x, y), degrees, aspect) if degrees else corners)


def _rectangle(x: float, y: float, width: float, height: float) -> list[Point]:
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def _ellipse(x: float, y: float, across: float, down: float) -> list[Point]:
    turns = (2 * math.pi * step / _ROUND for step in range(_ROUND))
    return [(x + across * math.cos(turn), y + down * math.sin(turn)) for turn in turns]


def _turned(points: Sequence[Point], about: Point, degrees: float, aspect: float) -> list[Point]:
    """Turned clockwise in pixels, where a right angle is one. aspect: width over height."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turned = []
    for x, y in points:
        across, down = (x - about[0]) * aspect, y - about[1]
        turned.append(
            (about[0] + (across * cosine - down * sine) / aspect, about[1] + across * sine + down * cosine)
        )
    return turned


def _aspect(item: Mapping[str, Any]) -> float | None:
    width, height = (_number(item.get(name), 0.0) for name in ("original_width", "original_height"))
    return width / height if width > 0 and height > 0 else None


def _point(value: object) -> Point | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    x, y = (_number(each, math.nan) for each in value)
    return None if math.isnan(x + y) else (x, y)


def _number(value: object, otherwise: float) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < _FARTHEST else otherwise  # type: ignore[arg-type]
