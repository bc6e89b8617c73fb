"""A dataset on disk as ultralytics reads it: pictures, one text of labels each, and data.yaml.

Pictures are linked where the disk allows it. Numbers are parts of 1 of width and height, within the picture.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from treadle.errors import Invalid
from treadle.ml.examples import Example, Point, Shape
from treadle.ml.labels import Control, LabelConfig

Kind = Literal["detect", "obb", "segment", "pose", "classify"]
_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
_SEEN = 2
_SHAPES = ("rectanglelabels", "polygonlabels", "ellipselabels", "brushlabels", "labels")
#: What each kind is learned from, where no control is named.
CONTROLS: dict[Kind, tuple[str, ...]] = {
    "detect": _SHAPES,
    "obb": _SHAPES,
    "segment": _SHAPES,
    "pose": ("rectanglelabels", "labels"),
    "classify": ("choices",),
}


@dataclass(frozen=True)
class Writing:
    """One set to be written."""

    folder: Path
    control: Control
    config: LabelConfig

    def write(self, kind: Kind, sides: Mapping[str, Iterable[Example]]) -> Path:
        """Write both sides; what ``data=`` takes. Raises Invalid where the control cannot say it."""
        self._check(kind)
        for side, examples in sides.items():
            for number, example in enumerate(examples):
                if kind == "classify":
                    self._write_class(side, number, example)
                else:
                    self._write_labels(kind, side, number, example)
        if kind == "classify":
            return self.folder
        return self._write_yaml(kind, sides)

    def _check(self, kind: Kind) -> None:
        has_choices = self.control.kind == "choices"
        if has_choices != (kind == "classify"):
            raise Invalid(
                "yolo-kind", f'The control "{self.control.name}" is {self.control.tag}: it does not {kind}.'
            )
        if kind == "pose" and self.control.kind == "keypointlabels":
            raise Invalid(
                "yolo-kind", "Poses are named by the control of their boxes; their points lie within."
            )

    def _write_class(self, side: str, number: int, example: Example) -> None:
        for label in example.answers(self.control.name)[:1]:
            self._keep_picture(example, self.folder / side / label.replace("/", "_"), number)

    def _write_labels(self, kind: Kind, side: str, number: int, example: Example) -> None:
        self._keep_picture(example, self.folder / "images" / side, number)
        texts = self.folder / "labels" / side
        texts.mkdir(parents=True, exist_ok=True)
        drawn = example.drawn(self.control)
        lines = [line for place, shape in drawn for line in self._lines(kind, place, shape, example)]
        (texts / f"{number:06d}.txt").write_text("".join(f"{line}\n" for line in lines), "utf-8")

    def _lines(self, kind: Kind, place: int, shape: Shape, example: Example) -> Iterator[str]:
        for numbers in self._numbers(kind, shape, example):
            yield " ".join((str(place), *(f"{number:.6g}" for number in numbers)))

    def _numbers(self, kind: Kind, shape: Shape, example: Example) -> list[list[float]]:
        if kind == "segment":
            return [_flat(outline) for outline in shape.outlines]
        if kind == "obb":
            return [_flat(_corners(shape))]
        if kind == "pose":
            return [[*_centred(shape), *self._points(shape, example)]]
        return [_centred(shape)]

    def _points(self, shape: Shape, example: Example) -> list[float]:
        """Each named point of a box: x, y, 2; three noughts where it was not marked."""
        marked = {
            label: point.point
            for point in example.shapes
            if point.point is not None and point.parent == shape.id
            for label in point.labels
        }
        found = [marked.get(label) for label in self._point_labels()]
        return [number for point in found for number in ((*point, _SEEN) if point else (0, 0, 0))]

    def _point_labels(self) -> tuple[str, ...]:
        points = self.config.of_kinds(["keypointlabels"])
        if len(points) != 1:
            raise Invalid("yolo-kind", f"A pose has one KeyPointLabels, and this config has {len(points)}.")
        return points[0].labels

    def _keep_picture(self, example: Example, folder: Path, number: int) -> None:
        source = example.task.path(self.control.value_key or None)
        folder.mkdir(parents=True, exist_ok=True)
        keep_picture(source, folder / f"{number:06d}{_suffix(source)}")

    def _write_yaml(self, kind: Kind, sides: Mapping[str, Iterable[Example]]) -> Path:
        lines = [f"path: {json.dumps(str(self.folder.resolve()))}"]
        lines += [f"{side}: images/{side}" for side in sides]
        if kind == "pose":
            lines.append(f"kpt_shape: [{len(self._point_labels())}, 3]")
        lines.append("names:")
        lines += [f"  {place}: {json.dumps(label)}" for place, label in enumerate(self.control.labels)]
        path = self.folder / "data.yaml"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path


def keep_picture(source: Path, target: Path) -> None:
    """``source`` as ``target``, linked where the disk allows it."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another disk, or one that knows no links
        shutil.copyfile(source, target)


def _suffix(path: Path) -> str:
    """An ending that trainers take; by the first bytes where the name has none."""
    if path.suffix.lower() in _PICTURES:
        return path.suffix.lower()
    with path.open("rb") as file:
        head = file.read(12)
    if head.startswith(b"\x89PNG"):
        return ".png"
    return ".webp" if head[8:12] == b"WEBP" else ".jpg"


def _centred(shape: Shape) -> list[float]:
    left, top, right, bottom = shape.box
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def _corners(shape: Shape) -> tuple[Point, ...]:
    if shape.kind == "rectangle" or len(shape.outlines[0]) == 4:
        return shape.outlines[0]
    left, top, right, bottom = shape.box
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _flat(points: Iterable[Point]) -> list[float]:
    return [min(max(part, 0.0), 1.0) for point in points for part in point]
