"""Which of YOLO's tasks a label config asks for, and the controls that its results are written for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from treadle.errors import Invalid
from treadle.ml import Control, LabelConfig
from treadle.ml.builtin.questions import find_questions
from treadle.ml.yolo import Kind

BY_CONFIG = "by config"
_OUTLINES = ("polygonlabels", "brushlabels", "polygon", "brush")
_BOXES = ("rectanglelabels", "rectangle")
_KINDS: dict[str, Kind] = {"obb": "obb", "segment": "segment", "pose": "pose"}


@dataclass(frozen=True)
class Asked:
    """One task. control: whose labels are the classes; shape: the control that is drawn with."""

    kind: Kind
    control: Control
    shape: Control
    points: Control | None = None

    @property
    def point_labels(self) -> tuple[str, ...]:
        """Those of a pose, in order."""
        return self.points.labels if self.points else ()

    @property
    def shape_name(self) -> str | None:
        """The control that regions are written for."""
        return self.shape.name


def asked_of(config: LabelConfig, wanted: str = BY_CONFIG) -> Asked:
    """The task that a config asks for, or the one that is wanted. Raises Invalid("config-unfit")."""
    points = _over_pictures(config, ("keypointlabels",))
    boxes, outlines = _over_pictures(config, _BOXES), _over_pictures(config, _OUTLINES)
    if wanted == BY_CONFIG:
        wanted = _by_config(boxes, outlines, points)
    if wanted == "classify":
        question = find_questions(config, ("image",))[0]
        return Asked("classify", question, question)
    drawing = outlines if wanted == "segment" else boxes
    if not drawing or (wanted == "pose" and len(points) != 1):
        needs = {"segment": "PolygonLabels or BrushLabels", "pose": "RectangleLabels and one KeyPointLabels"}
        missing = needs.get(wanted, "RectangleLabels")
        text = f"The label config has no {missing} over an Image, which {wanted} needs."
        raise Invalid("config-unfit", text)
    kind = _KINDS.get(wanted, "detect")
    shape = drawing[0]
    return Asked(kind, _labelled_by(shape, config), shape, points[0] if kind == "pose" else None)


def _by_config(boxes: Sequence[Control], outlines: Sequence[Control], points: Sequence[Control]) -> str:
    if boxes and len(points) == 1:
        return "pose"
    if outlines:
        return "segment"
    if boxes:
        return "obb" if boxes[0].attributes.get("model_obb", "").lower() == "true" else "detect"
    return "classify"


def _over_pictures(config: LabelConfig, kinds: Sequence[str]) -> list[Control]:
    return [one for one in config.of_kinds(kinds) if one.sources and one.sources[0].tag.lower() == "image"]


def _labelled_by(shape: Control, config: LabelConfig) -> Control:
    if shape.labels:
        return shape
    beside = [one for one in config.of_kinds(["labels"]) if set(one.to_names) & set(shape.to_names)]
    if len(beside) == 1 and beside[0].labels:
        return beside[0]
    raise Invalid("config-unfit", f'The label config gives "{shape.name}" no labels: add some.')
