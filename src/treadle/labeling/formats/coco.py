"""COCO: one ``result.json`` in an archive, with pictures, classes and annotations for object detection,
segmentation and keypoints.

As Label Studio writes it, with these differences, each of which loses less:
- classes are numbered in the order of the config (``classes.py``), and choices are no classes;
- ellipses are outlines, where Label Studio leaves them out; a region with two labels is two annotations;
- points: where every point label has a ``model_index``, the points of one object are one annotation (that of
  the box that is their parent, else of the class ``default``); without, each point is an annotation of the
  class that its label names;
- annotations are numbered from 1, since COCO's own evaluation takes 0 for "no match";
- a turned box is the upright box around it as it is seen; Label Studio turns it in percent, which is another
  box unless the picture is square;
- file names are safe and unique; ``coco_url`` says where the picture is, ``task_id`` whose it is.
A task with several annotations has one entry under ``images`` for each, as in Label Studio.
Source: cocodataset.org, "Data format".
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import IO, Any, TypeAlias

import msgspec

from treadle.labeling.config import LabelConfig
from treadle.labeling.config.shapes import Ellipse, KeyPoint, Rectangle
from treadle.labeling.formats.classes import ClassTable, labels_pictures
from treadle.labeling.formats.losses import Lose, Reason
from treadle.labeling.formats.picture_files import PictureFiles
from treadle.labeling.formats.records import ExportCounts, ExportFormat, ExportTask, Outlet
from treadle.labeling.formats.regions import (
    Picture,
    PictureRegions,
    Points,
    Region,
    enclosing_box,
    is_turned,
    labelled,
    outline,
    pictures_of,
    polygon_area,
    regions_of,
    submitted,
)
from treadle.labeling.formats.zip_stream import ZipWriter

_IN_MEMORY_BYTES = 4 * 1024 * 1024
Box: TypeAlias = tuple[float, float, float, float]
#: The class of points without a box, where the config has a skeleton.
_SKELETON_CLASS = "default"
_VISIBLE = 2


def _write(
    tasks: Iterable[ExportTask], config: LabelConfig, outlet: Outlet, *, with_pictures: bool
) -> ExportCounts:
    with (
        tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as images,
        tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as annotations,
        tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as document,
        ZipWriter(outlet.out, outlet.made_at) as archive,
        PictureFiles(outlet, archive, with_pictures=with_pictures) as files,
    ):
        dataset = _Dataset(config, outlet, files, images, annotations)
        for task in tasks:
            dataset.add(task)
        for part in dataset.document(outlet.made_at):
            document.write(part)
        document.seek(0)
        archive.add_file("result.json", document)
    return dataset.counts


class _Dataset:
    """Pictures and annotations on their way to disk, and the classes seen so far."""

    def __init__(
        self,
        config: LabelConfig,
        outlet: Outlet,
        files: PictureFiles,
        images: IO[bytes],
        annotations: IO[bytes],
    ) -> None:
        self.counts = ExportCounts()
        self._config = config
        self._losses = outlet.losses
        self._files = files
        self._images = images
        self._annotations = annotations
        self._classes = ClassTable(config)
        self._image_count = 0
        self._annotation_count = 0
        #: Classes whose annotations hold points, with the names of those.
        self._points: dict[str, tuple[str, ...]] = {}

    def add(self, task: ExportTask) -> None:
        self.counts.tasks += 1
        pictures = pictures_of(task, self._config)
        names = {picture: self._file_name(picture, task) for picture in pictures}
        if not task.annotations:
            for picture in pictures:
                self._add_image(PictureRegions(picture, task.picture_size_px), names[picture], task)
        for annotation in submitted(task, self._losses):
            self.counts.annotations += 1
            lose = self._losses.of(task.task_id, annotation.annotation_id)
            for place in regions_of(annotation, pictures, task.picture_size_px, lose):
                image = self._add_image(place, names[place.picture], task)
                for entry in self._entries(place, lose):
                    self._add_annotation({"image_id": image, **entry})

    def _file_name(self, picture: Picture, task: ExportTask) -> str:
        stem, ending = self._files.name(picture, task.task_id)
        return self._files.add(picture, stem, ending, task.task_id)

    def _add_image(self, place: PictureRegions, file_name: str, task: ExportTask) -> int:
        width, height = place.size_px or (None, None)
        image: dict[str, Any] = {"width": width, "height": height, "id": self._image_count}
        image.update(file_name=file_name, task_id=task.task_id)
        if not place.picture.address.startswith("data:"):
            image["coco_url"] = place.picture.address
        _append(self._images, image, self._image_count == 0)
        self._image_count += 1
        return self._image_count - 1

    def _add_annotation(self, entry: dict[str, Any]) -> None:
        self._annotation_count += 1
        _append(self._annotations, {"id": self._annotation_count, **entry}, self._annotation_count == 1)

    def _entries(self, place: PictureRegions, lose: Lose) -> Iterator[dict[str, Any]]:
        if place.size_px is None:
            for region in place.regions.values():
                lose(Reason.NO_SIZE, region.id)
            return
        size = place.size_px
        points: dict[str | None, list[Region]] = {}
        areas: list[Region] = []
        for region in labelled(place, lose):
            if not isinstance(region.shape, KeyPoint):
                areas.append(region)
            elif self._classes.skeleton:
                points.setdefault(region.parent_id, []).append(region)
            else:
                yield from self._lone_point(region, size)
        for region in areas:
            yield from self._area(region, points.pop(region.id, []), size, lose)
        for group in points.values():
            yield from self._loose_skeletons(group, size, lose)

    def _area(
        self, region: Region, points: list[Region], size: tuple[float, float], lose: Lose
    ) -> Iterator[dict[str, Any]]:
        corners = outline(region.shape, *size)
        if corners is None:
            lose(Reason.NO_AREA, region.id)
            return
        if is_turned(region.shape):
            lose(Reason.TURNED, region.id)
        entry = _area_entry(region, corners, size)
        groups = list(self._skeletons(points, size, lose))
        for name in region.labels:
            if groups:
                self._points[name] = self._classes.skeleton
                entry.update(groups[0])
            yield {"category_id": self._classes.number(name), **entry}
        for group in groups[1:]:
            # A second nose of the same object: it stays, as an object of its own.
            yield self._loose(group)

    def _lone_point(self, region: Region, size: tuple[float, float]) -> Iterator[dict[str, Any]]:
        x, y = _pixel(region, size)
        for name in region.labels:
            self._points[name] = (name,)
            box = {"segmentation": [], "bbox": [x, y, 0, 0], "ignore": 0, "iscrowd": 0, "area": 0}
            points = {"keypoints": [x, y, _VISIBLE], "num_keypoints": 1}
            yield {"category_id": self._classes.number(name), **box, **points}

    def _loose_skeletons(
        self, points: list[Region], size: tuple[float, float], lose: Lose
    ) -> Iterator[dict[str, Any]]:
        for group in self._skeletons(points, size, lose):
            yield self._loose(group)

    def _loose(self, group: dict[str, Any]) -> dict[str, Any]:
        self._points[_SKELETON_CLASS] = self._classes.skeleton
        triples = group["keypoints"]
        seen = [(x, y) for x, y, mark in zip(*(triples[i::3] for i in range(3)), strict=True) if mark]
        x, y, width, height = enclosing_box(seen)
        box = {
            "segmentation": [],
            "bbox": [x, y, width, height],
            "ignore": 0,
            "iscrowd": 0,
            "area": width * height,
        }
        return {"category_id": self._classes.number(_SKELETON_CLASS), **box, **group}

    def _skeletons(
        self, points: list[Region], size: tuple[float, float], lose: Lose
    ) -> Iterator[dict[str, Any]]:
        """The points as COCO lists them: x, y, 2 in the order of the skeleton, zeros where one is missing."""
        waiting = [(name, region) for region in points for name in region.labels]
        while waiting:
            taken: dict[str, Region] = {}
            later: list[tuple[str, Region]] = []
            for name, region in waiting:
                if name in taken:
                    later.append((name, region))
                elif name in self._classes.skeleton:
                    taken[name] = region
                else:
                    lose(Reason.UNKNOWN_POINT, region.id)
            waiting = later
            if taken:
                places = [_triple(taken.get(name), size) for name in self._classes.skeleton]
                yield {
                    "keypoints": [number for place in places for number in place],
                    "num_keypoints": len(taken),
                }

    def document(self, made_at: datetime) -> Iterator[bytes]:
        """The file, in parts."""
        yield b'{"images":['
        yield from _rest(self._images)
        yield b'],"categories":' + msgspec.json.encode(
            [self._category(*named) for named in self._classes.names()]
        )
        yield b',"annotations":['
        yield from _rest(self._annotations)
        made = {
            "year": made_at.year,
            "version": "1.0",
            "description": "",
            "contributor": "Treadle",
            "url": "",
        }
        yield b'],"info":' + msgspec.json.encode({**made, "date_created": str(made_at)}) + b"}\n"

    def _category(self, number: int, name: str) -> dict[str, Any]:
        points = self._points.get(name)
        if points is None:
            return {"id": number, "name": name}
        return {"id": number, "name": name, "supercategory": name, "keypoints": points, "skeleton": []}


def _append(spool: IO[bytes], entry: dict[str, Any], is_first: bool) -> None:
    spool.write((b"\n" if is_first else b",\n") + msgspec.json.encode(entry))


def _rest(spool: IO[bytes]) -> Iterator[bytes]:
    spool.seek(0)
    while chunk := spool.read(1024 * 1024):
        yield chunk


def _pixel(region: Region, size: tuple[float, float]) -> tuple[float, ...]:
    assert isinstance(region.shape, KeyPoint)
    return _rounded((region.shape.x * size[0] / 100, region.shape.y * size[1] / 100))


def _rounded(numbers: Iterable[float]) -> tuple[float, ...]:
    # A ten-thousandth of a pixel; beyond it are only the rounding errors of a turn.
    return tuple([round(number, 4) for number in numbers])


def _triple(region: Region | None, size: tuple[float, float]) -> tuple[float, ...]:
    return (0, 0, 0) if region is None else (*_pixel(region, size), _VISIBLE)


def _area_entry(region: Region, corners: Points, size: tuple[float, float]) -> dict[str, Any]:
    box = enclosing_box(corners)
    if isinstance(region.shape, Rectangle):
        # A turned box becomes the upright one around it, as detectors have it.
        return _measures([], box, box[2] * box[3])
    if isinstance(region.shape, Ellipse):
        box = _ellipse_box(region.shape, size)
        half_width, half_height = region.shape.radiusX * size[0] / 100, region.shape.radiusY * size[1] / 100
        area = math.pi * half_width * half_height
    else:
        area = polygon_area(corners)
    return _measures([_rounded(number for corner in corners for number in corner)], box, area)


def _measures(outlines: list[tuple[float, ...]], box: Box, area: float) -> dict[str, Any]:
    return {
        "segmentation": outlines,
        "bbox": _rounded(box),
        "ignore": 0,
        "iscrowd": 0,
        "area": round(area, 4),
    }


def _ellipse_box(ellipse: Ellipse, size: tuple[float, float]) -> tuple[float, float, float, float]:
    x, y = ellipse.x * size[0] / 100, ellipse.y * size[1] / 100
    a, b = ellipse.radiusX * size[0] / 100, ellipse.radiusY * size[1] / 100
    turned = math.radians(ellipse.rotation)
    half_width = math.hypot(a * math.cos(turned), b * math.sin(turned))
    half_height = math.hypot(a * math.sin(turned), b * math.cos(turned))
    return x - half_width, y - half_height, 2 * half_width, 2 * half_height


FORMAT = ExportFormat(
    name="COCO",
    title="COCO",
    description="One JSON file for object detection, segmentation and keypoints: boxes, polygons, ellipses "
    "and points in pixels.",
    tags=("image segmentation", "object detection", "keypoints"),
    extension="zip",
    content_type="application/zip",
    fits=labels_pictures,
    write=partial(_write, with_pictures=False),
)

WITH_IMAGES = replace(
    FORMAT,
    name="COCO_WITH_IMAGES",
    title="COCO with images",
    description="COCO, with the uploaded pictures in the archive.",
    write=partial(_write, with_pictures=True),
)
