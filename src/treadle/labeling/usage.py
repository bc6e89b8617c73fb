"""Which labels a project's annotations use, counted as they change, and which keys its data has.

``label_usage`` counts the results of every annotation that is stored, skipped ones and those of an import
on its way too; whoever adds or takes away annotations says so here, in the same transaction. Nothing in a
request reads the annotations themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, select, text

from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.schema import label_usage, project_counters, tasks
from treadle.errors import Invalid
from treadle.labeling.config import LabelConfig, Lost, lost_labels

#: A control as ``from_name|to_name|type`` and a label of it; '' counts all results of the control.
Use = tuple[str, str]

# What is longer is cut, so that PostgreSQL's index holds it.
_LONGEST_CONTROL = 200
_LONGEST_LABEL = 400
_ALL = ""

_u = label_usage.c
_ADD = {
    "sqlite": Prepared(
        text(
            "INSERT INTO label_usage (project_id, control, label, count) "
            "SELECT :project_id, json_extract(value, '$[0]'), json_extract(value, '$[1]'), "
            "json_extract(value, '$[2]') FROM json_each(:uses) WHERE true "
            "ON CONFLICT (project_id, control, label) "
            "DO UPDATE SET count = label_usage.count + excluded.count"
        )
    ),
    "postgresql": Prepared(
        text(
            "INSERT INTO label_usage (project_id, control, label, count) "
            "SELECT :project_id, value ->> 0, value ->> 1, CAST(value ->> 2 AS INTEGER) "
            "FROM json_array_elements(CAST(:uses AS JSON)) "
            "ON CONFLICT (project_id, control, label) "
            "DO UPDATE SET count = label_usage.count + excluded.count"
        )
    ),
}
# Of two changes that use the same labels none waits for the other in a ring: this row comes first.
_TAKE_TURN = Prepared(
    select(project_counters.c.project_id)
    .where(project_counters.c.project_id == bindparam("of_project"))
    .with_for_update()
)
_USED: Select[Any] = (
    select(_u.control, _u.label, _u["count"])
    .where(_u.project_id == bindparam("project_id"), _u["count"] > 0)
    .order_by(_u.control, _u.label)
    .limit(bindparam("most"))
)
_USED_OF_LOST: Select[Any] = select(_u.control, _u.label, _u["count"]).where(
    _u.project_id == bindparam("project_id"),
    _u["count"] > 0,
    _u.label.in_(bindparam("labels", expanding=True)),
)
_MOST_USED: Select[Any] = (
    select(_u.control, _u.label, _u["count"])
    .where(_u.project_id == bindparam("project_id"), _u["count"] > 0, _u.label != _ALL)
    .order_by(_u["count"].desc(), _u.control, _u.label)
    .limit(bindparam("most"))
)
_DATA = select(tasks.c.data).where(tasks.c.project_id == bindparam("project_id")).limit(bindparam("most"))
_FIRST_DATA = _DATA.order_by(tasks.c.id)
_LAST_DATA = _DATA.order_by(tasks.c.id.desc())
_TASK_COUNT = select(project_counters.c.task_number).where(
    project_counters.c.project_id == bindparam("project_id")
)
_TASKS_READ = 500
#: Labels that a summary tells at most: a config may take the labels from each task's data.
_MOST_LABELS = 10_000


class _Item(msgspec.Struct):
    type: str = ""
    from_name: str | None = None
    to_name: str | None = None
    # Only what is looked into is read; an import may hold anything for a control that is gone.
    value: dict[str, msgspec.Raw] | list[msgspec.Raw] | str | float | bool | None = None


_ITEMS = msgspec.json.Decoder(list[_Item])


@dataclass
class Usage:
    """How often annotations use each control (``name|object|type``) and each label of a control."""

    controls: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class DataKeys:
    """In how many tasks each key of the data is, and which are in all of them."""

    counts: Mapping[str, int]
    common: list[str]
    #: Told by a part of the tasks: the counts are that part's share of them all.
    is_estimate: bool


def uses_of(result: str | bytes) -> Counter[Use]:
    """How often a stored result (a JSON list) uses each control and each label of it."""
    uses: Counter[Use] = Counter()
    try:
        items = _ITEMS.decode(result)
    except msgspec.DecodeError:
        return uses
    for item in items:
        if item.from_name:
            control = f"{item.from_name}|{item.to_name or ''}|{item.type}"[:_LONGEST_CONTROL]
            uses[control, _ALL] += 1
            for label in _labels(item):
                uses[control, label] += 1
    return uses


def add(tx: Tx, project_id: int, results: Iterable[str | bytes], *, sign: int = 1) -> None:
    """Count the results of annotations that came (``sign`` 1) or go (-1), in the transaction they do."""
    uses: Counter[Use] = Counter()
    for result in results:
        uses.update(uses_of(result))
    add_uses(tx, project_id, {use: sign * count for use, count in uses.items()})


def add_uses(tx: Tx, project_id: int, uses: Mapping[Use, int]) -> None:
    """Add what was counted by `uses_of`; negative numbers take away."""
    changed = sorted((*use, count) for use, count in uses.items() if count)
    if not changed:
        return
    if tx.dialect == "postgresql":
        tx.execute(_TAKE_TURN, {"of_project": project_id})
    tx.execute(_ADD[tx.dialect], {"project_id": project_id, "uses": msgspec.json.encode(changed).decode()})


def read_usage(tx: Tx, project_id: int) -> Usage:
    """What the annotations of the project use; of more than 10,000 labels the first by name."""
    usage = Usage()
    for row in tx.rows(_USED, {"project_id": project_id, "most": _MOST_LABELS}):
        if row["label"] == _ALL:
            usage.controls[row["control"]] = row["count"]
        else:
            usage.labels.setdefault(_name(row["control"]), Counter())[row["label"]] += row["count"]
    return usage


def most_used(tx: Tx, project_id: int, most: int) -> list[dict[str, Any]]:
    """The ``most`` labels that are used most: ``{"control", "label", "count"}``, most used first."""
    rows = tx.rows(_MOST_USED, {"project_id": project_id, "most": most})
    return [{**row, "control": _name(row["control"])} for row in rows]


def read_data_keys(tx: Tx, project_id: int) -> DataKeys:
    """The keys of the tasks' data, from the first 500 and the last 500 tasks at most.

    Up to 1,000 tasks the counts are exact; of more they are the share among those that were read.
    """
    wanted = {"project_id": project_id, "most": 2 * _TASKS_READ}
    texts = list(tx.execute(_FIRST_DATA, wanted).scalars())
    total = int(tx.execute(_TASK_COUNT, wanted).scalar_one())
    is_part = len(texts) == wanted["most"] and total > len(texts)
    if is_part:
        last = tx.execute(_LAST_DATA, {**wanted, "most": _TASKS_READ}).scalars()
        texts = [*texts[:_TASKS_READ], *last]
    decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    counts = Counter(key for each in texts for key in decode(each))
    common = [key for key, count in counts.items() if count == len(texts)]
    if is_part:
        counts = Counter({key: max(1, count * total // len(texts)) for key, count in counts.items()})
    return DataKeys(counts, common, is_part)


def first_data_keys(tx: Tx, project_id: int, most_tasks: int) -> list[str]:
    """The keys of the data of the project's first ``most_tasks`` tasks, in the order they appear."""
    decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    texts = tx.execute(_FIRST_DATA, {"project_id": project_id, "most": most_tasks}).scalars()
    return list(dict.fromkeys(key for each in texts for key in decode(each)))


def check_config_change(tx: Tx, project_id: int, old: LabelConfig, new: LabelConfig) -> None:
    """Nothing, when the project's annotations use none of what ``new`` does not have any more.

    Raises Invalid("config-orphans") naming each control and label that they use, and how often.
    """
    lost = lost_labels(old, new)
    if not lost:
        return
    usage = _read_lost(tx, project_id, old, lost)
    texts = [_sentence(each, count) for each in lost if (count := _count_lost(usage, old, each))]
    if texts:
        raise Invalid(
            "config-orphans",
            "The new config would orphan annotations: " + " ".join(texts),
            fields={"label_config": texts},
        )


def _read_lost(tx: Tx, project_id: int, old: LabelConfig, lost: Iterable[Lost]) -> Usage:
    """What is used of the labels that are lost, by the names that the controls have in ``old``."""
    labels = {_ALL if each.label is None else each.label[:_LONGEST_LABEL] for each in lost}
    usage = Usage()
    for row in tx.rows(_USED_OF_LOST, {"project_id": project_id, "labels": sorted(labels)}):
        tag = old.control(_name(row["control"]))
        name = tag.name if tag else _name(row["control"])
        if row["label"] == _ALL:
            usage.controls[name] += row["count"]
        else:
            usage.labels.setdefault(name, Counter())[row["label"]] += row["count"]
    return usage


def _count_lost(usage: Usage, old: LabelConfig, lost: Lost) -> int:
    if lost.label is None:
        return usage.controls[lost.control]
    label = lost.label[:_LONGEST_LABEL]
    return sum(usage.labels.get(name, Counter())[label] for name in _writers(old, lost.control))


def _writers(config: LabelConfig, name: str) -> list[str]:
    """The controls whose results carry labels of the control ``name``: itself, and shapes beside it."""
    owner = config.control(name)
    if owner is None or owner.tag != "Labels":
        return [name]
    beside = [c.name for c in config.controls if not c.labels and set(c.to_names) & set(owner.to_names)]
    return [name, *beside]


def _labels(item: _Item) -> tuple[str, ...]:
    if not isinstance(item.value, dict):
        return ()
    listed = item.value.get(item.type, item.value.get("labels"))
    if listed is None:
        return ()
    text = bytes(listed)
    return _known_names(text) if len(text) <= _LONGEST_LABEL else _names(text)


def _names(listed: bytes) -> tuple[str, ...]:
    try:
        names = msgspec.json.decode(listed)
    except msgspec.DecodeError:
        return ()
    if not isinstance(names, list):
        return ()
    flat = [each for name in names for each in (name if isinstance(name, list) else (name,))]
    return tuple(each[:_LONGEST_LABEL] for each in flat if isinstance(each, str) and each)


# The same few labels come again with every region.
_known_names = lru_cache(maxsize=1024)(_names)


def _name(control: str) -> str:
    return control.partition("|")[0]


def _sentence(lost: Lost, count: int) -> str:
    if lost.label is None:
        return f"{count} results use the control {lost.control!r}; keep it or delete them first."
    return f"{count} results use the label {lost.label!r} of {lost.control!r}; keep it or delete them first."
