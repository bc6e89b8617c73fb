"""Rows of YOLO: what one annotation says about one picture, as lines of numbers.

``detection_rows`` writes ``class x y width height`` (centre) for boxes, ``class x1 y1 x2 y2 …`` for outlines
and poses for boxes with points; ``turned_rows`` writes the four corners of turned boxes.  All are fractions
of the picture from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterator

from treadle.labeling.config.shapes import Ellipse, KeyPoint, Rectangle
from treadle.labeling.formats.classes import ClassTable
from treadle.labeling.formats.losses import Lose, Reason
from treadle.labeling.formats.regions import (
    PictureRegions,
    Points,
    Region,
    ellipse_box,
    enclosing_box,
    is_turned,
    labelled,
    outline,
    smallest_box,
)

#: Dots without a size are this many pixels wide.
_SMALLEST_DOT_PX = 2.0
_CORNERS = 4
#: What a turn of a box on the very edge comes to beside it.
_ROUNDING = 1e-9


def detection_rows(place: PictureRegions, classes: ClassTable, lose: Lose) -> Iterator[str]:
    """Upright boxes, outlines and poses."""
    regions = list(labelled(place, lose))
    poses = _take_points(regions, classes, lose) if classes.skeleton else None
    for region in regions:
        if poses is not None and isinstance(region.shape, KeyPoint):
            continue
        numbers = _numbers(region, place.size_px, lose)
        if numbers is None:
            continue
        if poses is not None and isinstance(region.shape, Rectangle):
            numbers += _pose(poses.get(region.id, {}), classes)
        yield from _lines(region, numbers, classes)


def turned_rows(place: PictureRegions, classes: ClassTable, lose: Lose) -> Iterator[str]:
    """The four corners of each box; clockwise from its own top left corner where it is a box."""
    for region in labelled(place, lose):
        corners = _corners(region, place.size_px, lose)
        if corners is None:
            continue
        clipped = [_clip(number) for number in corners]
        if max(map(abs, map(float.__sub__, clipped, corners))) > _ROUNDING:
            is_outside = _is_line(clipped[::2]) or _is_line(clipped[1::2])
            lose(Reason.OUTSIDE if is_outside else Reason.CUT, region.id)
            if is_outside:
                continue
        yield from _lines(region, clipped, classes)


def _is_line(numbers: list[float]) -> bool:
    return min(numbers) == max(numbers)


def _lines(region: Region, numbers: list[float], classes: ClassTable) -> Iterator[str]:
    for name in region.labels:
        yield " ".join([str(classes.number(name)), *map(_fraction, numbers)])


def _corners(region: Region, size_px: tuple[float, float] | None, lose: Lose) -> list[float] | None:
    shape = region.shape
    if isinstance(shape, KeyPoint):
        lose(Reason.POINT, region.id)
        return None
    if size_px is None:
        if not isinstance(shape, Rectangle) or shape.rotation % 360:
            lose(Reason.NO_SIZE, region.id)
            return None
        size_px = (1.0, 1.0)
    width, height = size_px
    found = outline(shape, width, height)
    if found is None:
        lose(Reason.NO_AREA, region.id)
        return None
    if len(found) != _CORNERS:
        lose(Reason.TURNED_BOX_AROUND, region.id)
        found = (
            ellipse_box(shape, width, height) if isinstance(shape, Ellipse) else smallest_box(found, *size_px)
        )
    return [number for x, y in found for number in (x / width, y / height)]


def _numbers(region: Region, size_px: tuple[float, float] | None, lose: Lose) -> list[float] | None:
    shape = region.shape
    if isinstance(shape, KeyPoint):
        return _clipped_box(_dot(shape, size_px or (1000.0, 1000.0)))
    if size_px is None and isinstance(shape, (Rectangle, Ellipse)) and shape.rotation:
        lose(Reason.NO_SIZE, region.id)
        return None
    width, height = size_px or (1.0, 1.0)
    corners = outline(shape, width, height)
    if corners is None:
        lose(Reason.NO_AREA, region.id)
        return None
    fractions = [(x / width, y / height) for x, y in corners]
    if not isinstance(shape, Rectangle):
        return [_clip(number) for corner in fractions for number in corner]
    box = _clipped_box(fractions)
    if box is None:
        lose(Reason.OUTSIDE, region.id)
    elif is_turned(shape):
        lose(Reason.TURNED, region.id)
    return box


def _take_points(regions: list[Region], classes: ClassTable, lose: Lose) -> dict[str, dict[str, KeyPoint]]:
    """The points of each box by name.  Those without a box cannot be told."""
    boxes = {region.id for region in regions if isinstance(region.shape, Rectangle)}
    poses: dict[str, dict[str, KeyPoint]] = {}
    for region in regions:
        if not isinstance(region.shape, KeyPoint):
            continue
        points = poses.setdefault(region.parent_id, {}) if region.parent_id in boxes else None
        for name in region.labels:
            if points is None or name in points or name not in classes.skeleton:
                lose(Reason.POINT_WITHOUT_BOX, region.id)
            else:
                points[name] = region.shape
    return poses


def _pose(points: dict[str, KeyPoint], classes: ClassTable) -> list[float]:
    numbers: list[float] = []
    for name in classes.skeleton:
        point = points.get(name)
        numbers += [_clip(point.x / 100), _clip(point.y / 100), 2] if point else [0, 0, 0]
    return numbers


def _dot(point: KeyPoint, size_px: tuple[float, float]) -> Points:
    width, height = size_px
    radius = max((point.width or 0) / 100 * width, _SMALLEST_DOT_PX) / 2
    x, y = point.x / 100, point.y / 100
    # No further than the edge on either side, so that the centre stays where the point is.
    across = min(radius / width, max(x, 0), max(1 - x, 0))
    down = min(radius / height, max(y, 0), max(1 - y, 0))
    return [(x - across, y - down), (x + across, y + down)]


def _clipped_box(corners: Points) -> list[float] | None:
    """Centre, width and height of the box around the corners, as far as it lies on the picture."""
    x, y, width, height = enclosing_box(corners)
    left, top, right, bottom = _clip(x), _clip(y), _clip(x + width), _clip(y + height)
    if (width > 0 and left == right) or (height > 0 and top == bottom):
        return None
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def _clip(fraction: float) -> float:
    return 0.0 if fraction < 0 else 1.0 if fraction > 1 else fraction


def _fraction(number: float) -> str:
    # Eight digits: a thousandth of a pixel on the largest picture, and no exponents.
    text = f"{number:.8f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
