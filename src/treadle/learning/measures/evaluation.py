"""How well a version does on tasks that it has not learnt from, label by label.

Boxes, turned boxes, ellipses, polygons and masks by mAP50, answers by accuracy and F1, points and spans by
F1. What cannot be measured says why, and has no number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import msgspec

from treadle.labeling.config import LabelConfig
from treadle.learning.measures.answers import Answers, Dot, Shape, Span, read_answers
from treadle.learning.measures.masks import Mask, overlap_of_masks
from treadle.learning.measures.overlaps import Outline, overlap

Metric = Literal["mAP50", "accuracy", "F1", ""]

Part = TypeVar("Part", Dot, Span)

#: An outline is found when the overlap over union is at least that.
ENOUGH = 0.5
#: Predicted shapes of one task that are looked at, the surest ones.
_MOST_SHAPES = 1_000
_RECALLS = tuple(step / 100 for step in range(101))


class LabelScore(msgspec.Struct, frozen=True):
    """One label: its AP50, or its F1.

    precision, recall: of all that was predicted, however sure. support: how often it truly is there.
    """

    label: str
    value: float | None
    precision: float | None
    recall: float | None
    support: int


class Evaluation(msgspec.Struct, frozen=True):
    """What a version is worth, 0 to 1; ``metric`` is "" where nothing could be measured, and why."""

    metric: Metric
    reason: str
    value: float | None
    task_count: int
    #: Whether it may have learnt from these very tasks: the backend reads the project by itself, or another
    #: training that it comes from held out others.
    seen: bool
    #: Its name at the backend.
    version: str
    labels: list[LabelScore]
    #: Of answers: the mean of the labels' F1.
    macro_f1: float | None = None
    #: Tasks that the backend could not predict, which count as such without an answer.
    failed_count: int = 0
    #: From how many of these tasks it has learnt, as far as that is known here.
    seen_count: int = 0


def is_better(new: Evaluation, serving: Evaluation) -> bool:
    """Whether ``new`` was measured to do better, by the same measure."""
    if new.value is None or new.seen or new.metric != serving.metric:
        return False
    return serving.value is not None and new.value > serving.value


@dataclass
class _Found:
    """Of one label: how sure each prediction was and whether it was right, and how many there are."""

    predicted: list[tuple[float, bool]] = field(default_factory=list)
    support: int = 0

    @property
    def right(self) -> int:
        return sum(is_right for _, is_right in self.predicted)

    def score(self, label: str, value: float | None) -> LabelScore:
        precision = self.right / len(self.predicted) if self.predicted else None
        recall = self.right / self.support if self.support else None
        return LabelScore(label, value, precision, recall, self.support)

    @property
    def f1(self) -> float | None:
        """2 TP / (2 TP + FP + FN); None where it is neither there nor predicted."""
        both = len(self.predicted) + self.support
        return 2 * self.right / both if both else None


class Measure:
    """Takes a task after the other, and tells what comes of them; memory holds a number or two for each
    prediction."""

    def __init__(self, config: LabelConfig) -> None:
        self._config = config
        self._shapes: dict[str, _Found] = defaultdict(_Found)
        self._dots: dict[str, _Found] = defaultdict(_Found)
        self._spans: dict[str, _Found] = defaultdict(_Found)
        self._choices: dict[str, _Found] = defaultdict(_Found)
        self._questions: Counter[bool] = Counter()
        self._unmeasured: set[str] = set()
        self._task_count = 0
        self._failed_count = 0

    def add(self, truth: bytes, said: bytes | None) -> None:
        """Count one task. said: the predicted result; None where none came."""
        self._task_count += 1
        self._failed_count += said is None
        true = read_answers(self._config, truth)
        predicted = read_answers(self._config, said or b"[]", true.aspect)
        self._unmeasured |= true.unmeasured
        _count_matches(self._shapes, true.shapes, _surest(predicted.shapes), _fit_of_shapes)
        _count_matches(self._dots, true.dots, predicted.dots, _fit_of_parts)
        _count_matches(self._spans, true.spans, predicted.spans, _fit_of_parts)
        self._count_choices(true, predicted)

    def found(self) -> Iterator[_Found]:
        """Of each label of each kind."""
        for kind in (self._shapes, self._dots, self._spans, self._choices):
            yield from kind.values()

    def evaluation(self, version: str, *, seen: bool = False) -> Evaluation:
        """What came of the tasks until now."""
        metric, reason, value, scores = self._measured()
        f1s = [each.value for each in scores if each.value is not None]
        return Evaluation(
            metric,
            reason,
            value,
            self._task_count,
            seen,
            version,
            scores,
            macro_f1=_mean(f1s) if metric == "accuracy" else None,
            failed_count=self._failed_count,
        )

    def _measured(self) -> tuple[Metric, str, float | None, list[LabelScore]]:
        """By what there is most of in truth: shapes, points, spans, answers, where it is the same."""
        most = max((self._shapes, self._dots, self._spans, self._choices), key=_support)
        if not _support(most):
            return "", self._nothing(), None, []
        if most is self._shapes:
            scores = [each.score(label, _average_precision(each)) for label, each in _sorted(most)]
            return "mAP50", "", _mean([each.value for each in scores if each.value is not None]), scores
        scores = [each.score(label, each.f1) for label, each in _sorted(most)]
        if most is self._choices:
            return "accuracy", "", self._questions[True] / self._questions.total(), scores
        return "F1", "", _together(most.values()).f1, scores

    def _nothing(self) -> str:
        if not self._task_count:
            return "No task was held out to measure by."
        if self._unmeasured:
            return f"There is no measure for {', '.join(sorted(self._unmeasured))} yet."
        return "The held-out tasks hold no region and no answer to measure by."

    def _count_choices(self, true: Answers, predicted: Answers) -> None:
        for question, chosen in true.choices.items():
            said = predicted.choices.get(question, frozenset())
            self._questions[said == chosen] += 1
            for label in chosen:
                self._choices[label].support += 1
            for label in said:
                self._choices[label].predicted.append((1.0, label in chosen))
        # Nobody answered: there is nothing to be right about, but what was said is one answer too many.
        for question in predicted.choices.keys() - true.choices.keys():
            for label in predicted.choices[question]:
                self._choices[label].predicted.append((1.0, False))


def agreement(config: LabelConfig, one: bytes, other: bytes) -> float | None:
    """How far two results of the same task say the same, 0 to 1: F1 of shapes that overlap, of spans and of
    answers together. None where neither says anything that is measured."""
    measure = Measure(config)
    measure.add(one, other)
    return _together(measure.found()).f1


def _together(found: Iterable[_Found]) -> _Found:
    whole = _Found()
    for each in found:
        whole.predicted += each.predicted
        whole.support += each.support
    return whole


def _fit_of_shapes(one: Shape, other: Shape) -> float:
    if one.place != other.place:
        return 0.0
    if isinstance(one.outline, Mask) and isinstance(other.outline, Mask):
        return overlap_of_masks(one.outline, other.outline)
    if isinstance(one.outline, Outline) and isinstance(other.outline, Outline):
        return overlap(one.outline, other.outline)
    return 0.0


def _fit_of_parts(one: Part, other: Part) -> float:
    return one.fits(other) if one.place == other.place else 0.0


def _surest(shapes: Sequence[Shape]) -> list[Shape]:
    return sorted(shapes, key=lambda shape: -shape.score)[:_MOST_SHAPES]


Labelled = TypeVar("Labelled", Shape, Dot, Span)


def _count_matches(
    found: dict[str, _Found],
    true: Sequence[Labelled],
    predicted: Sequence[Labelled],
    fit: Callable[[Labelled, Labelled], float],
) -> None:
    """Each prediction in turn takes the best of what is still free, where it fits well enough.

    Source: the matching of the COCO evaluation, for one threshold.
    """
    free: dict[str, list[Labelled]] = defaultdict(list)
    for each in true:
        free[each.label].append(each)
        found[each.label].support += 1
    for each in predicted:
        fits = [fit(each, other) for other in free[each.label]]
        best = max(range(len(fits)), key=fits.__getitem__, default=None)
        is_right = best is not None and fits[best] >= ENOUGH
        if best is not None and is_right:
            del free[each.label][best]
        score = each.score if isinstance(each, Shape) else 1.0
        found[each.label].predicted.append((score, is_right))


def _average_precision(found: _Found) -> float | None:
    """The mean of the best precision at each of 101 recalls; None for a label that is not there.

    Source: the COCO evaluation; predictions of the same score count in the order that they came in.
    """
    if not found.support:
        return None
    right, points = 0, []
    for count, (_, is_right) in enumerate(sorted(found.predicted, key=lambda one: -one[0]), start=1):
        right += is_right
        points.append((right / found.support, right / count))
    best, at, total = 0.0, len(points) - 1, 0.0
    for recall in reversed(_RECALLS):
        while at >= 0 and points[at][0] >= recall:
            best = max(best, points[at][1])
            at -= 1
        total += best
    return total / len(_RECALLS)


def _sorted(found: dict[str, _Found]) -> list[tuple[str, _Found]]:
    return sorted(found.items())


def _support(found: dict[str, _Found]) -> int:
    return sum(each.support for each in found.values())


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
