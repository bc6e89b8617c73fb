"""How two JSON answers differ in what clients depend on: keys, types, numbers, flags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: Numbers that differ each time.
_VOLATILE = frozenset({"duration"})
#: What names an element of a list, so that the two lists need not be in one order.
_NAMES = ("name", "id")
#: Whose keys are a user's own.
_FREE = frozenset(
    {"result", "data", "meta", "parsed_label_config", "control_weights", "custom_hotkeys", "dialog", "schema"}
)


def differences(recorded: Any, answered: Any, path: str = "$") -> Iterator[tuple[str, str]]:
    """Where ``answered`` is not what was ``recorded``, with what is there instead.

    Keys that only ``answered`` has do not count, nor does what a text says.
    """
    if kind_of(recorded) != kind_of(answered):
        yield path, f"{kind_of(recorded)} became {kind_of(answered)}"
    elif isinstance(recorded, dict):
        yield from _in_objects(recorded, answered, path)
    elif isinstance(recorded, list):
        yield from _in_lists(recorded, answered, path)
    elif not isinstance(recorded, str) and recorded != answered:
        yield path, f"{recorded!r} became {answered!r}"


def misfits(recorded: Any, answered: Any, path: str = "$") -> Iterator[str]:
    """Where ``answered``, about something else, lacks a recorded key or has another type.

    Null goes with every type. An element of a list need be as one recorded element.
    """
    if recorded is None or answered is None:
        return
    if kind_of(recorded) != kind_of(answered):
        yield f"{path}: {kind_of(recorded)} became {kind_of(answered)}"
    elif isinstance(recorded, dict):
        yield from (f"{path}.{key} is missing" for key in recorded if key not in answered)
        for key in recorded.keys() & answered.keys() - _FREE:
            yield from misfits(recorded[key], answered[key], f"{path}.{key}")
    elif isinstance(recorded, list) and recorded:
        for item in answered:
            yield from min((list(misfits(each, item, f"{path}[]")) for each in recorded), key=len)


def kind_of(value: Any) -> str:
    """The JSON type of a value, ``null`` apart."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, list) else "object"


def _in_objects(
    recorded: Mapping[str, Any], answered: Mapping[str, Any], path: str
) -> Iterator[tuple[str, str]]:
    for key, value in recorded.items():
        if key not in answered:
            yield f"{path}.{key}", "is missing"
        elif key not in _VOLATILE:
            yield from differences(value, answered[key], f"{path}.{key}")


def _in_lists(recorded: Sequence[Any], answered: Sequence[Any], path: str) -> Iterator[tuple[str, str]]:
    names = _name_all(recorded)
    if names is None:
        if len(recorded) != len(answered):
            yield path, f"{len(recorded)} items became {len(answered)}"
        for old, new in zip(recorded, answered, strict=False):
            yield from differences(old, new, f"{path}[]")
        return
    found = _name_all(answered) or {}
    for name, old in names.items():
        if name in found:
            yield from differences(old, found[name], f"{path}[{name}]")
        else:
            yield f"{path}[{name}]", "is missing"


def _name_all(items: Sequence[Any]) -> dict[Any, Any] | None:
    """The elements by what names them; None where one has no name or shares it."""
    for key in _NAMES:
        if items and all(isinstance(item, dict) and key in item for item in items):
            named = {item[key]: item for item in items}
            if len(named) == len(items):
                return named
    return None
