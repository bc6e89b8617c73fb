"""An order of tasks in which each is as unlike those before it as can be, by what a model predicted.

Tasks of which the same was said are alike. What was said is written as a *mark*: how many regions of each
label, how sure, where and how large. Marks are few (`MOST_MARKS`: details are left out of all until they
are), so that the greedy choice of the farthest costs the same however many tasks there are: it orders the
marks, and tasks come in rounds, one of each mark in a round. A mark that people have labelled n tasks of
begins in round n.  Source: k-centre, Gonzalez, "Clustering to minimize the maximum intercluster distance"
(1985).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from treadle.learning.rules.uncertainty import Region

MOST_MARKS = 512
_LEVELS = 4
_CELLS = 3
_BINS = 4
_MOST_COUNTED = 5
_NOWHERE = (-1, -1, -1)

#: (label, how many) in order; how sure in quarters; column and row of the middle, and how large; -1: unknown.
Mark = tuple[tuple[tuple[str, int], ...], int, tuple[int, int, int]]


def mark_of(uncertainty: float, regions: Sequence[Region]) -> Mark:
    """The mark of a prediction, with all details."""
    counts: dict[str, int] = {}
    for region in regions:
        for label in _labels_of(region):
            counts[label] = min(_MOST_COUNTED, counts.get(label, 0) + 1)
    return tuple(sorted(counts.items())), min(_BINS - 1, int(uncertainty * _BINS)), _place_of(regions)


def coarser(mark: Mark, level: int) -> Mark:
    """A mark with less detail: 0 all, 1 no place, 2 the labels alone, 3 one of 512 groups of these."""
    labels, sure, _ = mark
    if level == 0:
        return mark
    if level == 1:
        return labels, sure, _NOWHERE
    names = tuple((label, 1) for label, _ in labels)
    if level == 2:
        return names, 0, _NOWHERE
    group = zlib.crc32("\0".join(label for label, _ in names).encode()) % MOST_MARKS
    return ((f"#{group}", 1),), 0, _NOWHERE


class Census:
    """Counts the tasks of each mark, with as much detail as leaves at most `MOST_MARKS` of them."""

    def __init__(self) -> None:
        self.level = 0
        #: By mark: how many tasks are labelled, and how many are not.
        self.counts: dict[Mark, list[int]] = {}

    def add(self, mark: Mark, *, is_labeled: bool) -> None:
        """Count a task."""
        pair = self.counts.setdefault(coarser(mark, self.level), [0, 0])
        pair[not is_labeled] += 1
        while len(self.counts) > MOST_MARKS and self.level < _LEVELS - 1:
            self.level += 1
            self._merge()

    def _merge(self) -> None:
        before, self.counts = self.counts, {}
        for mark, counted in before.items():
            pair = self.counts.setdefault(coarser(mark, self.level), [0, 0])
            pair[0] += counted[0]
            pair[1] += counted[1]


@dataclass(frozen=True)
class Order:
    """Which mark comes when: its rank within a round, and the round that it begins in."""

    level: int
    ranks: Mapping[str, int]
    begins: Mapping[str, int]

    def worth(self, key: str, earlier: int) -> float:
        """Of a task: ``earlier`` tasks of its mark come before it. In (0, 1], greatest first."""
        round_ = self.begins.get(key, 0) + earlier
        return 1.0 / (1 + round_ * (len(self.ranks) + 1) + self.ranks.get(key, len(self.ranks)))


def key_of(mark: Mark, level: int) -> str:
    """The mark as a text, as it is kept."""
    labels, sure, place = coarser(mark, level)
    return "\x1f".join([*(f"{label}\x1e{count}" for label, count in labels), str(sure), *map(str, place)])


def order_marks(census: Census) -> Order:
    """The marks with tasks to label, each the farthest of all that are labelled or come before it."""
    counts = census.counts
    waiting = sorted(mark for mark, (_, open_) in counts.items() if open_)
    covered = [mark for mark, (labelled, _) in counts.items() if labelled]
    ordered = _farthest_first(waiting, covered, {mark: counts[mark][1] for mark in waiting})
    keys = [key_of(mark, census.level) for mark in ordered]
    begins = {key: counts[mark][0] for key, mark in zip(keys, ordered, strict=True) if counts[mark][0]}
    return Order(census.level, {key: rank for rank, key in enumerate(keys)}, begins)


def _farthest_first(marks: Sequence[Mark], covered: Iterable[Mark], sizes: Mapping[Mark, int]) -> list[Mark]:
    """The greedy order: at most MOST_MARKS² distances. Of marks as far the one of more tasks comes first."""
    far = dict.fromkeys(marks, math.inf)
    for centre in covered:
        _note_centre(far, centre)
    ordered = []
    while far:
        chosen = max(far, key=lambda mark: (far[mark], sizes[mark]))
        del far[chosen]
        ordered.append(chosen)
        _note_centre(far, chosen)
    return ordered


def _note_centre(far: dict[Mark, float], centre: Mark) -> None:
    for mark, distance in far.items():
        if distance > 0:
            far[mark] = min(distance, _distance(mark, centre))


def _distance(one: Mark, other: Mark) -> float:
    """Labels weigh most, then how sure, then place and size."""
    counts, others = dict(one[0]), dict(other[0])
    labels = (
        sum(abs(counts.get(name, 0) - others.get(name, 0)) for name in counts.keys() | others.keys())
        / _MOST_COUNTED
    )
    differs = len(counts.keys() ^ others.keys())
    place = sum(abs(mine - theirs) for mine, theirs in zip(one[2], other[2], strict=True))
    return differs + labels + abs(one[1] - other[1]) / _BINS + place / (4 * _CELLS)


def _labels_of(region: Region) -> list[str]:
    found = region.value.get(region.type)
    if not isinstance(found, list):
        return [region.type] if region.type else []
    return [label for label in found if isinstance(label, str)]


def _place_of(regions: Sequence[Region]) -> tuple[int, int, int]:
    """Where the regions lie on average, and how large the largest is; of shapes with edges alone."""
    boxes = [box for region in regions if (box := _box_of(region)) is not None]
    if not boxes:
        return _NOWHERE
    across = sum(x + width / 2 for x, _, width, _ in boxes) / len(boxes)
    down = sum(y + height / 2 for _, y, _, height in boxes) / len(boxes)
    area = max(width * height for _, _, width, height in boxes) / 10_000
    size = 0 if area <= 0 else max(0, min(_BINS - 1, int(_BINS + math.log(area, 4))))
    return _cell(across), _cell(down), size


def _cell(percent: float) -> int:
    return max(0, min(_CELLS - 1, int(percent * _CELLS / 100)))


def _box_of(region: Region) -> tuple[float, float, float, float] | None:
    """x, y, width and height in percent."""
    value = region.value
    found = [value.get(name) for name in ("x", "y", "width", "height")]
    numbers = [float(one) for one in found if isinstance(one, (int, float)) and abs(one) < 1e9]
    return None if len(numbers) != 4 else (numbers[0], numbers[1], numbers[2], numbers[3])
