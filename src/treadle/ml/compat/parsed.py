"""A label config as ``parse_config`` of Label Studio's tools has it: controls by name, as mappings."""

from __future__ import annotations

import re

from treadle.ml.labels import Control, Source, read_labels

_DYNAMIC = re.compile(r"\$[A-Za-z_]+")

Parsed = dict[str, dict[str, object]]


def parse_config(config_string: str | None) -> Parsed:
    """type, to_name, inputs, labels and labels_attrs of each control."""
    config = read_labels(config_string or "")
    return {name: _parsed(control) for name, control in config.controls.items()}


def _parsed(control: Control) -> dict[str, object]:
    found: dict[str, object] = {"type": control.tag, "to_name": list(control.to_names)}
    if _DYNAMIC.fullmatch(control.attributes.get("value", "")) or control.attributes.get("apiUrl"):
        found["dynamic_labels"] = True
    found["inputs"] = [_input(source) for source in control.sources]
    found["labels"] = list(control.labels)
    found["labels_attrs"] = {label.value: dict(label.attributes) for label in control.label_tags}
    return found


def _input(source: Source) -> dict[str, object]:
    key = "valueList" if "valueList" in source.attributes and "value" not in source.attributes else "value"
    return {
        "type": source.tag,
        "valueType": source.attributes.get("valueType"),
        key: source.value.lstrip("$"),
    }
