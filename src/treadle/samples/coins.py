"""The sample project "Coins": boxes on one photograph, cut and turned into many pictures to learn from."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from treadle.samples.projects import SamplePicture, SampleProject, SampleTask
from treadle.samples.sources import scikit_image_picture

_CONFIG = """<View>
  <Image name="image" value="$image" zoom="true"/>
  <RectangleLabels name="box" toName="image">
    <Label value="coin" background="#a67c00"/>
  </RectangleLabels>
</View>"""

_BOXES = Path(__file__).with_name("coins.json")
#: Pictures of so many neighbours of a row, none of them cut.
_COINS_AT_ONCE = (2, 3)
#: How a picture is turned, counter-clockwise, by what Pillow calls it.
_TURNS = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
#: The coins of the last row stand in no picture that is labelled.
_LABELLED_ROWS = 3

#: Left, top, right and bottom in pixels; right and bottom are the first that lie outside.
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class _Cut:
    """A part of the photograph, turned, with the coins in it."""

    name: str
    row: int
    picture: Image.Image
    boxes: tuple[Box, ...]


@cache
def coins_project() -> SampleProject:
    """Pictures of a few coins each: three rows of the photograph with their boxes, the fourth without.

    Raises Unsupported("samples-not-installed").
    """
    return SampleProject(
        title="Coins",
        description="Cuts and turns of one photograph of 24 Greek coins. Those of three rows have boxes, "
        "checked by hand; the coins of the fourth row stand in no labelled picture. On the page Learning a "
        "model learns to find them: Object detection, which needs pip install 'treadle[detector]' (PyTorch) "
        "on the server.",
        instruction="A box around every coin.",
        label_config=_CONFIG,
        color="#a67c00",
        tasks=tuple(_task(cut) for cut in _cuts()),
    )


def _cuts() -> Iterator[_Cut]:
    """Every run of neighbours, in two turns that change from one to the next."""
    told = json.loads(_BOXES.read_text("utf-8"))
    borders: list[int] = told["between_rows"]
    with Image.open(scikit_image_picture("coins.png")) as file:
        photograph = file.convert("L")
    count = 0
    for row, boxes in enumerate(told["rows"]):
        for first, last in _runs(len(boxes)):
            left = (boxes[first - 1][2] + boxes[first][0]) // 2 if first else 0
            right = (boxes[last][2] + boxes[last + 1][0]) // 2 if last + 1 < len(boxes) else photograph.width
            window = (left, borders[row], right, borders[row + 1])
            for turn in (count % 4, (count + 1) % 4):
                name = f"coins-{row + 1}-{first + 1}-{last + 1}-turned-{turn * 90}.png"
                yield _cut(photograph, window, boxes[first : last + 1], turn=turn, name=name, row=row)
            count += 1


def _runs(count: int) -> Iterator[tuple[int, int]]:
    for together in _COINS_AT_ONCE:
        for first in range(count - together + 1):
            yield first, first + together - 1


def _cut(photograph: Image.Image, window: Box, boxes: list[Box], *, turn: int, name: str, row: int) -> _Cut:
    part = photograph.crop(window)
    moved = [
        (box[0] - window[0], box[1] - window[1], box[2] - window[0], box[3] - window[1]) for box in boxes
    ]
    width, height = part.size
    for _ in range(turn):
        # A quarter counter-clockwise: what was on the right is on top.
        moved = [(top, width - right, bottom, width - left) for left, top, right, bottom in moved]
        width, height = height, width
    way = _TURNS[turn]
    return _Cut(name, row, part.transpose(way) if way is not None else part, tuple(moved))


def _task(cut: _Cut) -> SampleTask:
    file = io.BytesIO()
    cut.picture.save(file, "PNG", optimize=True)
    regions = tuple(_region(cut.picture, number, box) for number, box in enumerate(cut.boxes, start=1))
    return SampleTask(
        data={
            "row": str(cut.row + 1),
            "source": "Brooklyn Museum, in scikit-image",
            "credit": "Brooklyn Museum",
            "licence": "no known copyright restrictions",
        },
        picture=SamplePicture("image", cut.name, file.getvalue()),
        annotation=regions if cut.row < _LABELLED_ROWS else None,
    )


def _region(picture: Image.Image, number: int, box: Box) -> dict[str, Any]:
    left, top, right, bottom = box
    value = {
        "x": round(left / picture.width * 100, 4),
        "y": round(top / picture.height * 100, 4),
        "width": round((right - left) / picture.width * 100, 4),
        "height": round((bottom - top) / picture.height * 100, 4),
        "rotation": 0,
        "rectanglelabels": ["coin"],
    }
    return {
        "id": f"coin-{number}",
        "from_name": "box",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": picture.width,
        "original_height": picture.height,
        "image_rotation": 0,
        "value": value,
    }
