"""The boxes of a label config and of its examples, by label name."""

from __future__ import annotations

from collections.abc import Sequence

from treadle.errors import Invalid
from treadle.ml import Control, LabelConfig
from treadle.ml.examples import Example

#: Left, top, right, bottom in parts of 1.
Box = tuple[float, float, float, float]


def box_controls(config: LabelConfig) -> tuple[Control, ...]:
    """Whose labels boxes carry: RectangleLabels, else the Labels beside a Rectangle.

    Raises Invalid("config-unfit") where there are none, or none has labels.
    """
    found = config.of_kinds(["rectanglelabels"])
    if not found and config.of_kinds(["rectangle"]):
        found = config.of_kinds(["labels"])
    if not any(control.labels for control in found):
        raise Invalid(
            "config-unfit",
            "The label config draws no boxes with labels: add RectangleLabels over an Image.",
        )
    return found


def control_of(label: str, controls: Sequence[Control]) -> str | None:
    """The control that a box of a label is written for; None leaves it to the only one that fits."""
    drawing = [control for control in controls if control.kind == "rectanglelabels"]
    known = [control for control in drawing if label in control.labels]
    return next((control.name for control in (*known, *drawing)), None)


def boxes_of(example: Example, controls: Sequence[Control]) -> list[tuple[str, Box]]:
    """The boxes that were drawn, upright, each with its label."""
    return [
        (control.labels[place], shape.box)
        for control in controls
        for place, shape in example.drawn(control)
        if shape.box[0] < shape.box[2] and shape.box[1] < shape.box[3]
    ]
