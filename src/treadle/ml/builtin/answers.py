"""What a classifier says of one task: an answer to each question, as sure as its probabilities are."""

from __future__ import annotations

from collections.abc import Iterable

from treadle.ml import Control, Prediction, Region, choice
from treadle.ml.builtin.heads import Floats, Head

_MORE_LIKELY_THAN_NOT = 0.5


def say(said: Iterable[tuple[Control, Head, Floats]], confidence: float) -> Prediction:
    """The answers to all questions, each by its head and the (labels,) probabilities of the task.

    confidence: what is less likely is not said; 0: the likeliest answer, and of several those that are
    likelier than not. The score of the whole is how sure it is of its decisions, said or not.
    """
    regions: list[Region] = []
    certain: list[float] = []
    for control, head, probabilities in said:
        if head.is_multiple:
            regions += _several(control, head, probabilities, confidence or _MORE_LIKELY_THAN_NOT)
            certain.append(float(abs(probabilities - _MORE_LIKELY_THAN_NOT).mean()) + _MORE_LIKELY_THAN_NOT)
        else:
            best = int(probabilities.argmax())
            sure = float(probabilities[best])
            certain.append(sure)
            if sure >= confidence:
                regions.append(choice(head.labels[best], score=sure, control=control.name))
    return Prediction(regions, score=sum(certain) / len(certain) if certain else None)


def _several(control: Control, head: Head, probabilities: Floats, least: float) -> list[Region]:
    chosen = [place for place in range(len(head.labels)) if probabilities[place] >= least]
    if not chosen:
        return []
    labels = (head.labels[place] for place in chosen)
    return [choice(*labels, score=float(probabilities[chosen].mean()), control=control.name)]
