"""What a person made of a suggestion, region by region: kept, moved, relabelled, deleted, or added by them.

Regions are one where they share an id; what is left is paired by its place, the closest first, for clients
that name their regions anew. Nothing here asks the database or a model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from treadle.learning.measures.closeness import closeness

Outcome = Literal["kept", "moved", "relabelled", "deleted", "added"]
OUTCOMES: tuple[Outcome, ...] = ("kept", "moved", "relabelled", "deleted", "added")
#: From here on a shape is where it was; spans have to be exactly there.
SAME_PLACE = 0.98
#: Regions that overlap by less are not of one another.
_LEAST = 0.5
#: So many pairs are looked at; of larger results only what shares an id is one.
_MOST_PAIRS = 250_000
_PLAIN_SHAPES = frozenset(
    {"rectangle", "polygon", "ellipse", "keypoint", "brush", "bitmask", "videorectangle", "vector", "cuboid"}
)
_ENDING = "labels"

#: By label, how often each of OUTCOMES, in their order.
Sums = dict[str, list[int]]


@dataclass
class _Region:
    """A place with its labels, or one without a place that is told by its control."""

    kind: str
    value: dict[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    aspect: float = 1.0

    @property
    def label(self) -> str:
        return ", ".join(self.labels)


@dataclass
class _Result:
    """A result by its regions and its answers: (control, region or "") → label → what is said."""

    regions: dict[str, _Region] = field(default_factory=dict)
    answers: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)


def judge(suggested: bytes | str, made: bytes | str) -> Sums:
    """What became of the regions of ``suggested``, by their label, and what ``made`` has beyond them.

    Both are JSON lists of results. What is no result counts for nothing.
    """
    before, after = _read(suggested), _read(made)
    sums: Sums = defaultdict(lambda: [0] * len(OUTCOMES))
    pairs = dict(_pair(before.regions, after.regions))
    for own, region in before.regions.items():
        other = after.regions.get(pairs.get(own, ""))
        sums[region.label][OUTCOMES.index(_outcome(region, other))] += 1
    taken = set(pairs.values())
    for other_id, region in after.regions.items():
        if other_id not in taken:
            sums[region.label][OUTCOMES.index("added")] += 1
    _judge_answers(sums, before, after, pairs)
    return dict(sums)


def _outcome(region: _Region, other: _Region | None) -> Outcome:
    if other is None:
        return "deleted"
    if set(region.labels) != set(other.labels):
        return "relabelled"
    return "kept" if _closeness(region, other) >= _needed(region.kind) else "moved"


def _needed(kind: str) -> float:
    return 1.0 if kind in ("span", "keypoint") else SAME_PLACE


def _pair(before: dict[str, _Region], after: dict[str, _Region]) -> Iterator[tuple[str, str]]:
    """Which region is which: by id, else by place."""
    shared = {own for own in before if own in after and before[own].kind == after[own].kind}
    yield from ((own, own) for own in shared)
    left = [own for own in before if own not in shared]
    free = [own for own in after if own not in shared]
    if len(left) * len(free) > _MOST_PAIRS:
        return
    found = [
        (close, before[one].labels == after[other].labels, one, other)
        for one in left
        for other in free
        if before[one].kind == after[other].kind
        and (close := _closeness(before[one], after[other])) >= _LEAST
    ]
    gone: set[str] = set()
    come: set[str] = set()
    for _close, _is_same, one, other in sorted(found, reverse=True):
        if one not in gone and other not in come:
            gone.add(one)
            come.add(other)
            yield one, other


def _closeness(one: _Region, other: _Region) -> float:
    return closeness(one.kind, one.value, other.value, aspect=one.aspect)


# Answers: choices, texts and numbers, of a task or of a region.


def _judge_answers(sums: Sums, before: _Result, after: _Result, pairs: dict[str, str]) -> None:
    matched: set[tuple[str, str]] = set()
    for (control, region), said in before.answers.items():
        other = (control, pairs.get(region, "") if region else "")
        if region and not other[1]:
            continue  # it went with its region, which is counted
        matched.add(other)
        _judge_answer(sums, said, after.answers.get(other, {}))
    for key, said in after.answers.items():
        if key not in matched:
            _judge_answer(sums, {}, said)


def _judge_answer(sums: Sums, said: dict[str, object], made: dict[str, object]) -> None:
    """What is one of several that differ is another label for it; a text that differs is, too."""
    gone, come = sorted(said.keys() - made.keys()), sorted(made.keys() - said.keys())
    for label in said.keys() & made.keys():
        sums[label][OUTCOMES.index("kept" if said[label] == made[label] else "relabelled")] += 1
    for place, label in enumerate(gone):
        sums[label][OUTCOMES.index("relabelled" if place < len(come) else "deleted")] += 1
    for label in come[len(gone) :]:
        sums[label][OUTCOMES.index("added")] += 1


# Reading.


def _read(result: bytes | str) -> _Result:
    try:
        items = msgspec.json.decode(result)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Result()
    told = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    found = _Result()
    for item in told:
        if _is_region(_type_of(item)):
            _add_region(found, item)
    for item in told:
        if not _is_region(_type_of(item)) and _type_of(item) != "relation":
            _add_answer(found, item)
    return found


def _type_of(item: dict[str, Any]) -> str:
    return str(item.get("type", "")).lower()


def _is_region(kind: str) -> bool:
    return kind.endswith(_ENDING) or kind in _PLAIN_SHAPES


def _add_region(found: _Result, item: dict[str, Any]) -> None:
    kind, value = _type_of(item), item.get("value")
    value = value if isinstance(value, dict) else {}
    own = str(item.get("id") or f"unnamed {len(found.regions)}")
    region = found.regions.setdefault(own, _Region(_kind_of(kind, value)))
    region.value = {**region.value, **value}
    region.labels += _texts(value.get(kind)) if kind.endswith(_ENDING) else ()
    width, height = item.get("original_width"), item.get("original_height")
    if isinstance(width, (int, float)) and isinstance(height, (int, float)) and width > 0 and height > 0:
        region.aspect = width / height


def _kind_of(kind: str, value: dict[str, Any]) -> str:
    """What shape it is; labels of a shape beside are of that shape."""
    plain = kind.removesuffix(_ENDING)
    if plain in _PLAIN_SHAPES:
        return plain
    if "start" in value or "globalOffsets" in value:
        return "span"
    if "points" in value:
        return "polygon"
    if "radiusX" in value:
        return "ellipse"
    if "height" in value:
        return "rectangle"
    return "keypoint" if "x" in value else plain


def _add_answer(found: _Result, item: dict[str, Any]) -> None:
    kind, control, value = _type_of(item), str(item.get("from_name", "")), item.get("value")
    if not kind or not isinstance(value, dict):
        return
    own = str(item.get("id") or "")
    said = found.answers.setdefault((control, own if own in found.regions else ""), {})
    answer = value.get(kind, value.get("text") if kind == "textarea" else None)
    if kind in ("choices", "taxonomy"):
        said.update(dict.fromkeys(_texts(answer), True))
    elif answer is not None:
        said[control] = answer


def _texts(found: object) -> tuple[str, ...]:
    """Labels, choices, or the ways down a taxonomy."""
    if isinstance(found, str):
        return (found,)
    if not isinstance(found, Sequence):
        return ()
    return tuple(" / ".join(map(str, one)) if isinstance(one, list) else str(one) for one in found)
