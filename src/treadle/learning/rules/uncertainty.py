"""How unsure a model was of a task, by what it predicted there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

#: Of a prediction that says nothing of how sure it is.
UNKNOWN = 0.5
#: Shares that add up to more are no shares of one answer: each stands for itself.
_WHOLE = 1.001


class Region(msgspec.Struct, frozen=True):
    """What of a region tells how sure a model was, and of what."""

    from_name: str = ""
    type: str = ""
    score: float | None = None
    value: dict[str, Any] = {}


_decoder = msgspec.json.Decoder(list[Region])


def read_regions(result: str | bytes) -> list[Region]:
    """The regions of a prediction's result (JSON); none where it is not as the wire has it."""
    try:
        return _decoder.decode(result)
    except (msgspec.DecodeError, RecursionError):
        return []


def uncertainty_of(score: float | None, regions: Sequence[Region]) -> float:
    """How unsure the prediction is, in [0, 1].

    Where a control was answered by several choices with their scores: the entropy of these, of the least
    sure control. Otherwise 1 - ``score``, the prediction's own; 1 - the mean of its regions' without one; a
    half where nothing is said.
    """
    told = [_spread(shares) for shares in _alternatives(regions) if len(shares) > 1]
    if told:
        return max(told)
    if score is None:
        scores = [region.score for region in regions if region.score is not None]
        score = sum(scores) / len(scores) if scores else None
    if score is None or not math.isfinite(score):
        return UNKNOWN
    return 1.0 - min(1.0, max(0.0, score))


def _alternatives(regions: Sequence[Region]) -> list[list[float]]:
    """The scores of each control's choices."""
    found: dict[str, list[float]] = {}
    for region in regions:
        if region.type == "choices" and region.score is not None and math.isfinite(region.score):
            found.setdefault(region.from_name, []).append(min(1.0, max(0.0, region.score)))
    return list(found.values())


def _spread(scores: list[float]) -> float:
    """The entropy of shares of one answer, 1 for all alike; of answers that are each yes or no the most."""
    total = sum(scores)
    if total > _WHOLE:
        return max(_entropy([score, 1.0 - score]) for score in scores)
    shares = [*scores, 1.0 - total] if total < 1.0 else scores
    return _entropy(shares)


def _entropy(shares: list[float]) -> float:
    """In [0, 1], by the number of shares."""
    return -sum(share * math.log(share) for share in shares if share > 0) / math.log(len(shares))
