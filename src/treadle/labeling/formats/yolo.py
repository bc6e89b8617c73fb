"""YOLO: an archive of ``classes.txt``, ``notes.json`` and one text file for each picture under ``labels/``.

A box is ``class x y width height`` (its centre), an outline is ``class x1 y1 x2 y2 …``, all as fractions of
the picture from 0 to 1.  Line n of ``classes.txt`` names class n.

As Label Studio writes it, with these differences, each of which loses less:
- classes are numbered in the order of the config (``classes.py``), and choices are no classes;
- a turned box is the upright box around it, where Label Studio forgets the turn (polygons and boxes that lie
  partly outside are cut at the edge); numbers stay within 0 and 1,
  since trainers drop a picture with others;
- an ellipse is an outline, where Label Studio leaves it out;
- points: where every point label has a ``model_index``, a box with points is a pose row (``x y visible`` for
  each point, zeros where one is missing), and points without a box are left out; without, a point is a box
  of the size of its dot, with a class of its own;
- a picture with several annotations has one file for each, where the last one of Label Studio replaces the
  others: the ground truth or the oldest has the picture's name, the next ``<name>-annotation-<id>.txt``.
As in Label Studio, a picture with boxes and outlines has rows of both kinds; most trainers want one kind.
A task that nobody annotated has no file: an empty one would say that nothing is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, BinaryIO

import msgspec

from treadle.labeling.config import LabelConfig
from treadle.labeling.config.shapes import Ellipse, KeyPoint, Rectangle
from treadle.labeling.formats.classes import ClassTable, labels_pictures
from treadle.labeling.formats.file_names import TakenNames, split_name
from treadle.labeling.formats.records import ExportAnnotation, ExportCounts, ExportFormat, ExportTask
from treadle.labeling.formats.regions import (
    Picture,
    PictureRegions,
    Points,
    Region,
    enclosing_box,
    labelled,
    outline,
    pictures_of,
    regions_of,
)
from treadle.labeling.formats.zip_stream import ZipWriter

#: Dots without a size are this many pixels wide.
_SMALLEST_DOT_PX = 2.0


def _write(
    tasks: Iterable[ExportTask], config: LabelConfig, out: BinaryIO, made_at: datetime
) -> ExportCounts:
    names = TakenNames()
    with ZipWriter(out, made_at) as archive:
        dataset = _Dataset(config, archive, names)
        for task in tasks:
            dataset.add(task)
        dataset.finish(made_at)
    names.close()
    return dataset.counts


class _Dataset:
    def __init__(self, config: LabelConfig, archive: ZipWriter, names: TakenNames) -> None:
        self.counts = ExportCounts()
        self._config = config
        self._archive = archive
        self._names = names
        self._classes = ClassTable(config)

    def add(self, task: ExportTask) -> None:
        self.counts.tasks += 1
        annotations = task.counted_annotations
        if not annotations:
            return
        stems = {picture: self._stem(picture, task) for picture in pictures_of(task, self._config)}
        for i, annotation in enumerate(annotations):
            self.counts.annotations += 1
            for place in regions_of(task, annotation, self._config, self.counts.left_out):
                self._add_file(stems[place.picture], place, annotation if i else None)

    def _stem(self, picture: Picture, task: ExportTask) -> str:
        stem, _ = split_name(picture.address, f"task-{task.task_id}")
        return self._names.take(stem, task.task_id)

    def _add_file(self, stem: str, place: PictureRegions, later: ExportAnnotation | None) -> None:
        if later is not None:
            stem = self._names.take(f"{stem}-annotation-{later.annotation_id}", later.annotation_id)
        rows = "".join(f"{row}\n" for row in self._rows(place))
        self._archive.add(f"labels/{stem}.txt", rows.encode())

    def _rows(self, place: PictureRegions) -> Iterator[str]:
        regions = list(labelled(place, self.counts.left_out))
        poses = self._take_points(regions) if self._classes.skeleton else None
        for region in regions:
            if poses is not None and isinstance(region.shape, KeyPoint):
                continue
            numbers = self._numbers(region, place.size_px)
            if numbers is None:
                continue
            if poses is not None and isinstance(region.shape, Rectangle):
                numbers += self._pose(poses.get(region.id, {}))
            for name in region.labels:
                yield " ".join([str(self._classes.number(name)), *map(_fraction, numbers)])

    def _numbers(self, region: Region, size_px: tuple[float, float] | None) -> list[float] | None:
        shape = region.shape
        if isinstance(shape, KeyPoint):
            return _clipped_box(_dot(shape, size_px or (1000.0, 1000.0)))
        if size_px is None and isinstance(shape, (Rectangle, Ellipse)) and shape.rotation:
            self.counts.left_out["no size of the picture"] += 1
            return None
        width, height = size_px or (1.0, 1.0)
        corners = outline(shape, width, height)
        if corners is None:
            self.counts.left_out["no area"] += 1
            return None
        fractions = [(x / width, y / height) for x, y in corners]
        if not isinstance(shape, Rectangle):
            return [_clip(number) for corner in fractions for number in corner]
        box = _clipped_box(fractions)
        if box is None:
            self.counts.left_out["outside of the picture"] += 1
        return box

    def _take_points(self, regions: list[Region]) -> dict[str, dict[str, KeyPoint]]:
        """The points of each box by name.  Those without a box cannot be told, and are counted."""
        boxes = {region.id for region in regions if isinstance(region.shape, Rectangle)}
        poses: dict[str, dict[str, KeyPoint]] = {}
        for region in regions:
            if not isinstance(region.shape, KeyPoint):
                continue
            points = poses.setdefault(region.parent_id, {}) if region.parent_id in boxes else None
            for name in region.labels:
                if points is None or name in points or name not in self._classes.skeleton:
                    self.counts.left_out["a point without a box"] += 1
                else:
                    points[name] = region.shape
        return poses

    def _pose(self, points: dict[str, KeyPoint]) -> list[float]:
        numbers: list[float] = []
        for name in self._classes.skeleton:
            point = points.get(name)
            numbers += [_clip(point.x / 100), _clip(point.y / 100), 2] if point else [0, 0, 0]
        return numbers

    def finish(self, made_at: datetime) -> None:
        """The files that tell the classes, which only the end knows."""
        lines = "".join(f"{line}\n" for line in self._classes.lines())
        self._archive.add("classes.txt", lines.encode())
        info = {"year": made_at.year, "version": "1.0", "contributor": "Treadle"}
        notes = {"categories": [self._category(*named) for named in self._classes.names()], "info": info}
        self._archive.add("notes.json", msgspec.json.format(msgspec.json.encode(notes), indent=2))

    def _category(self, number: int, name: str) -> dict[str, Any]:
        category: dict[str, Any] = {"id": number, "name": name}
        if self._classes.skeleton:
            category["keypoints"] = self._classes.skeleton
        return category


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
    return min(max(fraction, 0.0), 1.0)


def _fraction(number: float) -> str:
    # Eight digits: a thousandth of a pixel on the largest picture, and no exponents.
    return f"{number:.8f}".rstrip("0").rstrip(".")


FORMAT = ExportFormat(
    name="YOLO",
    title="YOLO",
    description="One text file for each picture, with a row of class and position for each box, polygon "
    "or ellipse.",
    tags=("image segmentation", "object detection", "keypoints"),
    extension="zip",
    content_type="application/zip",
    fits=labels_pictures,
    write=_write,
)
