"""Which data keys and labels a project really uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from treadle.db import Tx, schema
from treadle.db.schema import tasks
from treadle.errors import Invalid
from treadle.labeling.config import LabelConfig, Lost, lost_labels

_a = schema.annotations.c
_RESULTS = select(_a.result).where(_a.project_id == bindparam("project_id"))
_DATA = select(tasks.c.data).where(tasks.c.project_id == bindparam("project_id"))


class _Result(msgspec.Struct):
    type: str = ""
    from_name: str = ""
    to_name: str = ""
    value: dict[str, Any] = {}


@dataclass
class Usage:
    """How often annotations use each control (``name|object|type``) and each label of a control."""

    controls: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=dict)

    def uses(self, lost: Lost) -> int:
        """How many results use what would be lost."""
        if lost.label is not None:
            return self.labels.get(lost.control, Counter())[lost.label]
        return sum(count for name, count in self.controls.items() if name.split("|")[0] == lost.control)


_decoder = msgspec.json.Decoder(list[_Result])


def read_usage(tx: Tx, project_id: int) -> Usage:
    """What the annotations of the project use."""
    usage = Usage()
    for text in tx.execute(_RESULTS, {"project_id": project_id}).scalars():
        for result in _decoder.decode(text):
            _count(usage, result)
    return usage


def count_data_keys(tx: Tx, project_id: int) -> Counter[str]:
    """In how many tasks each key of the data is."""
    counted: Counter[str] = Counter()
    decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    for text in tx.execute(_DATA, {"project_id": project_id}).scalars():
        counted.update(decode(text).keys())
    return counted


def first_data_keys(tx: Tx, project_id: int, most_tasks: int) -> list[str]:
    """The keys of the data of the project's first ``most_tasks`` tasks, in the order they appear."""
    decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    texts = tx.execute(_DATA.order_by(tasks.c.id).limit(most_tasks), {"project_id": project_id}).scalars()
    return list(dict.fromkeys(key for text in texts for key in decode(text)))


def check_config_change(tx: Tx, project_id: int, old: LabelConfig, new: LabelConfig) -> None:
    """Nothing, when the project's annotations use none of what ``new`` does not have any more.

    Raises Invalid("config-orphans") naming each control and label that they use, and how often.
    """
    lost = lost_labels(old, new)
    if not lost:
        return
    usage = read_usage(tx, project_id)
    texts = [_sentence(each, usage.uses(each)) for each in lost if usage.uses(each)]
    if texts:
        raise Invalid(
            "config-orphans",
            "The new config would orphan annotations: " + " ".join(texts),
            fields={"label_config": texts},
        )


def _count(usage: Usage, result: _Result) -> None:
    usage.controls[f"{result.from_name}|{result.to_name}|{result.type}"] += 1
    labels = result.value.get(result.type)
    if isinstance(labels, list):
        usage.labels.setdefault(result.from_name, Counter()).update(_names(labels))


def _names(labels: Iterable[object]) -> Iterable[str]:
    for label in labels:
        if isinstance(label, list):
            yield from _names(label)
        elif isinstance(label, str):
            yield label


def _sentence(lost: Lost, count: int) -> str:
    if lost.label is None:
        return f"{count} results use the control {lost.control!r}; keep it or delete them first."
    return f"{count} results use the label {lost.label!r} of {lost.control!r}; keep it or delete them first."
