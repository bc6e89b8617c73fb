"""A prediction said in short: a value or a label alone, where a list of results is meant."""

from __future__ import annotations

from typing import Any

import msgspec

from treadle.errors import Invalid
from treadle.ids import new_uuid
from treadle.labeling.config import ControlTag, LabelConfig

#: Controls whose answer stands for the whole task, the key of their value, and how deep lists are in it.
_WHOLE = {
    "Choices": ("choices", 1),
    "Taxonomy": ("taxonomy", 2),
    "TextArea": ("text", 1),
    "Number": ("number", 0),
    "Rating": ("rating", 0),
    "DateTime": ("datetime", 0),
}
_NUMERIC = frozenset({"Number", "Rating"})


def complete_result(config: LabelConfig, value: Any) -> list[Any]:
    """The list of results that ``value`` stands for; a list stands for itself.

    ``{"choices": ["Cat"]}`` and ``"Cat"`` become a result of the first control that takes them, as Label
    Studio does for its older clients. Raises Invalid("result-malformed").
    """
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [_of_value(config, value)]
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return [_of_answer(config, value)]
    raise _wrong("Expected a list of results, a value or a label.")


def complete_text(config: LabelConfig, text: bytes) -> bytes:
    """As `complete_result`, of JSON; the same bytes where they are a list already."""
    if text.lstrip().startswith(b"["):
        return text
    return msgspec.json.encode(complete_result(config, msgspec.json.decode(text)))


def _of_value(config: LabelConfig, value: dict[str, Any]) -> dict[str, Any]:
    for control in config.controls:
        for kind in control.result_types:
            if kind in value:
                return _result(control, kind, value)
    raise _wrong(f"No control of the labelling config takes a value of {', '.join(map(str, value)) or '{}'}.")


def _of_answer(config: LabelConfig, answer: str | float) -> dict[str, Any]:
    for control in config.controls:
        if control.tag in _WHOLE and _takes(control, answer):
            key, depth = _WHOLE[control.tag]
            value: Any = answer
            for _ in range(depth):
                value = [value]
            return _result(control, control.result_types[0], {key: value})
    raise _wrong(f"No control of the labelling config takes {str(answer)[:40]!r} as an answer for the task.")


def _takes(control: ControlTag, answer: str | float) -> bool:
    if control.tag in ("Choices", "Taxonomy"):
        return answer in control.label_keys
    return isinstance(answer, str) is (control.tag not in _NUMERIC)


def _result(control: ControlTag, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": new_uuid()[:10],
        "from_name": control.name,
        "to_name": control.to_names[0],
        "type": kind,
        "value": value,
    }


def _wrong(what: str) -> Invalid:
    return Invalid("result-malformed", f"result: {what}", fields={"result": [f"result: {what}"]})
