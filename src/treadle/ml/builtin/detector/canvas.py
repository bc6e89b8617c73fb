"""Pictures as a network takes them: drawn into the corner of a grey canvas, at one scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from treadle.ml.builtin.detector.network import MULTIPLE

_GREY = 114


@dataclass(frozen=True)
class Drawn:
    """pixels: (3, height, width) uint8; scale: pixels of the canvas in one of the picture."""

    pixels: NDArray[np.uint8]
    scale: float


def draw(picture: Image.Image, size_px: int) -> Drawn:
    """``picture`` with its longer side ``size_px`` long, on a canvas of sides that the network takes."""
    scale = size_px / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    canvas = np.full((_rounded(height), _rounded(width), 3), _GREY, np.uint8)
    small = picture.resize((width, height), Image.Resampling.BILINEAR)
    canvas[:height, :width] = np.asarray(small)
    return Drawn(np.ascontiguousarray(canvas.transpose(2, 0, 1)), scale)


def together(pictures: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """(n, 3, height, width): all on the canvas of the largest."""
    height = max(picture.shape[1] for picture in pictures)
    width = max(picture.shape[2] for picture in pictures)
    canvas = np.full((len(pictures), 3, height, width), _GREY, np.uint8)
    for place, picture in enumerate(pictures):
        canvas[place, :, : picture.shape[1], : picture.shape[2]] = picture
    return canvas


def _rounded(side_px: int) -> int:
    return -(-side_px // MULTIPLE) * MULTIPLE
