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

YOLO_OBB is the same with ``class x1 y1 x2 y2 x3 y3 x4 y4``: the corners of a box, turned as it is, clockwise
from the one that was its top left.  Polygons of four corners are rows as they are, others and ellipses the
smallest box around them (Label Studio writes all corners, which trainers refuse); points are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

import msgspec

from treadle.labeling.config import LabelConfig
from treadle.labeling.formats.classes import ClassTable, draws_areas, labels_pictures
from treadle.labeling.formats.losses import Lose, Reason
from treadle.labeling.formats.picture_files import PictureFiles
from treadle.labeling.formats.records import ExportAnnotation, ExportCounts, ExportFormat, ExportTask, Outlet
from treadle.labeling.formats.regions import PictureRegions, pictures_of, regions_of, submitted
from treadle.labeling.formats.yolo_rows import detection_rows, turned_rows
from treadle.labeling.formats.zip_stream import ZipWriter

#: The lines for one picture.
_Rows: TypeAlias = Callable[[PictureRegions, ClassTable, Lose], Iterator[str]]


def _write(
    tasks: Iterable[ExportTask],
    config: LabelConfig,
    outlet: Outlet,
    *,
    rows: _Rows = detection_rows,
    with_pictures: bool = False,
) -> ExportCounts:
    with (
        ZipWriter(outlet.out, outlet.made_at) as archive,
        PictureFiles(outlet, archive, with_pictures=with_pictures) as files,
    ):
        dataset = _Dataset(config, outlet, archive, files, rows)
        for task in tasks:
            dataset.add(task)
        dataset.finish(outlet.made_at)
    return dataset.counts


class _Dataset:
    def __init__(
        self, config: LabelConfig, outlet: Outlet, archive: ZipWriter, files: PictureFiles, rows: _Rows
    ) -> None:
        self.counts = ExportCounts()
        self._config = config
        self._losses = outlet.losses
        self._archive = archive
        self._files = files
        self._rows = rows
        self._classes = ClassTable(config)

    def add(self, task: ExportTask) -> None:
        self.counts.tasks += 1
        annotations = submitted(task, self._losses)
        if not annotations:
            if not task.annotations:
                self._losses.add(Reason.NOT_ANNOTATED, task.task_id)
            return
        pictures = pictures_of(task, self._config)
        stems = {}
        for picture in pictures:
            stem, ending = self._files.name(picture, task.task_id)
            stems[picture] = stem
            self._files.add(picture, stem, ending, task.task_id)
        for i, annotation in enumerate(annotations):
            self.counts.annotations += 1
            lose = self._losses.of(task.task_id, annotation.annotation_id)
            for place in regions_of(annotation, pictures, task.picture_size_px, lose):
                self._add_file(stems[place.picture], place, annotation if i else None, lose)

    def _add_file(self, stem: str, place: PictureRegions, later: ExportAnnotation | None, lose: Lose) -> None:
        if later is not None:
            stem = self._files.further(stem, later.annotation_id)
        rows = "".join([f"{row}\n" for row in self._rows(place, self._classes, lose)])
        self._archive.add(f"labels/{stem}.txt", rows.encode())

    def finish(self, made_at: datetime) -> None:
        """The files that tell the classes, which only the end knows."""
        lines = "".join(f"{line}\n" for line in self._classes.lines())
        self._archive.add("classes.txt", lines.encode())
        info = {"year": made_at.year, "version": "1.0", "contributor": "Treadle"}
        notes = {"categories": [self._category(*named) for named in self._classes.names()], "info": info}
        self._archive.add("notes.json", msgspec.json.format(msgspec.json.encode(notes), indent=2))

    def _category(self, number: int, name: str) -> dict[str, Any]:
        category: dict[str, Any] = {"id": number, "name": name}
        if self._classes.skeleton and self._rows is detection_rows:
            category["keypoints"] = self._classes.skeleton
        return category


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

WITH_IMAGES = replace(
    FORMAT,
    name="YOLO_WITH_IMAGES",
    title="YOLO with images",
    description="YOLO, with the uploaded pictures in the archive.",
    write=partial(_write, with_pictures=True),
)

OBB = replace(
    FORMAT,
    name="YOLO_OBB",
    title="YOLO oriented boxes",
    description="One text file for each picture, with a row of class and four corners for each box, turned "
    "as it is.",
    tags=("image segmentation", "object detection"),
    fits=draws_areas,
    write=partial(_write, rows=turned_rows),
)

OBB_WITH_IMAGES = replace(
    OBB,
    name="YOLO_OBB_WITH_IMAGES",
    title="YOLO oriented boxes with images",
    description="YOLO oriented boxes, with the uploaded pictures in the archive.",
    write=partial(_write, rows=turned_rows, with_pictures=True),
)
