"""The regions of an annotation on its pictures: shapes with their labels, in percent and in pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import Raw, Struct

from treadle.labeling.config import LabelConfig
from treadle.labeling.config.shapes import (
    DECODERS,
    SHAPES,
    Answer,
    Bitmask,
    Brush,
    Ellipse,
    KeyPoint,
    Polygon,
    Rectangle,
    Value,
    Vector,
    find_geometry,
)
from treadle.labeling.config.task_data import look_up
from treadle.labeling.formats.losses import Lose, LossReport, Reason
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

    @property
    def is_point(self) -> bool:
        """Whether it has no extent."""
        return isinstance(self.shape, KeyPoint)


@dataclass(slots=True)
class PictureRegions:
    """What one annotation says about one picture."""

    picture: Picture
    size_px: tuple[int, int] | None
    #: By id.
    regions: dict[str, Region] = field(default_factory=dict)


class ResultItem(Struct):
    """One item of a result, as far as formats look into it."""

    type: str = ""
    value: Raw = Raw(b"{}")
    id: str | None = None
    to_name: str | None = None
    original_width: float | None = None
    original_height: float | None = None
    item_index: int | None = None
    parentID: str | None = None


_ITEMS = msgspec.json.Decoder(list[ResultItem])
_ITEM = msgspec.json.Decoder(ResultItem)
_RAW_ITEMS = msgspec.json.Decoder(list[Raw])


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
    annotation: ExportAnnotation,
    pictures: Sequence[Picture],
    task_size_px: tuple[int, int] | None,
    lose: Lose,
) -> list[PictureRegions]:
    """What an annotation says about every picture of its task; what cannot be told is noted as lost.

    task_size_px: of the one picture that the server measured for the task, where it did.
    """
    # The one size that is known for a task says nothing where it shows several pictures.
    size_px = task_size_px if len(pictures) == 1 else None
    found = {(picture.to_name, picture.page): PictureRegions(picture, size_px) for picture in pictures}
    for i, item in enumerate(items_of(annotation.result_json, lose)):
        if is_lost_answer(item, lose):
            continue
        place = found.get((item.to_name or "", item.item_index or 0))
        if place is None:
            lose(Reason.NOT_ON_PICTURE, item.id)
            continue
        if item.original_width and item.original_height:
            place.size_px = round(item.original_width), round(item.original_height)
        _add_item(place, item, item.id or f"#{i}", lose)
    return list(found.values())


def items_of(result_json: bytes, lose: Lose) -> list[ResultItem]:
    """The items of a result.

    What was saved before results were checked, by an import, must not keep the other labels from leaving: an
    item that cannot be read is noted as lost.
    """
    try:
        return _ITEMS.decode(result_json)
    except (msgspec.DecodeError, RecursionError):
        return list(_readable(result_json, lose))


def _readable(result_json: bytes, lose: Lose) -> Iterator[ResultItem]:
    try:
        items = _RAW_ITEMS.decode(result_json)
    except (msgspec.DecodeError, RecursionError):
        lose(Reason.MALFORMED, None)
        return
    for item in items:
        if found := _read_item(item):
            yield found
        else:
            lose(Reason.MALFORMED, None)


def _read_item(item: Raw) -> ResultItem | None:
    try:
        return _ITEM.decode(item)
    except (msgspec.DecodeError, RecursionError):
        return None


def is_lost_answer(item: ResultItem, lose: Lose) -> bool:
    """Whether an item is a relation or an answer, which no format of regions can hold; noted as lost."""
    if item.type == "relation":
        lose(Reason.RELATION, None)
        return True
    shape = SHAPES.get(item.type)
    if shape is not None and issubclass(shape, Answer):
        lose(Reason.ANSWER, item.id)
        return True
    return False


def _add_item(place: PictureRegions, item: ResultItem, region_id: str, lose: Lose) -> None:
    same = place.regions.get(region_id)
    try:
        # The type mostly tells; only ``labels`` and the like name whatever was drawn.
        kind = SHAPES.get(item.type) or find_geometry(item.value, "Image")
        shape = DECODERS[kind].decode(item.value) if kind in _DRAWN else None
    except (msgspec.DecodeError, RecursionError):
        lose(Reason.MALFORMED, item.id)
        return
    if shape is None:
        if same is None:
            lose(Reason.MASK if kind in (Brush, Bitmask) else Reason.OTHER_KIND, item.id)
        return
    if same is None:
        same = Region(region_id, shape, [], item.parentID)
        place.regions[region_id] = same
    own = getattr(shape, item.type, None) if item.type.endswith("labels") else None
    for name in own or shape.labels or ():
        if name not in same.labels:
            same.labels.append(name)


_DRAWN: tuple[type[Value], ...] = (Rectangle, Ellipse, Polygon, KeyPoint, Vector)


def labelled(place: PictureRegions, lose: Lose) -> Iterator[Region]:
    """The regions that carry a label; the others are noted as lost."""
    for region in place.regions.values():
        if region.labels:
            yield region
        else:
            lose(Reason.NO_LABEL, region.id)


def submitted(task: ExportTask, losses: LossReport) -> tuple[ExportAnnotation, ...]:
    """The annotations that say something, ground truth first; skipped ones are noted as lost."""
    counted = task.counted_annotations
    if len(counted) < len(task.annotations):
        for annotation in task.annotations:
            if annotation.was_cancelled:
                losses.add(Reason.SKIPPED, task.task_id, annotation.annotation_id)
    return counted


def is_turned(shape: Value) -> bool:
    """Whether a shape is a box that is not upright."""
    return isinstance(shape, Rectangle) and shape.rotation % 90 != 0


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
    if not box.rotation:  # Nearly all of them.
        return [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
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


def ellipse_box(ellipse: Ellipse, width: float, height: float) -> Points:
    """The corners of the box that turns with an ellipse and touches it on every side, in pixels."""
    a, b = 2 * ellipse.radiusX, 2 * ellipse.radiusY
    sine, cosine = _sine_cosine(ellipse.rotation)
    left, up = -a / 200 * width, -b / 200 * height
    x = ellipse.x * width / 100 + left * cosine - up * sine
    y = ellipse.y * height / 100 + left * sine + up * cosine
    box = Rectangle(x=x * 100 / width, y=y * 100 / height, width=a, height=b, rotation=ellipse.rotation)
    return _box_corners(box, width, height)


def smallest_box(points: Points, width: float, height: float) -> Points:
    """The corners, clockwise, of the smallest box in any direction that holds the points.

    Of those that lie on the picture, where one does: the upright one does if the points do.
    One of its sides lies along a side of the convex hull.  Source: Freeman and Shapira, CACM 18 (1975).
    """
    hull = _convex_hull(points)
    sides = [*zip(hull, [*hull[1:], hull[0]], strict=True), ((0.0, 0.0), (1.0, 0.0))]
    boxes = [_box_along(hull, start, end) for start, end in sides]
    inside = [box for box in boxes if all(0 <= x <= width and 0 <= y <= height for x, y in box[1])]
    return min(inside or boxes)[1]


def _box_along(hull: Points, start: tuple[float, float], end: tuple[float, float]) -> tuple[float, Points]:
    """Area and corners of the box around the hull that has a side in the direction from start to end."""
    length = math.dist(start, end) or 1.0
    cosine, sine = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    turned = [(x * cosine + y * sine, y * cosine - x * sine) for x, y in hull]
    left, top, width, height = enclosing_box(turned)
    corners = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
    placed = [(left + dx, top + dy) for dx, dy in corners]
    return width * height, [(x * cosine - y * sine, x * sine + y * cosine) for x, y in placed]


def _convex_hull(points: Points) -> Points:
    # Andrew's monotone chain.
    ordered = sorted(set(points))
    if len(ordered) < 3:
        return ordered
    return [*_half_hull(ordered), *_half_hull(ordered[::-1])]


def _half_hull(ordered: Points) -> Points:
    half: Points = []
    for x, y in ordered:
        while len(half) >= 2 and _cross(half[-2], half[-1], (x, y)) <= 0:
            half.pop()
        half.append((x, y))
    return half[:-1]


def _cross(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


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
