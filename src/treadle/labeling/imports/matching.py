"""Labels of other formats as results: matched by name to what the config has, never by number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from treadle.errors import Invalid
from treadle.ids import new_uuid
from treadle.labeling.config import ControlTag, LabelConfig, ObjectTag, data_keys, validate_result
from treadle.labeling.imports.materials import LabelsAs
from treadle.labeling.imports.rows import StagedAnnotation, StagedPrediction, StagedTask

Shape = Literal["rectangle", "polygon", "span"]

#: Controls that draw a shape, and those beside which a ``Labels`` names it.
_LABELLED = {"rectangle": "RectangleLabels", "polygon": "PolygonLabels", "span": "Labels"}
_PLAIN = {"rectangle": "Rectangle", "polygon": "Polygon"}
_WORDS = re.compile(r"[\s_\-]+")


@dataclass(frozen=True)
class Region:
    """One label of another format: its shape, in percent of the picture, and what it is called."""

    shape: Shape
    label: str
    value: dict[str, Any]
    score: float | None = None


class Matcher:
    """Finds the controls of a config that can say what other formats say."""

    def __init__(self, config: LabelConfig, object_kind: str) -> None:
        """``object_kind``: the tag that shows what is labelled, Image or Text.

        Raises Invalid("config-lacks-object") where the config has none.
        """
        self._config = config
        found = next((tag for tag in config.objects if tag.tag == object_kind), None)
        keys = [key for key in data_keys(config) if key.tag == object_kind and key.required]
        if found is None or not keys or keys[0].is_list or keys[0].root != keys[0].path:
            text = f"The labelling config shows no {object_kind}, and these files label one. Add it first."
            raise Invalid("config-lacks-object", text, fields={"label_config": [text]})
        self._object: ObjectTag = found
        self.data_key = keys[0].root
        self._names: dict[tuple[str, str], tuple[ControlTag, str] | None] = {}

    def can_draw(self, shape: Shape) -> bool:
        """Whether the config has a control for the shape."""
        return any(self._controls(_LABELLED[shape])) or any(self._controls(_PLAIN.get(shape, "")))

    def knows(self, shape: Shape, label: str) -> bool:
        """Whether a control for the shape has the label."""
        return self._find(shape, label) is not None

    def results(self, region: Region, size_px: tuple[int, int] | None = None) -> list[dict[str, Any]] | None:
        """The items of a result that say what the region says; None where the config has no such label."""
        found = self._find(region.shape, region.label)
        if found is None:
            return None
        control, key = found
        place: dict[str, Any] = {"id": new_uuid()[:10], "to_name": self._object.name, "origin": "manual"}
        if region.score is not None:
            place["score"] = region.score
        if size_px is not None:
            place |= {"original_width": size_px[0], "original_height": size_px[1], "image_rotation": 0}
        labels = {**region.value, control.result_types[0]: [key]}
        label = {**place, "from_name": control.name, "type": control.result_types[0], "value": labels}
        drawn = self._drawn_by(region.shape, control)
        if drawn is None:
            return [label]
        shape = {**place, "from_name": drawn.name, "type": drawn.result_types[0], "value": region.value}
        return [shape, label]

    def task(
        self,
        data: str,
        results: Sequence[list[dict[str, Any]]],
        labels_as: LabelsAs,
        *,
        upload_id: int | None = None,
    ) -> StagedTask:
        """A task with what files say of it, one result each. Raises Invalid("result-malformed")."""
        staged = StagedTask(
            data=msgspec.Raw(msgspec.json.encode({self.data_key: data})),
            meta=msgspec.Raw(b"{}"),
            file_upload_id=upload_id or None,
        )
        for items in results:
            text = msgspec.json.encode(items)
            validate_result(self._config, text)
            if labels_as == "annotations":
                done = StagedAnnotation(msgspec.Raw(text), len(items), ground_truth=False)
                staged.annotations.append(done)
            else:
                staged.predictions.append(StagedPrediction(msgspec.Raw(text), "import", _mean_score(items)))
        return staged

    def by_category(self, number: int) -> str | None:
        """The label to which the config itself gives the class number, if there is one."""
        for control in self._config.controls:
            for label in control.labels:
                if label.category == number and self._object.name in control.to_names:
                    return label.key
        return None

    def _find(self, shape: Shape, label: str) -> tuple[ControlTag, str] | None:
        wanted = (shape, label)
        if wanted not in self._names:
            self._names[wanted] = self._search(shape, label)
        return self._names[wanted]

    def _search(self, shape: Shape, label: str) -> tuple[ControlTag, str] | None:
        controls = [*self._controls(_LABELLED[shape])]
        if any(self._controls(_PLAIN.get(shape, ""))):
            controls += self._controls("Labels")
        for control in controls:
            if control.is_dynamic:
                return control, label
            if (key := _key_of(control, label)) is not None:
                return control, key
        return None

    def _drawn_by(self, shape: Shape, control: ControlTag) -> ControlTag | None:
        if control.tag != "Labels" or shape == "span":
            return None
        return next(iter(self._controls(_PLAIN[shape])), None)

    def _controls(self, tag: str) -> list[ControlTag]:
        return [
            control
            for control in self._config.controls
            if control.tag == tag and self._object.name in control.to_names and not control.repeated
        ]


def _mean_score(items: list[dict[str, Any]]) -> float | None:
    scores = [item["score"] for item in items if "score" in item]
    return sum(scores) / len(scores) if scores else None


def rectangle(box: Sequence[float], size: tuple[float, float], label: str) -> Region:
    """A box of left, top, width and height, all in the unit of ``size``, kept inside the picture."""
    (left, top, width, height), (whole_width, whole_height) = box, size
    x1, x2 = _percent(left, whole_width), _percent(left + width, whole_width)
    y1, y2 = _percent(top, whole_height), _percent(top + height, whole_height)
    value = {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1, "rotation": 0}
    return Region("rectangle", label, value)


def polygon(points: Sequence[tuple[float, float]], size: tuple[float, float], label: str) -> Region:
    """A polygon of points in the unit of ``size``, kept inside the picture."""
    inside = [[_percent(x, size[0]), _percent(y, size[1])] for x, y in points]
    return Region("polygon", label, {"points": inside, "closed": True})


def _percent(part: float, whole: float) -> float:
    # Ten digits: what a file says in six or seven comes back as it was.
    return round(min(100.0, max(0.0, 100 * part / whole)), 10)


def _key_of(control: ControlTag, label: str) -> str | None:
    """The label by its name or alias; by a name that differs in case and white space if only one does."""
    for known in control.labels:
        if label in (known.key, known.value):
            return known.key
    alike = {
        known.key for known in control.labels if _plain(label) in (_plain(known.key), _plain(known.value))
    }
    return alike.pop() if len(alike) == 1 else None


def _plain(label: str) -> str:
    return _WORDS.sub(" ", label.strip()).casefold()
