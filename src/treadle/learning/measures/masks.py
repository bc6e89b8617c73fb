"""Masks of brushes: which pixels they cover, as runs, and how much two of them overlap. Knows no picture.

Source: the run lengths of ``@thi.ng/rle-pack``, as `treadle.ml.masks` writes them; what counts is the
opacity, the last of the four values of a pixel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

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
    except (TypeError, ValueError, EOFError):
        return None
    return Mask((width, height), runs) if runs else None


def overlap_of_masks(a: Mask, b: Mask) -> float:
    """Intersection over union, 0 to 1; 0 of pictures of different sizes."""
    if a.size != b.size:
        return 0.0
    shared = _shared(a.runs, b.runs)
    return shared / (a.area + b.area - shared)


def _covered(data: bytes, pixels: int) -> Iterator[Run]:
    bits = _Bits(data)
    count = bits.take(32)
    word_bits = bits.take(5) + 1
    sizes = [bits.take(4) + 1 for _ in range(4)]
    if count != pixels * _CHANNELS or word_bits != 8:
        raise ValueError("it is of another size")
    at = 0
    while at < count:
        repeats = bits.take(1)
        end = at + bits.take(sizes[bits.take(2)]) + 1
        if end > count:
            raise ValueError("a run reaches beyond its end")
        if repeats:
            if bits.take(8) >= _COVERED:
                yield _pixels(at, end)
        else:
            for place in range(at, end):
                if bits.take(8) >= _COVERED:
                    yield _pixels(place, place + 1)
        at = end


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


class _Bits:
    """Bytes read bit by bit, the highest first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> int:
        first, last = self._at // 8, (self._at + count + 7) // 8
        if last > len(self._data):
            raise EOFError("it ends within a run")
        word = int.from_bytes(self._data[first:last], "big")
        self._at += count
        return (word >> (last * 8 - self._at)) & ((1 << count) - 1)
