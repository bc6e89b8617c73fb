"""A dataset on disk as COCO: pictures, and one JSON a side. A category's id is the place of its label."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from treadle.ml.examples import Example, Shape
from treadle.ml.labels import Control
from treadle.ml.regions import Size
from treadle.ml.yolo import keep_picture


def write(folder: Path, control: Control, sides: Mapping[str, Iterable[Example]]) -> Path:
    """Write ``folder``/images and a JSON for each side; the folder."""
    pictures = folder / "images"
    pictures.mkdir(parents=True, exist_ok=True)
    for side, examples in sides.items():
        document = _document(side, pictures, control, list(examples))
        (folder / f"{side}.json").write_text(json.dumps(document), "utf-8")
    return folder


def _document(side: str, pictures: Path, control: Control, examples: list[Example]) -> dict[str, object]:
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for number, example in enumerate(examples):
        source = example.task.path(control.value_key or None)
        size = example.task.size(control.value_key or None)
        name = f"{side}-{number:06d}{source.suffix or '.jpg'}"
        keep_picture(source, pictures / name)
        images.append({"id": number, "file_name": name, "width": size[0], "height": size[1]})
        for place, shape in example.drawn(control):
            annotations.append(_annotation(len(annotations) + 1, number, place, _Drawn(shape, size)))
    categories = [{"id": place, "name": label} for place, label in enumerate(control.labels)]
    return {"images": images, "annotations": annotations, "categories": categories}


class _Drawn:
    """A shape in pixels."""

    def __init__(self, shape: Shape, size: Size) -> None:
        width, height = size
        left, top, right, bottom = shape.box
        self.box = [left * width, top * height, (right - left) * width, (bottom - top) * height]
        self.outlines = [[(x * width, y * height) for x, y in outline] for outline in shape.outlines]

    @property
    def area(self) -> float:
        return sum(_area(outline) for outline in self.outlines)


def _annotation(id: int, image: int, category: int, drawn: _Drawn) -> dict[str, object]:
    return {
        "id": id,
        "image_id": image,
        "category_id": category,
        "bbox": drawn.box,
        "area": drawn.area,
        "segmentation": [[part for point in outline for part in point] for outline in drawn.outlines],
        "iscrowd": 0,
    }


def _area(points: list[tuple[float, float]]) -> float:
    following = [*points[1:], points[0]]
    return (
        abs(sum(x * down - across * y for (x, y), (across, down) in zip(points, following, strict=True))) / 2
    )
