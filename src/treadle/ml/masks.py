"""Masks as Label Studio's brush writes them: run-length bytes of an RGBA picture whose channels are one.

``encode`` and ``decode`` are each other's inverse on masks of 0 and 255; other values of opacity stay as
they are.

Source: the format that `treadle.run_lengths` reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from treadle.errors import Invalid
from treadle.run_lengths import read_runs

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

    count = width * height * _CHANNELS
    try:
        runs = read_runs(bytes(rle), count)
        out = np.zeros(count, np.uint8)
        for start, end, value in runs:
            out[start:end] = value
    except ValueError as error:
        raise Invalid("mask-rle", f"The mask of a picture of {width} × {height}: {error}.") from error
    return out[::_CHANNELS].reshape(height, width)
