"""Pictures as numbers: their pixels, the directions of their edges, and their colours.

How alike two pictures are is a Gaussian of their distance; a picture is described by how alike it is to
some of those that were learnt from (Nyström). So a linear model on top draws curved borders, from a few
dozen labels.
Sources: N. Dalal and B. Triggs, Histograms of Oriented Gradients, 2005; C. Williams and M. Seeger, Using the
Nyström Method, 2001.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from treadle.ml import Control, Task

Floats = NDArray[np.float64]
#: Pixels, edges and colours, of one picture or of each of several.
Described = tuple[Floats, ...]

_CELLS = 8
_DIRECTIONS = 9
_BINS = 8
_MOST_CENTRES = 600
_SMALLEST = 1e-8
#: What counts how much, of pixels, edges and colours: what foretells best is chosen.
MIXES = ((1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (1.0, 1.0, 1.0), (0.0, 1.0, 1.0))


def describe(picture: Image.Image, size_px: int) -> Described:
    """Pixels, edges and colours of a picture, squeezed to ``size_px`` squared; each a flat array."""
    square = picture.resize((size_px, size_px), Image.Resampling.BOX)
    small = square.resize((max(8, size_px // 4),) * 2, Image.Resampling.BOX)
    pixels = np.asarray(small, np.float64).reshape(-1) / 255
    grey = np.asarray(square.convert("L"), np.float64) / 255
    return pixels, _edges(grey), _colours(np.asarray(square))


def _edges(grey: Floats) -> Floats:
    """How strong edges are in each direction and cell, cells made alike with their neighbours."""
    down, across = np.gradient(grey)
    strength = np.hypot(across, down)
    direction = np.arctan2(down, across) % np.pi / np.pi * _DIRECTIONS
    lower = np.floor(direction).astype(int) % _DIRECTIONS
    share = direction - np.floor(direction)
    cells = np.zeros((_CELLS, _CELLS, _DIRECTIONS))
    places = np.arange(len(grey)) * _CELLS // len(grey)
    rows, columns = np.broadcast_arrays(places[:, None], places[None, :])
    np.add.at(cells, (rows, columns, lower), strength * (1 - share))
    np.add.at(cells, (rows, columns, (lower + 1) % _DIRECTIONS), strength * share)
    padded = np.pad(np.square(cells).sum(axis=2), 1, mode="edge")
    around = sum(padded[y : y + _CELLS, x : x + _CELLS] for y in range(3) for x in range(3))
    return np.asarray(cells / np.sqrt(around + 1e-3)[:, :, None]).reshape(-1)


def _colours(square: NDArray[np.uint8]) -> Floats:
    """How often each brightness of each channel comes in each quarter, as roots."""
    half = len(square) // 2
    quarters = [square[y : y + half, x : x + half] for y in (0, half) for x in (0, half)]
    counts = [
        np.bincount(quarter[:, :, channel].reshape(-1) // (256 // _BINS), minlength=_BINS)
        for quarter in quarters
        for channel in range(3)
    ]
    return np.sqrt(np.concatenate(counts) / half**2)


@dataclass(frozen=True)
class Gauge:
    """Measures how alike pictures are to some that it knows.

    mix: how much pixels, edges and colours count.
    """

    size_px: int
    mix: tuple[float, ...]
    #: Of each of the three: what is taken off, and what the rest is divided by.
    means: tuple[Floats, ...]
    spreads: tuple[float, ...]
    centres: Floats
    whitening: Floats

    @classmethod
    def learn(cls, blocks: Described, mix: tuple[float, ...], size_px: int) -> Gauge:
        """By pictures as `describe` tells of them: three arrays of (pictures, numbers)."""
        means = tuple(block.mean(axis=0) for block in blocks)
        spreads = tuple(
            max(float(np.sqrt(np.square(block - mean).sum(axis=1).mean())), _SMALLEST)
            for block, mean in zip(blocks, means, strict=True)
        )
        bare = cls(size_px, mix, means, spreads, np.zeros((0, 0)), np.zeros((0, 0)))
        points = bare._points(blocks)
        centres = points[np.random.default_rng(0).permutation(len(points))[:_MOST_CENTRES]]
        values, vectors = np.linalg.eigh(_likeness(centres, centres, bare._width))
        kept = values > _SMALLEST * values.max()
        whitening = vectors[:, kept] / np.sqrt(values[kept])
        return cls(size_px, mix, means, spreads, centres, whitening)

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Gauge:
        """The one that `arrays` told of."""
        return cls(
            int(arrays["size_px"]),
            tuple(arrays["mix"].tolist()),
            tuple(arrays[f"mean_{number}"].astype(np.float64) for number in range(3)),
            tuple(arrays["spreads"].tolist()),
            arrays["centres"].astype(np.float64),
            arrays["whitening"].astype(np.float64),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that is to be kept of it, as numbers."""
        return {
            "size_px": np.array(self.size_px),
            "mix": np.array(self.mix),
            **{f"mean_{number}": mean for number, mean in enumerate(self.means)},
            "spreads": np.array(self.spreads),
            "centres": self.centres.astype(np.float32),
            "whitening": self.whitening,
        }

    def read(self, task: Task, control: Control) -> Described:
        """What it sees of a task. Raises Invalid("picture-broken")."""
        return describe(task.image(control.value_key or None), self.size_px)

    def look(self, seen: Sequence[Described]) -> Floats:
        """(pictures, features) of pictures as `describe` tells of each."""
        return self.measure(joined(seen))

    def measure(self, blocks: Described) -> Floats:
        """The same of all of them at once: three arrays of (pictures, numbers)."""
        return _likeness(self._points(blocks), self.centres, self._width) @ self.whitening

    @property
    def _width(self) -> float:
        return sum(weight**2 for weight in self.mix)

    def _points(self, blocks: Described) -> Floats:
        parts = zip(blocks, self.mix, self.means, self.spreads, strict=True)
        return np.concatenate(
            [(block - mean) * (weight / spread) for block, weight, mean, spread in parts if weight], axis=1
        )


def _likeness(points: Floats, centres: Floats, width: float) -> Floats:
    distances = (
        np.square(points).sum(axis=1)[:, None]
        + np.square(centres).sum(axis=1)[None, :]
        - 2 * points @ centres.T
    )
    return np.asarray(np.exp(-np.maximum(distances, 0) / width))


def joined(seen: Sequence[Described]) -> Described:
    """Pixels, edges and colours of all pictures: three arrays of (pictures, numbers)."""
    return tuple(np.stack(block) for block in zip(*seen, strict=True))
