"""The outlines of a mask: closed walks along the edges of its pixels, one for each part. Needs numpy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Corner = tuple[int, int]
#: Right, down, left, up.
_STEPS: tuple[Corner, ...] = ((1, 0), (0, 1), (-1, 0), (0, -1))


def trace(mask: Any) -> list[tuple[tuple[float, float], ...]]:
    """The outer outline of each part of ``mask``, the largest first, in parts of 1 of its width and height.

    mask: (height, width) bool. Holes are filled; parts that meet at a corner alone are two.
    """
    height, width = mask.shape
    loops = [loop for loop in _loops(_edges(mask)) if _area(loop) > 0]
    loops.sort(key=_area, reverse=True)
    return [tuple((x / width, y / height) for x, y in _bends(loop)) for loop in loops]


def _edges(mask: Any) -> dict[Corner, list[int]]:
    """From each corner, the directions of edges that have the mask at their right hand."""
    import numpy as np

    padded = np.pad(mask.astype(bool), 1)
    here = padded[1:-1, 1:-1]
    out: dict[Corner, list[int]] = {}
    sides = (
        (here & ~padded[:-2, 1:-1], 0, (0, 0)),  # its upper edge, walked to the right
        (here & ~padded[1:-1, 2:], 1, (1, 0)),
        (here & ~padded[2:, 1:-1], 2, (1, 1)),
        (here & ~padded[1:-1, :-2], 3, (0, 1)),
    )
    for edge, direction, (across, down) in sides:
        for y, x in zip(*(axis.tolist() for axis in np.nonzero(edge)), strict=True):
            out.setdefault((x + across, y + down), []).append(direction)
    return out


def _loops(edges: dict[Corner, list[int]]) -> Iterator[list[Corner]]:
    while edges:
        start = next(iter(edges))
        at, direction, loop = start, edges[start][0], []
        while True:
            loop.append(at)
            direction = _take(edges, at, direction)
            at = (at[0] + _STEPS[direction][0], at[1] + _STEPS[direction][1])
            if (at == start and at not in edges) or at not in edges:
                break
        yield loop


def _take(edges: dict[Corner, list[int]], at: Corner, direction: int) -> int:
    """The way on from a corner: where two meet, the turn to the right, which keeps parts apart."""
    ways = edges[at]
    chosen = (direction + 1) % 4 if (direction + 1) % 4 in ways else ways[0]
    ways.remove(chosen)
    if not ways:
        del edges[at]
    return chosen


def _area(loop: list[Corner]) -> float:
    following = [*loop[1:], loop[0]]
    return sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in zip(loop, following, strict=True)) / 2


def _bends(loop: list[Corner]) -> list[Corner]:
    """The corners where the way turns."""
    before, after = [loop[-1], *loop[:-1]], [*loop[1:], loop[0]]
    return [
        here
        for last, here, following in zip(before, loop, after, strict=True)
        if (here[0] - last[0], here[1] - last[1]) != (following[0] - here[0], following[1] - here[1])
    ]
