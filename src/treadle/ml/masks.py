"""Masks as Label Studio's brush writes them: run-length bytes of an RGBA picture whose channels are one.

``encode`` and ``decode`` are each other's inverse on masks of 0 and 255; other values of opacity stay as
they are.

Source: the format of ``@thi.ng/rle-pack``: 32 bits number of values, 5 bits word size less one,
four times 4 bits size of a run's length less one, then runs: 1 bit whether it repeats, 2 bits which size,
the length less one, the value or values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from treadle.errors import Invalid

_CHANNELS = 4
_SIZES = (3, 4, 8, 16)
_LONGEST = 1 << _SIZES[-1]


class Mask(Protocol):
    """An array of height × width: numpy's, torch's, or anything that can be made into one."""

    @property
    def shape(self) -> tuple[int, ...]: ...


def encode(mask: Mask | Sequence[Sequence[float]]) -> tuple[list[int], int, int]:
    """The bytes of ``mask``, its width and its height in pixels.

    mask: (height, width); bool, 0 to 1 as floats, or 0 to 255 as integers. Raises Invalid("mask-shape").
    """
    import numpy as np

    array = np.asarray(mask)
    if array.ndim != 2 or 0 in array.shape:
        raise Invalid("mask-shape", f"A mask is height × width, and this one is {list(array.shape)}.")
    height, width = array.shape
    flat = _opacity(array).reshape(-1)
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts = np.concatenate(([0], edges))
    lengths = np.diff(np.concatenate((starts, [flat.size]))) * _CHANNELS
    runs = [(int(length), int(value)) for length, value in zip(lengths, flat[starts], strict=True)]
    return list(_packed(runs, flat.size * _CHANNELS)), int(width), int(height)


def _opacity(array: Any) -> Any:
    import numpy as np

    if array.dtype == bool or np.issubdtype(array.dtype, np.floating):
        return (array.astype(np.float32) * 255).round().clip(0, 255).astype(np.uint8)
    return array.clip(0, 255).astype(np.uint8)


def _packed(runs: list[tuple[int, int]], count: int) -> bytes:
    """All of it as one large number would be quadratic: words of bits are joined in pieces."""
    bits = [f"{count:032b}", "00111", *(f"{size - 1:04b}" for size in _SIZES)]
    for length, value in runs:
        bits.extend(_run(length, value))
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big") if len(text) < 1 << 16 else _in_pieces(text)


def _in_pieces(text: str) -> bytes:
    step = 1 << 15
    pieces = (text[at : at + step] for at in range(0, len(text), step))
    return b"".join(int(piece, 2).to_bytes(len(piece) // 8, "big") for piece in pieces)


def _run(length: int, value: int) -> list[str]:
    word = f"{value:08b}"
    out = []
    while length:
        taken = min(length, _LONGEST)
        which = next(at for at, size in enumerate(_SIZES) if taken <= 1 << size)
        out.append(f"1{which:02b}{taken - 1:0{_SIZES[which]}b}{word}")
        length -= taken
    return out


def decode(rle: Sequence[int], width: int, height: int) -> Any:
    """The opacity of each pixel, (height, width) uint8. Raises Invalid("mask-rle")."""
    import numpy as np

    data = bytes(rle)
    reader = _Bits(data)
    count = reader.take(32)
    word_bits = reader.take(5) + 1
    sizes = [reader.take(4) + 1 for _ in range(4)]
    if count != width * height * _CHANNELS or word_bits != 8:
        raise Invalid(
            "mask-rle", f"A mask of {width} × {height} has {width * height * _CHANNELS} values, not {count}."
        )
    out = np.zeros(count, np.uint8)
    at = 0
    while at < count:
        repeats = reader.take(1)
        length = reader.take(sizes[reader.take(2)]) + 1
        if at + length > count:
            raise Invalid("mask-rle", "A run of the mask reaches beyond its end.")
        out[at : at + length] = reader.take(8) if repeats else [reader.take(8) for _ in range(length)]
        at += length
    return out[::_CHANNELS].reshape(height, width)


class _Bits:
    """Bytes read bit by bit, the highest first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> int:
        first, last = self._at // 8, (self._at + count + 7) // 8
        if last > len(self._data):
            raise Invalid("mask-rle", "The mask ends in the middle of a run.")
        word = int.from_bytes(self._data[first:last], "big")
        self._at += count
        return (word >> (last * 8 - self._at)) & ((1 << count) - 1)
