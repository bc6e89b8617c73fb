"""What a model says of a task: regions by label name, in pixels or percent, and answers to questions.

Each function makes a ``Region``; nothing is checked against a label config here, since none is known yet:
that happens when they are written for a task (``results.py``). A label that the config lacks is never
guessed at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, SupportsFloat, TypeAlias, cast

from msgspec import Struct

from treadle.errors import Invalid
from treadle.ml import masks

Unit = Literal["pixel", "percent"]
Size: TypeAlias = "tuple[int, int]"
Labels: TypeAlias = "str | Sequence[str]"


class Region(Struct, frozen=True):
    """One thing that a model found or answered. Made by the functions of this module."""

    #: rectangle, ellipse, polygon, keypoint, brush, span, choice, text, number, rating, datetime.
    shape: str
    labels: tuple[str, ...] = ()
    #: The shape's own numbers, in ``unit``.
    geometry: Mapping[str, object] = {}
    score: float | None = None
    unit: Unit = "percent"
    #: Width and height of the picture in pixels, where the model knows them.
    size: Size | None = None
    #: The control that it is for, where several would do.
    control: str | None = None
    id: str | None = None
    parent: str | None = None
    #: What is written in it, for a control of texts beside the shape's.
    text: str | None = None


@dataclass(frozen=True)
class Prediction:
    """All that a model says of one task."""

    regions: Sequence[Region]
    #: From 0 to 1; without one, the mean of the regions' scores.
    score: float | None = None

    def mean_score(self) -> float | None:
        """The score given, else the mean over the regions that have one; None where none has."""
        if self.score is not None:
            return finite(self.score, "score")
        scores = [finite(region.score, "score") for region in self.regions if region.score is not None]
        return math.fsum(scores) / len(scores) if scores else None


def rectangle(
    label: Labels,
    *box: SupportsFloat,
    rotation: float = 0.0,
    unit: Unit = "pixel",
    score: SupportsFloat | None = None,
    size: Size | None = None,
    control: str | None = None,
    id: str | None = None,
    parent: str | None = None,
    text: str | None = None,
) -> Region:
    """A box: left, top, width, height.

    rotation: degrees clockwise about the left top corner.
    """
    x, y, width, height = _numbers(box, "x y width height")
    geometry = {"x": x, "y": y, "width": width, "height": height, "rotation": finite(rotation, "rotation")}
    return Region("rectangle", _labels(label), geometry, _score(score), unit, size, control, id, parent, text)


def oriented(
    label: Labels,
    *box: SupportsFloat,
    score: SupportsFloat | None = None,
    size: Size | None = None,
    control: str | None = None,
    id: str | None = None,
) -> Region:
    """A turned box as detectors give it: centre x, centre y, width, height in pixels, degrees clockwise."""
    x, y, width, height, degrees = _numbers(box, "x y width height degrees")
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    left = x - (width * cosine - height * sine) / 2
    top = y - (width * sine + height * cosine) / 2
    return rectangle(
        label, left, top, width, height, rotation=degrees, score=score, size=size, control=control, id=id
    )


def ellipse(
    label: Labels,
    *shape: SupportsFloat,
    rotation: float = 0.0,
    unit: Unit = "pixel",
    score: SupportsFloat | None = None,
    size: Size | None = None,
    control: str | None = None,
    id: str | None = None,
) -> Region:
    """An ellipse: centre x, centre y, radius along x, radius along y; rotation in degrees about its
    centre.
    """
    x, y, radius_x, radius_y = _numbers(shape, "x y radius_x radius_y")
    geometry = {
        "x": x, "y": y, "radiusX": radius_x, "radiusY": radius_y, "rotation": finite(rotation, "rotation"),
    }  # fmt: skip
    return Region("ellipse", _labels(label), geometry, _score(score), unit, size, control, id)


def polygon(
    label: Labels,
    points: Sequence[Sequence[SupportsFloat]],
    *,
    unit: Unit = "pixel",
    score: SupportsFloat | None = None,
    size: Size | None = None,
    control: str | None = None,
    id: str | None = None,
    text: str | None = None,
) -> Region:
    """A closed outline of at least three points (x, y)."""
    pairs = [_numbers(point, "x y") for point in points]
    if len(pairs) < 3:
        raise Invalid("region-points", f"A polygon has at least 3 points, and this one has {len(pairs)}.")
    geometry = {"points": [list(pair) for pair in pairs], "closed": True}
    return Region("polygon", _labels(label), geometry, _score(score), unit, size, control, id, None, text)


def keypoint(
    label: Labels,
    x: float,
    y: float,
    *,
    width: float | None = None,
    unit: Unit = "pixel",
    score: SupportsFloat | None = None,
    size: Size | None = None,
    control: str | None = None,
    id: str | None = None,
    parent: str | None = None,
) -> Region:
    """A point; ``width`` is that of its dot, half a percent of the picture's where none is given."""
    geometry: dict[str, object] = {"x": finite(x, "x"), "y": finite(y, "y")}
    if width is not None:
        geometry["width"] = finite(width, "width")
    return Region("keypoint", _labels(label), geometry, _score(score), unit, size, control, id, parent)


def brush(
    label: Labels,
    mask: masks.Mask | Sequence[Sequence[float]],
    *,
    score: SupportsFloat | None = None,
    control: str | None = None,
    id: str | None = None,
) -> Region:
    """The pixels of a mask: height × width of the picture; bool, 0 to 1, or 0 to 255. Needs numpy."""
    rle, width, height = masks.encode(mask)
    geometry = {"format": "rle", "rle": rle}
    return Region("brush", _labels(label), geometry, _score(score), "percent", (width, height), control, id)


def span(
    label: Labels,
    start: float,
    end: float,
    *,
    text: str | None = None,
    offsets: tuple[int, int] | None = None,
    channel: int = 0,
    score: SupportsFloat | None = None,
    control: str | None = None,
    id: str | None = None,
) -> Region:
    """From ``start`` to ``end``: characters of a text (its end left out), seconds of a sound, times of a
    series.

    In a dialogue they are the first and last paragraph, and ``offsets`` the characters within these.
    """
    geometry = {"start": start, "end": end, "channel": channel, "offsets": offsets}
    finite(start, "start"), finite(end, "end")
    return Region("span", _labels(label), geometry, _score(score), control=control, id=id, text=text)


def choice(*labels: str, score: SupportsFloat | None = None, control: str | None = None) -> Region:
    """One choice or several."""
    return Region("choice", labels, {}, _score(score), control=control)


def text(*texts: str, score: SupportsFloat | None = None, control: str | None = None) -> Region:
    """What is written for a control of texts."""
    return Region("text", (), {"text": list(texts)}, _score(score), control=control)


def number(value: float, *, score: SupportsFloat | None = None, control: str | None = None) -> Region:
    """A number."""
    return Region("number", (), {"number": finite(value, "number")}, _score(score), control=control)


def rating(stars: int, *, score: SupportsFloat | None = None, control: str | None = None) -> Region:
    """Stars."""
    return Region("rating", (), {"rating": int(stars)}, _score(score), control=control)


def datetime(written: str, *, score: SupportsFloat | None = None, control: str | None = None) -> Region:
    """A time as the control's format writes it."""
    return Region("datetime", (), {"datetime": written}, _score(score), control=control)


def finite(value: object, name: str) -> float:
    """A number of Python's, numpy's or torch's as a float. Raises Invalid("region-number")."""
    try:
        plain = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise Invalid("region-number", f"{name} is a number, and this is {value!r}.") from error
    if not math.isfinite(plain):
        raise Invalid("region-number", f"{name} is {plain}: a model that says this has failed.")
    return plain


def _numbers(given: Sequence[object], names: str) -> tuple[float, ...]:
    wanted = names.split()
    is_one = len(given) == 1 and isinstance(given[0], Sequence)
    values = list(cast("Sequence[object]", given[0])) if is_one else list(given)
    if len(values) != len(wanted):
        raise Invalid("region-number", f"Give {', '.join(wanted)}: {len(wanted)} numbers, not {len(values)}.")
    return tuple(finite(value, name) for value, name in zip(values, wanted, strict=True))


def _labels(label: Labels) -> tuple[str, ...]:
    return (label,) if isinstance(label, str) else tuple(label)


def _score(score: SupportsFloat | None) -> float | None:
    return None if score is None else finite(score, "score")
