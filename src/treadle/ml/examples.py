"""Which annotation of a task is finished work, and what it says, shape by shape.

Left out: what was cancelled, skipped or rejected, and tasks that nobody finished. Of several annotations the
ground truth counts, else the one that was changed last.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

from treadle.ml import masks, outlines
from treadle.ml.labels import Control
from treadle.ml.regions import Size
from treadle.ml.servers import lasting
from treadle.ml.tasks import Task

Result = Mapping[str, object]
Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """One labelled region of a picture: its labels, and its outlines in parts of 1 of width and height."""

    labels: tuple[str, ...]
    kind: str
    #: Each a closed outline; several where a mask has several parts. Empty for a point.
    outlines: tuple[tuple[Point, ...], ...]
    id: str
    parent: str | None
    point: Point | None = None
    #: The names of the controls that wrote it.
    controls: frozenset[str] = frozenset()

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom, within the picture."""
        points = [point for outline in self.outlines for point in outline] or [self.point or (0.0, 0.0)]
        across, down = [_inside(x) for x, _ in points], [_inside(y) for _, y in points]
        return min(across), min(down), max(across), max(down)


@dataclass(frozen=True)
class Example:
    """A task and the annotation to learn from."""

    task: Task
    annotation: Mapping[str, object]

    @property
    def results(self) -> Sequence[Result]:
        return cast("Sequence[Result]", self.annotation.get("result") or ())

    def of(self, control: str) -> list[Result]:
        """The results that one control wrote."""
        return [result for result in self.results if result.get("from_name") == control]

    def answers(self, control: str) -> tuple[str, ...]:
        """The choices of a question; empty where it was not answered."""
        return tuple(label for result in self.of(control) for label in labels_of(result))

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """The regions of its picture; results that share an id are one."""
        merged: dict[str, Shape] = {}
        for number, result in enumerate(self.results):
            shape = read_shape(result, str(result.get("id") or f"#{number}"), self.task)
            if shape is None:
                continue
            before = merged.get(shape.id, shape)
            labels = tuple(dict.fromkeys((*before.labels, *shape.labels)))
            controls = before.controls | {str(result.get("from_name"))}
            merged[shape.id] = replace(shape, labels=labels, controls=controls)
        return tuple(merged.values())

    def drawn(self, control: Control) -> Iterator[tuple[int, Shape]]:
        """The outlined regions of one control, each with the id of its class."""
        for shape in self.shapes:
            if shape.outlines and control.name in shape.controls:
                for label in shape.labels:
                    if label in control.labels:
                        yield control.class_id(label), shape

    @property
    def group(self) -> str:
        """The same for tasks that show the same: these stay on one side of a split."""
        media = next((value for value in self.task.data.values() if isinstance(value, str)), "")
        return lasting(media) if media else str(self.task.id)


def finished(tasks: Iterable[Task]) -> list[Example]:
    """The examples among ``tasks``."""
    found = ((task, finished_annotation(task.annotations)) for task in tasks)
    return [Example(task, annotation) for task, annotation in found if annotation is not None]


def finished_annotation(annotations: Sequence[Mapping[str, object]]) -> Mapping[str, object] | None:
    """The annotation to learn from; None where nothing is finished."""
    done = [one for one in annotations if not is_left_out(one)]
    return max(done, key=_weight, default=None)


def _weight(annotation: Mapping[str, object]) -> tuple[bool, str]:
    changed_at = annotation.get("updated_at") or annotation.get("created_at") or ""
    return bool(annotation.get("ground_truth")), str(changed_at)


def is_left_out(annotation: Mapping[str, object]) -> bool:
    """Cancelled, skipped or rejected."""
    if annotation.get("was_cancelled") or annotation.get("skipped"):
        return True
    reviews = cast("Sequence[Mapping[str, object]]", annotation.get("reviews") or ())
    is_rejected = bool(reviews) and reviews[-1].get("accepted") is False
    return is_rejected or annotation.get("last_action") == "rejected" or annotation.get("state") == "rejected"


def labels_of(result: Result) -> tuple[str, ...]:
    """The labels of one result; of a nested choice its last word."""
    value = cast("Mapping[str, object]", result.get("value") or {})
    kind = str(result.get("type", ""))
    found = value.get(kind) or next((value[key] for key in value if key.endswith("labels")), None)
    if not isinstance(found, list):
        return ()
    return tuple(str(one[-1]) if isinstance(one, list) and one else str(one) for one in found)


def read_shape(result: Result, id: str, task: Task) -> Shape | None:
    """The region of a result; None where it is none of a picture."""
    value = cast("Mapping[str, object]", result.get("value") or {})
    size = PictureSize(result, task)
    parent = cast("str | None", result.get("parentID"))
    labels = labels_of(result)
    if "points" in value:
        points = cast("Sequence[Sequence[float]]", value["points"])
        return Shape(labels, "polygon", (tuple((x / 100, y / 100) for x, y in points),), id, parent)
    if "rle" in value:
        mask = masks.decode(cast("Sequence[int]", value["rle"]), *size())
        return Shape(labels, "brush", tuple(outlines.trace(mask > 0)), id, parent)
    if "radiusX" in value:
        return Shape(labels, "ellipse", (_ellipse(value, size()),), id, parent)
    if "height" in value:
        return Shape(labels, "rectangle", (_rectangle(value, size),), id, parent)
    if "x" in value and "y" in value:
        point = (_part(value["x"]), _part(value["y"]))
        return Shape(labels, "keypoint", (), id, parent, point)
    return None


class PictureSize:
    """Asks for the size of a result's picture only where it is needed."""

    def __init__(self, result: Result, task: Task) -> None:
        self._result = result
        self._task = task

    def __call__(self) -> Size:
        width, height = self._result.get("original_width"), self._result.get("original_height")
        if isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0:
            return width, height
        return self._task.size()


def _rectangle(value: Mapping[str, object], size: PictureSize) -> tuple[Point, ...]:
    x, y, width, height = (_part(value[name]) for name in ("x", "y", "width", "height"))
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    degrees = float(cast(float, value.get("rotation") or 0.0))
    if not degrees:
        return corners
    return tuple(_turned(corner, (x, y), degrees, size()) for corner in corners)


def _ellipse(value: Mapping[str, object], size: Size) -> tuple[Point, ...]:
    x, y, across, down = (_part(value[name]) for name in ("x", "y", "radiusX", "radiusY"))
    degrees = float(cast(float, value.get("rotation") or 0.0))
    turns = (2 * math.pi * step / 32 for step in range(32))
    around = ((x + across * math.cos(turn), y + down * math.sin(turn)) for turn in turns)
    return tuple(_turned(point, (x, y), degrees, size) for point in around)


def _turned(point: Point, about: Point, degrees: float, size: Size) -> Point:
    """Turned in pixels, where a right angle is one."""
    width, height = size
    across, down = (point[0] - about[0]) * width, (point[1] - about[1]) * height
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return (
        about[0] + (across * cosine - down * sine) / width,
        about[1] + (across * sine + down * cosine) / height,
    )


def _part(percent: object) -> float:
    return float(cast(float, percent)) / 100


def _inside(part: float) -> float:
    return min(max(part, 0.0), 1.0)
