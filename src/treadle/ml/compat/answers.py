"""What models of the old kinds answer, and that made what the wire takes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from treadle.errors import Invalid
from treadle.ml.outcomes import plain

Item = dict[str, object]


class PredictionValue:
    """One prediction: regions, a score, and a version that Treadle replaces by the one that is loaded."""

    def __init__(self, result: Sequence[Any] | None = None, score: float | None = 0.0, **more: Any) -> None:
        self.result = list(result or ())
        self.score = score
        self.model_version = more.get("model_version")

    def model_dump(self) -> Item:
        """As a mapping."""
        return {"result": self.result, "score": self.score, "model_version": self.model_version}

    dict = model_dump


class ModelResponse:
    """The predictions for a call's tasks."""

    def __init__(
        self, predictions: Sequence[Any] = (), model_version: str | None = None, **_more: Any
    ) -> None:
        self.predictions = list(predictions)
        self.model_version = model_version

    def has_model_version(self) -> bool:
        """Whether a version was said."""
        return bool(self.model_version)

    def set_version(self, version: str) -> None:
        """Say the version, for all predictions that say none."""
        self.model_version = version
        self.update_predictions_version()

    def update_predictions_version(self) -> None:
        """Hand the version on to the predictions that say none."""
        for said in self.predictions:
            for one in said if isinstance(said, list) else [said]:
                if not _version_of(one):
                    _set_version(one, self.model_version)

    def model_dump(self) -> Item:
        """As a mapping."""
        return {
            "model_version": self.model_version,
            "predictions": [_mapping(one) for one in self.predictions],
        }

    dict = model_dump


def items_of(answer: object, count: int, name: str) -> list[Item | list[Item]]:
    """One item a task, of whatever a model answered; no answer at all is one without regions for each task.

    Raises Invalid("predict-count"), Invalid("predict-kind").
    """
    said = getattr(answer, "predictions", answer)
    if said is None:
        said = []
    if not isinstance(said, (list, tuple)):
        raise Invalid("predict-kind", f"{name}.predict returned {type(answer).__name__}, not a list.")
    if len(said) not in (0, count):
        raise Invalid("predict-count", f"{name}.predict returned {len(said)} items for {count} tasks.")
    return [_of_task(one, name) for one in said] or [{"result": []} for _ in range(count)]


def _of_task(said: object, name: str) -> Item | list[Item]:
    if not isinstance(said, (list, tuple)):
        return _item(said, name)
    several = [_item(one, name) for one in said]
    if len(several) == 1:
        return several[0]
    for item, one in zip(several, said, strict=True):
        if version := _version_of(one):
            item["model_version"] = str(version)
    return several


def _item(said: object, name: str) -> Item:
    found = _mapping(said)
    regions = found.get("result")
    if not isinstance(regions, (list, tuple)):
        raise Invalid("predict-kind", f"{name}.predict returned a prediction whose result is no list.")
    item: Item = {"result": [plain(_mapping(region), "region") for region in regions]}
    if (score := _score(found.get("score"))) is not None:
        item["score"] = score
    return item


def _score(value: object) -> float | None:
    """A number, also where it came as one of numpy's or as text; None where it is none."""
    try:
        score = float(cast(float, value))
    except (TypeError, ValueError):
        return None
    return score if math.isfinite(score) else None


def _mapping(said: object) -> Mapping[str, Any]:
    if isinstance(said, Mapping):
        return said
    for name in ("_dict", "model_dump", "dict"):
        if callable(found := getattr(said, name, None)):
            return cast("Mapping[str, Any]", found())
    raise Invalid("predict-kind", f"A prediction is a mapping, and this one is {type(said).__name__}.")


def _version_of(said: object) -> object:
    return said.get("model_version") if isinstance(said, Mapping) else getattr(said, "model_version", None)


def _set_version(said: Any, version: str | None) -> None:
    if isinstance(said, dict):
        said["model_version"] = version
    else:
        said.model_version = version
