"""Pascal VOC: an archive with one XML file for each picture under ``Annotations/``, boxes in whole pixels.

As Label Studio writes it, with these differences, each of which loses less:
- edges are rounded to the nearest pixel and stay on the picture; Label Studio cuts the corner and the size
  down one by one, so that an edge may be two pixels off;
- the box around a turned box, a polygon or an ellipse is written, where Label Studio forgets the turn and
  leaves the others out;
- a box with two labels is two objects, where Label Studio writes the first label;
- a picture with several annotations has one file for each, where the last one of Label Studio replaces the
  others: the ground truth or the oldest has the picture's name, the next ``<name>-annotation-<id>.xml``;
- a picture on which somebody saw nothing has a file without objects, where Label Studio has none.
Source: the PASCAL Visual Object Classes Challenge 2012, development kit, section 7.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from xml.sax.saxutils import escape

from treadle.labeling.config import LabelConfig
from treadle.labeling.config.shapes import Rectangle
from treadle.labeling.formats.classes import draws_areas
from treadle.labeling.formats.losses import Lose, Reason
from treadle.labeling.formats.picture_files import PictureFiles
from treadle.labeling.formats.records import ExportAnnotation, ExportCounts, ExportFormat, ExportTask, Outlet
from treadle.labeling.formats.regions import (
    Picture,
    PictureRegions,
    Region,
    enclosing_box,
    is_turned,
    labelled,
    outline,
    pictures_of,
    regions_of,
    submitted,
)
from treadle.labeling.formats.zip_stream import ZipWriter

#: What no XML can hold, escaped or not.
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = """<?xml version="1.0" encoding="utf-8"?>
<annotation>
<folder>images</folder>
<filename>{file_name}</filename>
<source>
<database>Treadle</database>
<annotation>{annotation_id}</annotation>
<image>{address}</image>
<annotator>{annotator}</annotator>
</source>
<size>
<width>{width}</width>
<height>{height}</height>
<depth>3</depth>
</size>
<segmented>0</segmented>
"""
_OBJECT = """<object>
<name>{name}</name>
<pose>Unspecified</pose>
<truncated>0</truncated>
<difficult>0</difficult>
<bndbox>
<xmin>{left}</xmin>
<ymin>{top}</ymin>
<xmax>{right}</xmax>
<ymax>{bottom}</ymax>
</bndbox>
</object>
"""


def _write(
    tasks: Iterable[ExportTask], config: LabelConfig, outlet: Outlet, *, with_pictures: bool
) -> ExportCounts:
    with (
        ZipWriter(outlet.out, outlet.made_at) as archive,
        PictureFiles(outlet, archive, with_pictures=with_pictures) as files,
    ):
        dataset = _Dataset(config, outlet, archive, files)
        for task in tasks:
            dataset.add(task)
    return dataset.counts


class _Dataset:
    def __init__(self, config: LabelConfig, outlet: Outlet, archive: ZipWriter, files: PictureFiles) -> None:
        self.counts = ExportCounts()
        self._config = config
        self._losses = outlet.losses
        self._archive = archive
        self._files = files

    def add(self, task: ExportTask) -> None:
        self.counts.tasks += 1
        annotations = submitted(task, self._losses)
        if not annotations:
            if not task.annotations:
                self._losses.add(Reason.NOT_ANNOTATED, task.task_id)
            return
        pictures = pictures_of(task, self._config)
        names = {}
        for picture in pictures:
            names[picture] = stem, ending = self._files.name(picture, task.task_id)
            self._files.add(picture, stem, ending, task.task_id)
        for i, annotation in enumerate(annotations):
            self.counts.annotations += 1
            lose = self._losses.of(task.task_id, annotation.annotation_id)
            for place in regions_of(annotation, pictures, task.picture_size_px, lose):
                stem, ending = names[place.picture]
                target = self._files.further(stem, annotation.annotation_id) if i else stem
                self._add_file(target, stem + ending, place, annotation, lose)

    def _add_file(
        self, target: str, file_name: str, place: PictureRegions, annotation: ExportAnnotation, lose: Lose
    ) -> None:
        if place.size_px is None:
            for region_id in place.regions or (None,):
                lose(Reason.NO_SIZE, region_id)
            return
        parts = [_head(place.picture, place.size_px, file_name, annotation)]
        parts += _objects(place, place.size_px, lose)
        parts.append("</annotation>\n")
        self._archive.add(f"Annotations/{target}.xml", "".join(parts).encode())


def _head(picture: Picture, size: tuple[int, int], file_name: str, annotation: ExportAnnotation) -> str:
    address = "" if picture.address.startswith("data:") else picture.address
    return _HEAD.format(
        file_name=_text(file_name),
        annotation_id=annotation.annotation_id,
        address=_text(address),
        annotator=annotation.completed_by or "",
        width=size[0],
        height=size[1],
    )


def _objects(place: PictureRegions, size: tuple[int, int], lose: Lose) -> Iterator[str]:
    for region in labelled(place, lose):
        box = _box(region, size, lose)
        if box is None:
            continue
        left, top, right, bottom = box
        for name in region.labels:
            yield _OBJECT.format(name=_text(name), left=left, top=top, right=right, bottom=bottom)


def _box(region: Region, size: tuple[int, int], lose: Lose) -> tuple[int, int, int, int] | None:
    corners = outline(region.shape, *size)
    if corners is None:
        lose(Reason.POINT if region.is_point else Reason.NO_AREA, region.id)
        return None
    x, y, width, height = enclosing_box(corners)
    across, down = _edges(x, x + width, size[0]), _edges(y, y + height, size[1])
    if across is None or down is None:
        lose(Reason.OUTSIDE, region.id)
        return None
    if not isinstance(region.shape, Rectangle):
        lose(Reason.BOX_AROUND, region.id)
    elif is_turned(region.shape):
        lose(Reason.TURNED, region.id)
    return across[0], down[0], across[1], down[1]


def _edges(first: float, second: float, most: int) -> tuple[int, int] | None:
    """Whole pixels from 0 to ``most``, at least one between them; None where all of it lies beyond."""
    if second < 0 or first > most:
        return None
    start, end = (min(max(round(number), 0), most) for number in (first, second))
    if start == end:
        start, end = (start - 1, end) if end == most else (start, end + 1)
    return start, end


def _text(written: str) -> str:
    return escape(_NO_XML.sub("\ufffd", written))


FORMAT = ExportFormat(
    name="VOC",
    title="Pascal VOC XML",
    description="One XML file for each picture, with a box in whole pixels for each region.",
    tags=("image segmentation", "object detection"),
    extension="zip",
    content_type="application/zip",
    fits=draws_areas,
    write=partial(_write, with_pictures=False),
)

WITH_IMAGES = replace(
    FORMAT,
    name="VOC_WITH_IMAGES",
    title="Pascal VOC XML with images",
    description="Pascal VOC, with the uploaded pictures in the archive.",
    write=partial(_write, with_pictures=True),
)
