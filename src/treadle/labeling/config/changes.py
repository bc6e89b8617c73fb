"""What a changed config would take away from annotations that exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from treadle.labeling.config.model import LabelConfig


@dataclass(frozen=True, slots=True)
class Lost:
    """A control (``label`` is None), or one label of it, that the new config does not have any more."""

    control: str
    label: str | None


def lost_labels(old: LabelConfig, new: LabelConfig) -> tuple[Lost, ...]:
    """What results made with the old config may name and the new one does not know.

    A control that now writes another type of result, or labels other objects, is lost as a whole.
    """
    lost: list[Lost] = []
    for control in old.controls:
        now = new.control(control.name)
        if now is None or now.result_types[0] != control.result_types[0] or now.to_names != control.to_names:
            lost.append(Lost(control.name, None))
        elif not now.is_dynamic:
            lost.extend(
                Lost(control.name, label.key) for label in control.labels if label.key not in now.label_keys
            )
    return tuple(lost)


def has_essential_change(old: LabelConfig, new: LabelConfig) -> bool:
    """Whether work on existing tasks is touched: labels or controls lost, or other data shown."""
    shown = {tag.name: (tag.tag, tag.value) for tag in old.objects}
    shown_now = {tag.name: (tag.tag, tag.value) for tag in new.objects}
    return bool(lost_labels(old, new)) or shown != shown_now


def control_weights(config: LabelConfig, chosen: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """How much each control and label counts, as projects tell it: 1.0 where nothing was chosen."""
    return {name: _weights(said, (chosen or {}).get(name, {})) for name, said in config.parsed().items()}


def _weights(said: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    labels: Mapping[str, float] = chosen.get("labels", {})
    return {
        "overall": chosen.get("overall", 1.0),
        "type": said["type"],
        "labels": {label: labels.get(label, 1.0) for label in said["labels"]},
    }
