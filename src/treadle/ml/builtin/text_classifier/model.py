"""Classifies texts: TF-IDF of words and of pieces of words, and a linear model with honest probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from treadle.ml import Context, Dataset, Model, Prediction, Run, Task, Version
from treadle.ml.builtin.classifying import (
    Craft,
    OnStep,
    answer_questions,
    learn_questions,
    read_answerers,
)
from treadle.ml.builtin.heads import STRENGTHS, Fitted, fit_head
from treadle.ml.builtin.parameters import Parameters
from treadle.ml.builtin.questions import find_questions
from treadle.ml.builtin.text_classifier.words import Words, read_text

_SOURCES = ("text", "hypertext", "paragraphs")


class TextClassifier(Model):
    """Answers each question about a text."""

    settings = Parameters(__file__)

    def load(self, version: Version | None) -> None:
        self._answerers = read_answerers(version, Words.of)

    def predict(self, tasks: Sequence[Task], context: Context) -> Sequence[Prediction | None]:
        controls = find_questions(self.labels, _SOURCES)
        return answer_questions(self._answerers, controls, tasks, self.settings.number("confidence"))

    def fit(self, dataset: Dataset, run: Run) -> Mapping[str, object] | None:
        craft = Craft(_SOURCES, read_text, _learn, len(STRENGTHS))
        return learn_questions(craft, self.labels, dataset, run)


def _learn(
    texts: Sequence[str], answers: Sequence[Sequence[str]], is_multiple: bool, on_step: OnStep
) -> tuple[Fitted, Words] | None:
    words = Words.learn(texts)
    fitted = fit_head(words.look(texts), answers, is_multiple=is_multiple, on_step=on_step)
    return None if fitted is None else (fitted, words)
