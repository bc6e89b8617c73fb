"""Boxes: how much they overlap, which of them stay, and how well they were found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_FOUND = 0.5


@dataclass(frozen=True)
class Found:
    """boxes: (n, 4) left, top, right, bottom; scores: (n,) in [0, 1]; classes: (n,)."""

    boxes: Floats
    scores: Floats
    classes: NDArray[np.int64]

    def taken(self, places: NDArray[np.int64] | NDArray[np.bool_]) -> Found:
        """Those at ``places``."""
        return Found(self.boxes[places], self.scores[places], self.classes[places])


def overlaps(ones: Floats, others: Floats) -> Floats:
    """(n, m) intersection over union; 0 where both are empty."""
    left_top = np.maximum(ones[:, None, :2], others[None, :, :2])
    right_bottom = np.minimum(ones[:, None, 2:], others[None, :, 2:])
    shared = np.prod(np.maximum(right_bottom - left_top, 0), axis=2)
    areas = [np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1) for boxes in (ones, others)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))


def likeliest(found: Found, *, confidence: float, overlap: float, most: int) -> Found:
    """The likeliest first; of two of a class that overlap more than ``overlap``, the likelier one."""
    found = found.taken(found.scores >= confidence)
    found = found.taken(np.argsort(-found.scores, kind="stable"))
    kept: list[int] = []
    if len(found.scores):
        shared = overlaps(found.boxes, found.boxes)
        for place in range(len(found.scores)):
            same = [other for other in kept if found.classes[other] == found.classes[place]]
            if not same or shared[place, same].max() <= overlap:
                kept.append(place)
            if len(kept) == most:
                break
    return found.taken(np.array(kept, np.int64))


def average_precision(said: Sequence[Found], truth: Sequence[tuple[Floats, NDArray[np.int64]]]) -> float:
    """Mean over the classes that there are of the area under precision by recall, at an overlap of 0.5.

    Source: Pascal VOC 2010, all points.
    """
    present = np.unique(np.concatenate([classes for _, classes in truth])) if truth else np.zeros(0)
    if not len(present):
        return 0.0
    return float(np.mean([_precision_of(int(one), said, truth) for one in present]))


def _precision_of(
    wanted: int, said: Sequence[Found], truth: Sequence[tuple[Floats, NDArray[np.int64]]]
) -> float:
    hits: list[tuple[float, bool]] = []
    total = 0
    for found, (boxes, classes) in zip(said, truth, strict=True):
        ours = boxes[classes == wanted]
        total += len(ours)
        hits += _hits(found.taken(found.classes == wanted), ours)
    hits.sort(key=lambda hit: -hit[0])
    right = np.cumsum([hit for _, hit in hits])
    precision = right / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    recall = np.concatenate(([0.0], right / max(total, 1)))
    return float((np.diff(recall) * precision).sum())


def _hits(found: Found, boxes: Floats) -> list[tuple[float, bool]]:
    """The score of each, and whether it is the first to find one of ``boxes``."""
    is_free = np.ones(len(boxes), bool)
    hits = []
    shared = overlaps(found.boxes, boxes)
    for place in np.argsort(-found.scores, kind="stable"):
        best = int(np.argmax(shared[place] * is_free)) if len(boxes) else -1
        is_hit = best >= 0 and bool(is_free[best]) and shared[place, best] >= _FOUND
        if is_hit:
            is_free[best] = False
        hits.append((float(found.scores[place]), bool(is_hit)))
    return hits
