"""The regions of an annotation on its pictures: shapes with their labels, in percent and in pixels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
from msgspec import Raw, Struct

from treadle.labeling.config import LabelConfig
from treadle.labeling.config.shapes import (
    DECODERS,
    SHAPES,
    Answer,
    Ellipse,
    KeyPoint,
    Polygon,
    Rectangle,
    Value,
    Vector,
    find_geometry,
)
from treadle.labeling.config.task_data import look_up
from treadle.labeling.formats.records import ExportAnnotation, ExportTask

#: Corners of the outline that stands for an ellipse; a multiple of four, so that it has the true extremes.
ELLIPSE_CORNERS = 64

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a task: of one object, and of one page where it shows several."""

    to_name: str
    page: int
    address: str


@dataclass(slots=True)
class Region:
    """One shape on a picture.  Items of a result that share an id are one region."""

    id: str
    shape: Value
    labels: list[str]
    parent_id: str | None


@dataclass(slots=True)
class PictureRegions:
    """What one annotation says about one picture."""

    picture: Picture
    size_px: tuple[int, int] | None
    #: By id.
    regions: dict[str, Region] = field(default_factory=dict)


class _Item(Struct):
    type: str = ""
    value: Raw = Raw(b"{}")
    id: str | None = None
    to_name: str | None = None
    original_width: float | None = None
    original_height: float | None = None
    item_index: int | None = None
    parentID: str | None = None


_ITEMS = msgspec.json.Decoder(list[_Item])


def pictures_of(task: ExportTask, config: LabelConfig) -> list[Picture]:
    """Every picture that the task shows, in the order of the config."""
    data = msgspec.json.decode(task.data_json)
    found: list[Picture] = []
    for tag in config.objects:
        if tag.tag != "Image":
            continue
        shown = look_up(data, tag.variables[0])[1] if tag.variables else tag.value
        addresses = shown if isinstance(shown, list) else [shown]
        found.extend(Picture(tag.name, page, str(address or "")) for page, address in enumerate(addresses))
    return found


def regions_of(
    task: ExportTask, annotation: ExportAnnotation, config: LabelConfig, left_out: Counter[str]
) -> list[PictureRegions]:
    """What an annotation says about every picture of its task; what cannot be told is counted."""
    pictures = pictures_of(task, config)
    # The one size that is known for a task says nothing where it shows several pictures.
    size_px = task.picture_size_px if len(pictures) == 1 else None
    found = {(picture.to_name, picture.page): PictureRegions(picture, size_px) for picture in pictures}
    for i, item in enumerate(_items(annotation.result_json, left_out)):
        place = found.get((item.to_name or "", item.item_index or 0))
        if place is None:
            if _is_region(item.type):
                left_out["not on a picture"] += 1
            continue
        if item.original_width and item.original_height:
            place.size_px = round(item.original_width), round(item.original_height)
        _add_item(place, item, item.id or f"#{i}", left_out)
    return list(found.values())


def _items(result_json: bytes, left_out: Counter[str]) -> list[_Item]:
    try:
        return _ITEMS.decode(result_json)
    except (msgspec.DecodeError, RecursionError):
        # Saved before it was checked, by an import: it must not keep the other labels from leaving.
        left_out["malformed"] += 1
        return []


def _is_region(result_type: str) -> bool:
    shape = SHAPES.get(result_type)
    return result_type == "labels" or (shape is not None and not issubclass(shape, Answer))


def _add_item(place: PictureRegions, item: _Item, region_id: str, left_out: Counter[str]) -> None:
    same = place.regions.get(region_id)
    try:
        kind = find_geometry(item.value, "Image")
        shape = DECODERS[kind].decode(item.value) if kind in _DRAWN else None
    except (msgspec.DecodeError, RecursionError):
        left_out["malformed"] += 1
        return
    if shape is None:
        if kind is not None and same is None:
            left_out[f"{item.type} has no outline"] += 1
        return
    if same is None:
        same = Region(region_id, shape, [], item.parentID)
        place.regions[region_id] = same
    own = getattr(shape, item.type, None) if item.type.endswith("labels") else None
    for name in own or shape.labels or ():
        if name not in same.labels:
            same.labels.append(name)


_DRAWN: tuple[type[Value], ...] = (Rectangle, Ellipse, Polygon, KeyPoint, Vector)


def labelled(place: PictureRegions, left_out: Counter[str]) -> Iterator[Region]:
    """The regions that carry a label; the others are counted as left out."""
    for region in place.regions.values():
        if region.labels:
            yield region
        else:
            left_out["no label"] += 1


def outline(shape: Value, width: float, height: float) -> Points | None:
    """The corners of an area in pixels of a picture of that size; None where the shape is no area.

    Clockwise for boxes from the top left corner; ellipses with ``ELLIPSE_CORNERS`` corners.
    """
    if isinstance(shape, Rectangle):
        return _box_corners(shape, width, height)
    if isinstance(shape, Ellipse):
        return _ellipse_corners(shape, width, height)
    corners: Points = []
    if isinstance(shape, Polygon):
        corners = [(x * width / 100, y * height / 100) for x, y in shape.points]
    elif isinstance(shape, Vector) and shape.closed and not any(vertex.isBezier for vertex in shape.vertices):
        corners = [(vertex.x * width / 100, vertex.y * height / 100) for vertex in shape.vertices]
    return corners if len(corners) >= 3 else None


def _box_corners(box: Rectangle, width: float, height: float) -> Points:
    x, y = box.x * width / 100, box.y * height / 100
    w, h = box.width * width / 100, box.height * height / 100
    sine, cosine = _sine_cosine(box.rotation)
    return [
        (x + dx * cosine - dy * sine, y + dx * sine + dy * cosine)
        for dx, dy in ((0, 0), (w, 0), (w, h), (0, h))
    ]


def _ellipse_corners(ellipse: Ellipse, width: float, height: float) -> Points:
    x, y = ellipse.x * width / 100, ellipse.y * height / 100
    a, b = ellipse.radiusX * width / 100, ellipse.radiusY * height / 100
    sine, cosine = _sine_cosine(ellipse.rotation)
    turns = (2 * math.pi * i / ELLIPSE_CORNERS for i in range(ELLIPSE_CORNERS))
    around = [(a * math.cos(turn), b * math.sin(turn)) for turn in turns]
    return [(x + dx * cosine - dy * sine, y + dx * sine + dy * cosine) for dx, dy in around]


def _sine_cosine(degrees: float) -> tuple[float, float]:
    # Exact at right angles, where sin and cos are off by 1e-16 and an upright box would not be upright.
    exact = {0.0: (0.0, 1.0), 90.0: (1.0, 0.0), 180.0: (0.0, -1.0), 270.0: (-1.0, 0.0)}
    turned = math.radians(degrees)
    return exact.get(degrees % 360, (math.sin(turned), math.cos(turned)))


def enclosing_box(points: Points) -> tuple[float, float, float, float]:
    """x, y, width, height of the upright box around the points, in their unit."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, top = min(xs), min(ys)
    return left, top, max(xs) - left, max(ys) - top


def polygon_area(points: Points) -> float:
    """The area inside, by the shoelace formula; 0 for fewer than three points."""
    following = [*points[1:], *points[:1]]
    return (
        abs(sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in zip(points, following, strict=True)))
        / 2
    )
