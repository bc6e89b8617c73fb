"""Settings of a connection: checked when they are set, and sent with the extra parameters that were given."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from treadle.errors import Invalid
from treadle.labeling.config import parse_config
from treadle.learning.connections.backends import Backend

#: What becomes of a class that is no label, where a word says it for all of them.
UNKNOWN_LABELS = ("error", "unlabelled", "drop")
_REST = "*"
_MOST_CLASSES = 10_000
_LONGEST_NAME = 500
_LONGEST_TEXT = 2_000
_NOTHING = "null"


class Parameter(Protocol):
    """A setting of a built-in backend's own."""

    name: str
    kind: str
    least: float | None
    most: float | None
    choices: tuple[str, ...] | None


def check_settings(
    settings: Mapping[str, Any], label_config: str, *, own: Sequence[Parameter] = ()
) -> dict[str, Any]:
    """The settings that are set, each checked; null unsets one.

    own: what a built-in backend has beside what all have.
    Raises Invalid("validation") naming each that is wrong.
    """
    wrong: dict[str, list[str]] = {}
    kept: dict[str, Any] = {}
    for name, value in settings.items():
        parameter = next((each for each in own if each.name == name), None)
        problem = _problem(name, value, label_config, parameter)
        if problem:
            wrong[f"settings.{name}"] = [problem]
        elif value is not None:
            kept[name] = value
    if wrong:
        raise Invalid("validation", "Validation error", fields=wrong)
    return kept


def check_extra_params(given: str, settings: Mapping[str, Any]) -> None:
    """Nothing, when the settings can be sent with ``given``. Raises Invalid("validation")."""
    if not settings or not given:
        return
    value, _is_text = _opened(given)
    if value is not None and not isinstance(value, dict):
        text = "Give an object, {…}: the settings of the connection are sent in it."
        raise Invalid("validation", "Validation error", fields={"extra_params": [text]})


def extra_params_of(backend: Backend) -> bytes:
    """What is sent to a backend as its extra parameters: JSON, with the settings of the connection in it.

    A setting is over a parameter of the same name. Backends of Label Studio take a text alone where none was
    given, or one was.
    """
    given = backend.extra_params or _NOTHING
    if not backend.settings:
        return given.encode()
    value, is_text = _opened(given)
    if value is not None and not isinstance(value, dict):
        return given.encode()
    merged = msgspec.json.encode({**(value or {}), **backend.settings})
    if backend.generation == "current" and (is_text or value is None):
        return msgspec.json.encode(merged.decode())
    return merged


def _opened(given: str) -> tuple[Any, bool]:
    """The parameters, be they in a text, and whether they were."""
    value = msgspec.json.decode(given)
    if not isinstance(value, str):
        return value, False
    try:
        return (msgspec.json.decode(value) if value.strip() else None), True
    except (msgspec.DecodeError, RecursionError):
        return value, True


def _problem(name: str, value: Any, label_config: str, parameter: Parameter | None) -> str:
    if value is None:
        return ""
    if name == "unknown_labels":
        return _wrong_labels(value, label_config)
    if parameter is not None:
        return _wrong_own(value, parameter)
    check = _CHECKS.get(name)
    if check is not None:
        return check(value)
    return f"There is no such setting. Set {', '.join(_CHECKS)} or unknown_labels."


def _wrong_own(value: Any, parameter: Parameter) -> str:
    if parameter.kind == "choice":
        choices = parameter.choices or ()
        return "" if value in choices else f"Give one of {', '.join(choices)}."
    if parameter.kind == "text":
        return "" if isinstance(value, str) and len(value) <= _LONGEST_TEXT else "Give a text."
    least = -math.inf if parameter.least is None else parameter.least
    most = math.inf if parameter.most is None else parameter.most
    kinds = (int,) if parameter.kind == "int" else (int, float)
    is_right = isinstance(value, kinds) and not isinstance(value, bool) and least <= value <= most
    what = "a whole number" if parameter.kind == "int" else "a number"
    return "" if is_right else f"Give {what} from {least:g} to {most:g}."


def _share(value: Any) -> str:
    is_share = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1
    return "" if is_share else "Give a number from 0 to 1."


def _whole(least: int, most: int) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        is_whole = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        return "" if is_whole else f"Give a whole number from {least} to {most}."

    return check


def _wrong_labels(value: Any, label_config: str) -> str:
    if not isinstance(value, dict):
        return "" if value in UNKNOWN_LABELS else f"Give {', '.join(UNKNOWN_LABELS)} or a table of classes."
    if len(value) > _MOST_CLASSES or any(len(name) > _LONGEST_NAME for name in value):
        return f"Give a table of at most {_MOST_CLASSES} classes, each of up to {_LONGEST_NAME} characters."
    known = {label.value for control in parse_config(label_config).controls for label in control.labels}
    for name, label in value.items():
        if label is None or label == "" or label in known or (name == _REST and label in UNKNOWN_LABELS):
            continue
        labels = ", ".join(sorted(known)) or "none"
        return (
            f"{label!r}, which {name!r} is to become, is no label of this project. Its labels are {labels}; "
            "null drops a class, and an empty text keeps it unlabelled."
        )
    return ""


#: By name: what is wrong with a value, "" for nothing.
_CHECKS: Mapping[str, Callable[[Any], str]] = {
    "confidence": _share,
    "nms_overlap": _share,
    "image_size": _whole(32, 8192),
    "most_regions": _whole(1, 10_000),
}
