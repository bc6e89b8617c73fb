"""The pictures that a detector learns from, with their boxes; those that memory has room for are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from treadle.ml import Control
from treadle.ml.builtin.detector.boxes import Floats
from treadle.ml.builtin.detector.canvas import draw
from treadle.ml.builtin.drawn_boxes import boxes_of
from treadle.ml.examples import Example

_KEPT_BYTES = 1024**3
_LARGEST_BY_ITSELF_PX, _SMALLEST_PX = 320, 64


@dataclass(frozen=True)
class Sample:
    """pixels: (3, height, width) uint8; boxes: (n, 4) left, top, right, bottom in pixels; classes: (n,)."""

    pixels: NDArray[np.uint8]
    boxes: Floats
    classes: NDArray[np.int64]


class Album:
    """Samples by their place, all drawn with their longer side ``size_px`` long."""

    def __init__(self, examples: Sequence[Example], controls: Sequence[Control], size_px: int) -> None:
        self.classes = tuple(dict.fromkeys(label for control in controls for label in control.labels))
        self.size_px = size_px
        self._controls = controls
        self._examples = list(examples)
        self._kept: dict[int, Sample] = {}
        self._room_bytes = _KEPT_BYTES

    def __len__(self) -> int:
        return len(self._examples)

    def sample(self, place: int) -> Sample:
        """The sample at a place. Raises Invalid("picture-broken") and what fetching raises."""
        found = self._kept.get(place) or self._read(self._examples[place])
        if place not in self._kept and self._room_bytes >= found.pixels.nbytes:
            self._room_bytes -= found.pixels.nbytes
            self._kept[place] = found
        return found

    def _read(self, example: Example) -> Sample:
        picture = example.task.image(self._controls[0].value_key or None)
        drawn = draw(picture, self.size_px)
        width, height = (side * drawn.scale for side in picture.size)
        boxes = boxes_of(example, self._controls)
        numbers = np.array([box for _, box in boxes], np.float64).reshape(-1, 4)
        return Sample(
            drawn.pixels,
            numbers * (width, height, width, height),
            np.array([self.classes.index(label) for label, _ in boxes], np.int64),
        )


def size_for(sides_px: Sequence[int]) -> int:
    """The size in which pictures are learnt where none is given: theirs, 320 pixels at most."""
    return min(max(int(median(sides_px)), _SMALLEST_PX), _LARGEST_BY_ITSELF_PX)
