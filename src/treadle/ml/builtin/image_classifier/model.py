"""Classifies pictures by pixels, edges and colours, with honest probabilities and without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from treadle.ml import Context, Control, Dataset, Model, Prediction, Run, Task, Version
from treadle.ml.builtin.classifying import (
    Craft,
    OnStep,
    answer_questions,
    learn_questions,
    read_answerers,
)
from treadle.ml.builtin.heads import STRENGTHS, Fitted, fit_head
from treadle.ml.builtin.image_classifier.pictures import MIXES, Described, Gauge, describe, joined
from treadle.ml.builtin.parameters import Parameters
from treadle.ml.builtin.questions import find_questions

_SOURCES = ("image",)
#: So many pictures say enough about what is to be looked at.
_MOST_TRIED = 400


class ImageClassifier(Model):
    """Answers each question about a picture."""

    settings = Parameters(__file__)

    def load(self, version: Version | None) -> None:
        self._answerers = read_answerers(version, Gauge.of)

    def predict(self, tasks: Sequence[Task], context: Context) -> Sequence[Prediction | None]:
        controls = find_questions(self.labels, _SOURCES)
        return answer_questions(self._answerers, controls, tasks, self.settings.number("confidence"))

    def fit(self, dataset: Dataset, run: Run) -> Mapping[str, object] | None:
        size_px = self.settings.whole("image_size")

        def read(task: Task, control: Control) -> Described:
            return describe(task.image(control.value_key or None), size_px)

        def learn(
            seen: Sequence[Described],
            answers: Sequence[Sequence[str]],
            is_multiple: bool,
            on_step: OnStep,
        ) -> tuple[Fitted, Gauge] | None:
            lesson = _Lesson(joined(seen), answers, is_multiple, size_px)
            mix = lesson.choose_mix(on_step)
            return None if mix is None else lesson.learn(mix, on_step)

        craft = Craft(_SOURCES, read, learn, len(STRENGTHS) * (len(MIXES) + 1))
        return learn_questions(craft, self.labels, dataset, run)


@dataclass(frozen=True)
class _Lesson:
    """Described pictures and their answers."""

    blocks: Described
    answers: Sequence[Sequence[str]]
    is_multiple: bool
    size_px: int

    def choose_mix(self, on_step: OnStep) -> tuple[float, ...] | None:
        """What is to be looked at: with the least loss on pictures that were not learnt from."""
        chosen = np.random.default_rng(0).permutation(len(self.answers))[:_MOST_TRIED]
        some = _Lesson(
            tuple(block[chosen] for block in self.blocks),
            [self.answers[place] for place in chosen],
            self.is_multiple,
            self.size_px,
        )
        losses = {}
        for mix in MIXES:
            found = some.learn(mix, on_step)
            if found is None:
                return None
            losses[mix] = found[0].loss
        return min(losses, key=losses.__getitem__)

    def learn(self, mix: tuple[float, ...], on_step: OnStep) -> tuple[Fitted, Gauge] | None:
        """A head, and the gauge that it stands on; None where ``on_step`` said to stop."""
        gauge = Gauge.learn(self.blocks, mix, self.size_px)
        features = gauge.measure(self.blocks)
        fitted = fit_head(features, self.answers, is_multiple=self.is_multiple, on_step=on_step)
        return None if fitted is None else (fitted, gauge)
