"""What turns features into labels with honest probabilities: a linear model, chosen and tempered by
cross-validation. Kept as numbers, never as a pickle.

An answer's probability is meant to be the part of such answers that are right: the strength of the fit is the
one with the least loss on examples that it did not see, and so is the temperature of its scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from treadle.errors import Invalid

Floats = NDArray[np.float64]
#: Rows of features: an array, or a sparse matrix of scipy.
Features = Any

#: From a fit that trusts little to one that trusts all; `fit_head` asks ``on_step`` after each.
STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1000.0)
_FOLDS = 5
#: So many examples say enough about the strength.
_MOST_TRIED = 1500
_STEPS = 300
_TEMPERATURES = np.geomspace(0.5, 4.0, 31)
_TINY = 1e-6


@dataclass(frozen=True)
class Head:
    """weights: (labels, features); bias: (labels,). One answer of all labels, or each label by itself."""

    labels: tuple[str, ...]
    weights: Floats
    bias: Floats
    is_multiple: bool
    temperature: float = 1.0

    def probabilities(self, features: Features) -> Floats:
        """(rows, labels) in [0, 1]; rows add up to 1 where there is one answer."""
        return _probabilities(self._scores(features) / self.temperature, is_multiple=self.is_multiple)

    def _scores(self, features: Features) -> Floats:
        return np.asarray(features @ self.weights.T) + self.bias

    def save(self, path: Path, **arrays: NDArray[Any]) -> Path:
        """Keep it, and ``arrays`` beside it, in one file of numbers and texts."""
        ours: dict[str, NDArray[Any]] = {
            "labels": np.array(self.labels, dtype=np.str_),
            "weights": self.weights.astype(np.float32),
            "bias": self.bias,
            "is_multiple": np.array(self.is_multiple),
            "temperature": np.array(self.temperature),
        }
        with path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **ours, **arrays)
        return path


def read_head(path: Path) -> tuple[Head, dict[str, NDArray[Any]]]:
    """A head as `Head.save` kept it, and what lies beside it. Raises Invalid("version-unreadable")."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        head = Head(
            tuple(arrays.pop("labels").tolist()),
            arrays.pop("weights").astype(np.float64),
            arrays.pop("bias"),
            bool(arrays.pop("is_multiple")),
            float(arrays.pop("temperature")),
        )
    except (OSError, ValueError, KeyError) as error:
        raise Invalid("version-unreadable", f"{path.name} holds no classifier ({error}).") from error
    return head, arrays


@dataclass(frozen=True)
class Fitted:
    """A head, and how it does on examples that it did not see."""

    head: Head
    accuracy: float
    loss: float


def fit_head(
    features: Features,
    answers: Sequence[Sequence[str]],
    *,
    is_multiple: bool,
    on_step: Callable[[], bool] = lambda: True,
) -> Fitted | None:
    """The head that foretells best; None where ``on_step`` says between two fits that it is to stop.

    answers: of each row. Raises Invalid("labels-few") where there are not two labels to tell apart.
    """
    labels, targets = _targets(answers, is_multiple=is_multiple)
    tried = np.random.default_rng(0).permutation(len(answers))[:_MOST_TRIED]
    fits: list[tuple[float, float, Floats]] = []
    for strength in STRENGTHS:
        scores = _unseen_scores(features[tried], targets[tried], strength, is_multiple=is_multiple)
        fits.append((_loss(scores, targets[tried], is_multiple=is_multiple), strength, scores))
        if not on_step():
            return None
        if len(fits) > 1 and fits[-1][0] > fits[-2][0] * 1.2:
            break  # stronger ones are worse still
    _, strength, scores = min(fits, key=lambda one: one[0])
    temperature = _temperature(scores, targets[tried], is_multiple=is_multiple)
    weights, bias = _fit(features, targets, strength, is_multiple=is_multiple)
    head = Head(labels, weights, bias, is_multiple, temperature)
    loss = _loss(scores / temperature, targets[tried], is_multiple=is_multiple)
    return Fitted(head, _accuracy(scores, targets[tried], is_multiple=is_multiple), loss)


def _targets(answers: Sequence[Sequence[str]], *, is_multiple: bool) -> tuple[tuple[str, ...], Floats]:
    labels = tuple(sorted({label for given in answers for label in given}))
    if len(labels) < (1 if is_multiple else 2):
        told = f'only "{labels[0]}"' if labels else "none"
        raise Invalid(
            "labels-few", f"A classifier tells labels apart, and the finished work has {told}. Label more."
        )
    targets = np.zeros((len(answers), len(labels)))
    for row, given in enumerate(answers):
        for label in given:
            targets[row, labels.index(label)] = 1.0
    return labels, targets


def _folds(targets: Floats) -> NDArray[np.int64]:
    """The fold of each row; rows of one label are spread over all."""
    kinds = targets @ np.random.default_rng(0).random(targets.shape[1])
    order = np.argsort(kinds, kind="stable")
    folds = np.empty(len(targets), np.int64)
    folds[order] = np.arange(len(targets)) % min(_FOLDS, max(2, len(targets)))
    return folds


def _unseen_scores(features: Features, targets: Floats, strength: float, *, is_multiple: bool) -> Floats:
    folds = _folds(targets)
    scores = np.zeros_like(targets)
    for fold in np.unique(folds):
        held = folds == fold
        weights, bias = _fit(features[~held], targets[~held], strength, is_multiple=is_multiple)
        scores[held] = np.asarray(features[held] @ weights.T) + bias
    return scores


def _fit(features: Features, targets: Floats, strength: float, *, is_multiple: bool) -> tuple[Floats, Floats]:
    if is_multiple:
        parts = [_fit_one(features, column, strength) for column in targets.T]
        return np.stack([part[0] for part in parts]), np.array([part[1] for part in parts])
    weights = np.zeros((targets.shape[1], features.shape[1]))
    # A label that no row of this fold has is as unlikely as it can be said.
    bias = np.full(targets.shape[1], np.log(_TINY))
    classes = targets.argmax(axis=1)
    known = np.unique(classes)
    if len(known) == 1:
        bias[known] = 0.0
        return weights, bias
    fitted = LogisticRegression(C=strength, max_iter=_STEPS).fit(features, classes)
    if len(known) == 2:
        weights[known[1]], bias[known] = fitted.coef_[0], (0.0, fitted.intercept_[0])
    else:
        weights[known], bias[known] = fitted.coef_, fitted.intercept_
    return weights, bias


def _fit_one(features: Features, column: Floats, strength: float) -> tuple[Floats, float]:
    """One label against its absence; where all rows agree, as often as they say and once besides."""
    if column.min() == column.max():
        odds = (column.sum() + 0.5) / (len(column) - column.sum() + 0.5)
        return np.zeros(features.shape[1]), float(np.log(odds))
    fitted = LogisticRegression(C=strength, max_iter=_STEPS).fit(features, column)
    return fitted.coef_[0], float(fitted.intercept_[0])


def _probabilities(scores: Floats, *, is_multiple: bool) -> Floats:
    if is_multiple:
        return 1 / (1 + np.exp(-np.clip(scores, -40, 40)))
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))


def _loss(scores: Floats, targets: Floats, *, is_multiple: bool) -> float:
    """The mean of minus the logarithm of what was said of the truth."""
    said = np.clip(_probabilities(scores, is_multiple=is_multiple), _TINY, 1 - _TINY)
    if is_multiple:
        return float(-(targets * np.log(said) + (1 - targets) * np.log(1 - said)).mean())
    return float(-(targets * np.log(said)).sum(axis=1).mean())


def _temperature(scores: Floats, targets: Floats, *, is_multiple: bool) -> float:
    losses = [_loss(scores / one, targets, is_multiple=is_multiple) for one in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _accuracy(scores: Floats, targets: Floats, *, is_multiple: bool) -> float:
    """The part of answers that are right: of each label by itself where several may be given."""
    if is_multiple:
        return float(((scores > 0) == (targets > 0)).mean())
    return float((scores.argmax(axis=1) == targets.argmax(axis=1)).mean())
