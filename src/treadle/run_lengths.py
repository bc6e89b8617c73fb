"""The run lengths that brushes are written in: bytes, packed bit by bit.

Source: the format of ``@thi.ng/rle-pack``: 32 bits number of values, 5 bits word size less one,
four times 4 bits size of a run's length less one, then runs: 1 bit whether it repeats, 2 bits which size,
the length less one, the value or values.
"""

from __future__ import annotations

from collections.abc import Iterator

_WORD_BITS = 8


def read_runs(data: bytes, count: int) -> Iterator[tuple[int, int, int]]:
    """Runs of one value, 0 to 255, in their order: from which place to before which, and the value.

    count: how many values there have to be. Raises ValueError where it is otherwise, or ``data`` breaks off.
    """
    bits = _Bits(data)
    found = bits.take(32)
    word_bits = bits.take(5) + 1
    sizes = [bits.take(4) + 1 for _ in range(4)]
    if found != count or word_bits != _WORD_BITS:
        raise ValueError(f"it has {found} values of {word_bits} bits, not {count} of {_WORD_BITS}")
    return _runs(bits, sizes, count)


def _runs(bits: _Bits, sizes: list[int], count: int) -> Iterator[tuple[int, int, int]]:
    at = 0
    while at < count:
        repeats = bits.take(1)
        end = at + bits.take(sizes[bits.take(2)]) + 1
        if end > count:
            raise ValueError("a run reaches beyond its end")
        if repeats:
            yield at, end, bits.take(_WORD_BITS)
        else:
            for place in range(at, end):
                yield place, place + 1, bits.take(_WORD_BITS)
        at = end


class _Bits:
    """Bytes read bit by bit, the highest first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> int:
        first, last = self._at // 8, (self._at + count + 7) // 8
        if last > len(self._data):
            raise ValueError("it ends in the middle of a run")
        word = int.from_bytes(self._data[first:last], "big")
        self._at += count
        return (word >> (last * 8 - self._at)) & ((1 << count) - 1)
