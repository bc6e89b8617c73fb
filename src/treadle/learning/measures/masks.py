"""Masks of brushes: which pixels they cover, as runs, and how much two of them overlap. Knows no picture.

What counts is the opacity, the last of the four values of a pixel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from treadle.run_lengths import read_runs

#: From this pixel to before that one, counted along the rows.
Run: TypeAlias = tuple[int, int]

_CHANNELS, _OPACITY = 4, 3
#: Of 0 to 255: from here on a pixel belongs to the mask.
_COVERED = 128
_MOST_PIXELS = 2**30


@dataclass(frozen=True)
class Mask:
    """The pixels of a mask, as runs in order, of a picture that is so wide and high."""

    size: tuple[int, int]
    runs: tuple[Run, ...]

    @property
    def area(self) -> int:
        """How many pixels it covers."""
        return sum(end - start for start, end in self.runs)


def read_mask(rle: object, width: object, height: object) -> Mask | None:
    """The mask of a brush's run lengths; None for what is none, or covers nothing."""
    if not (isinstance(rle, list) and isinstance(width, int) and isinstance(height, int)):
        return None
    if not 0 < width * height < _MOST_PIXELS:
        return None
    try:
        runs = tuple(_joined(_covered(bytes(rle), width * height)))
    except (TypeError, ValueError):
        return None
    return Mask((width, height), runs) if runs else None


def overlap_of_masks(a: Mask, b: Mask) -> float:
    """Intersection over union, 0 to 1; 0 of pictures of different sizes."""
    if a.size != b.size:
        return 0.0
    shared = _shared(a.runs, b.runs)
    return shared / (a.area + b.area - shared)


def _covered(data: bytes, pixels: int) -> Iterator[Run]:
    for start, end, opacity in read_runs(data, pixels * _CHANNELS):
        if opacity >= _COVERED:
            yield _pixels(start, end)


def _pixels(start: int, end: int) -> Run:
    """The pixels whose opacity is among the values from ``start`` to before ``end``."""
    step = _CHANNELS - 1 - _OPACITY
    return (start + step) // _CHANNELS, (end + step) // _CHANNELS


def _joined(runs: Iterator[Run]) -> Iterator[Run]:
    """The same without empty ones, those that touch as one."""
    held: Run | None = None
    for start, end in runs:
        if start == end:
            continue
        if held is not None and held[1] == start:
            held = held[0], end
            continue
        if held is not None:
            yield held
        held = start, end
    if held is not None:
        yield held


def _shared(a: Sequence[Run], b: Sequence[Run]) -> int:
    shared = at_a = at_b = 0
    while at_a < len(a) and at_b < len(b):
        shared += max(0, min(a[at_a][1], b[at_b][1]) - max(a[at_a][0], b[at_b][0]))
        if a[at_a][1] < b[at_b][1]:
            at_a += 1
        else:
            at_b += 1
    return shared
