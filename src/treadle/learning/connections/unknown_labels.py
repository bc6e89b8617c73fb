"""Labels that a model knows and the label config does not: what becomes of them is said, never guessed.

Our own backends do this themselves, by the same setting of the connection; here it is for all others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from treadle.labeling.config import ControlTag, LabelConfig

#: "error", "unlabelled", "drop", or a table from classes to labels: null drops a class, "" keeps it without a
#: label, and "*" says what becomes of those that it does not name.
Policy: TypeAlias = "str | Mapping[str, str | None]"

SETTING = "unknown_labels"
_ANSWERS = frozenset({"choices", "taxonomy"})


class _Refused(Exception):
    """The connection says nothing of a label."""


def policy_of(settings: Mapping[str, Any]) -> Policy:
    """What the settings of a connection say of labels that are none; "error" where they say nothing."""
    said = settings.get(SETTING)
    if isinstance(said, Mapping) or said in ("unlabelled", "drop"):
        return said
    return "error"


def settle_labels(config: LabelConfig, result: bytes, policy: Policy) -> tuple[bytes, Mapping[str, int]]:
    """The result with labels of the config alone, and how often each label was left out that is none.

    The same bytes where the policy does not say what to do, or the result is no list of objects: the check of
    results tells what is wrong with it.
    """
    if policy == "error":
        return result, {}
    items = _items(result)
    if items is None:
        return result, {}
    try:
        return _settle(config, items, policy)
    except _Refused:
        return result, {}


def _items(result: bytes) -> list[dict[str, Any]] | None:
    try:
        items = msgspec.json.decode(result)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return None
    return items


def _settle(
    config: LabelConfig, items: Sequence[dict[str, Any]], policy: Policy
) -> tuple[bytes, Mapping[str, int]]:
    dropped: Counter[str] = Counter()
    gone: set[str] = set()
    shapes = Counter(str(item.get("id")) for item in items)
    kept = []
    for item in items:
        settled = _settle_item(config, item, policy, dropped)
        if settled is not None and not (_is_name_alone(settled) and shapes[str(item.get("id"))] > 1):
            kept.append(settled)
        elif settled is None and item.get("id") is not None:
            gone.add(str(item["id"]))
    left = [item for item in kept if not _is_of(item, gone)]
    return msgspec.json.encode(left), dropped


def _settle_item(
    config: LabelConfig, item: dict[str, Any], policy: Policy, dropped: Counter[str]
) -> dict[str, Any] | None:
    """The item as it is kept; None: it is not."""
    if item.get("type") == "relation":
        return item
    control = config.control(str(item.get("from_name")))
    key, names = _labels_of(item)
    if control is None:
        dropped.update(_told_of_stranger(item, names, policy))
        return None
    if names is None or control.is_dynamic or not control.labels:
        return item
    found = [_label(name, control, policy) for name in names]
    dropped.update(_word(name) for name, label in zip(names, found, strict=True) if label is None)
    labels = [label for label in found if label]
    if labels:
        return {**item, "value": {**item["value"], key: _once(labels)}}
    if "" not in found or str(item.get("type")) in _ANSWERS:
        # An answer without its label says nothing.
        dropped.update(_word(name) for name, label in zip(names, found, strict=True) if label == "")
        return None
    return _unlabelled(item, key, control)


def _told_of_stranger(item: Mapping[str, Any], names: Sequence[Any] | None, policy: Policy) -> list[str]:
    """What is left out with an item of a control that the config does not have: nothing can show it."""
    if isinstance(policy, Mapping) and policy.get("*") not in ("unlabelled", "drop"):
        raise _Refused
    return [_word(name) for name in names or ()] or [str(item.get("from_name"))]


def _labels_of(item: Mapping[str, Any]) -> tuple[str, list[Any] | None]:
    """Under which key an item has labels, and which."""
    value = item.get("value")
    if not isinstance(value, dict):
        return "", None
    key = str(item.get("type"))
    key = key if key in value else "labels"
    names = value.get(key)
    return key, names if isinstance(names, list) and names else None


def _label(name: Any, control: ControlTag, policy: Policy) -> Any:
    """The label of a class; "" for unlabelled, None for left out. Raises _Refused."""
    if _is_known(name, control):
        return name
    word = _word(name)
    for label in control.labels:
        said = str(label.element.written.get("predicted_values", ""))
        if word in [each.strip() for each in said.split(",")]:
            return label.key
    if isinstance(policy, Mapping):
        return _mapped(word, control, policy)
    return "" if policy == "unlabelled" else None


def _mapped(word: str, control: ControlTag, table: Mapping[str, str | None]) -> str | None:
    if word in table:
        mapped = table[word]
        if mapped and mapped not in control.label_keys:
            raise _Refused
        return mapped
    rest = table.get("*")
    if rest not in ("unlabelled", "drop"):
        raise _Refused
    return "" if rest == "unlabelled" else None


def _is_known(name: Any, control: ControlTag) -> bool:
    if isinstance(name, list):
        steps = tuple(str(step) for step in name)
        return steps in control.label_paths or (len(steps) == 1 and steps[0] in control.label_keys)
    return isinstance(name, str) and name in control.label_keys


def _unlabelled(item: dict[str, Any], key: str, control: ControlTag) -> dict[str, Any]:
    """A shape is written as the plain one, which its control takes as well; a span keeps its type."""
    value = {name: part for name, part in item["value"].items() if name != key}
    plain = control.result_types[1] if len(control.result_types) > 1 else item["type"]
    return {**item, "type": plain, "value": value}


def _is_name_alone(item: Mapping[str, Any]) -> bool:
    """Whether it only named a shape that another item of the same id holds."""
    return item.get("type") == "labels" and "labels" not in (item.get("value") or {})


def _is_of(item: Mapping[str, Any], gone: set[str]) -> bool:
    return any(str(item[name]) in gone for name in ("id", "from_id", "to_id") if name in item)


def _word(name: Any) -> str:
    return " / ".join(str(step) for step in name) if isinstance(name, list) else str(name)


def _once(labels: Sequence[Any]) -> list[Any]:
    return [label for number, label in enumerate(labels) if label not in labels[:number]]
