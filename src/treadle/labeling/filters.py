"""Filters and orders of a task list as SQL conditions: a view's, a query's, a selection's."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from treadle.access import Grant
from treadle.db import Tx, schema
from treadle.db.engine import DialectName
from treadle.db.patterns import check_pattern
from treadle.db.schema import predictions, tasks
from treadle.errors import Invalid
from treadle.labeling.columns import Readable, find_column
from treadle.labeling.visibility import handed_to, of_own_work, visible_tasks

_MOST_ITEMS = 50
_LONGEST_PATTERN = 200
_LONGEST_SHOWN = 40
_LARGEST_ID = 2**62
# What Python's expressions have and PostgreSQL's have not, or mean otherwise.
_UNSHARED = re.compile(r"\(\?(?!:)|\\[1-9]")
_PREFIX = "filter:tasks:"
_t = tasks.c
_a = schema.annotations.c
_p = predictions.c


@dataclass(frozen=True)
class TaskQuery:
    """Which tasks, in which order: Label Studio's ``filters``, ``ordering`` and ``selectedItems``."""

    filters: Mapping[str, Any] | None = None
    ordering: Sequence[str] = ()
    selected: Mapping[str, Any] | None = None

    @property
    def is_everything(self) -> bool:
        """Nothing is left out."""
        return not (self.filters or {}).get("items") and self.selected is None


def condition_of(tx: Tx, grant: Grant, query: TaskQuery) -> ColumnElement[bool]:
    """The condition on ``tasks`` for the project's tasks that the actor may see and the query names.

    Raises Invalid naming the filter that is wrong.
    """
    assert grant.project_id is not None
    return and_(
        _t.project_id == grant.project_id,
        visible_tasks(grant.project_id),
        handed_to(grant),
        of_own_work(grant, _filters(query.filters or {}, tx.dialect)),
        _selection(query.selected),
    )


def order_of(grant: Grant, query: TaskQuery, dialect: DialectName) -> list[ColumnElement[Any]]:
    """What to order by, of what the actor may see; always ends in the id, so that pages never overlap."""
    order: list[ColumnElement[Any]] = []
    for item in query.ordering:
        name = str(item)
        is_down = name.startswith("-")
        column = find_column(name.lstrip("-").removeprefix("tasks:"), dialect)
        parts = (of_own_work(grant, part) for part in _ordered_by(column))
        order.extend(_directed(part, is_down=is_down) for part in parts)
    return [*order, _t.id]


def parse_selection(value: object) -> Mapping[str, Any] | None:
    """``{"all": true, "excluded": []}``, ``{"all": false, "included": []}``, or a plain list of ids.

    Raises Invalid naming the field.
    """
    if value is None:
        return None
    if isinstance(value, list):
        value = {"all": False, "included": value}
    if not isinstance(value, dict) or not _is_id_list(
        value.get("included" if not value.get("all") else "excluded", [])
    ):
        raise Invalid(
            "selection-malformed",
            'selectedItems must be {"all": false, "included": [ids]} or {"all": true, "excluded": [ids]}.',
            fields={"selectedItems": ["Expected all, and included or excluded with ids."]},
        )
    return value


def _directed(part: ColumnElement[Any], *, is_down: bool) -> ColumnElement[Any]:
    return (part.desc() if is_down else part.asc()).nulls_last()


def _ordered_by(column: Readable) -> list[ColumnElement[Any]]:
    if column.type == "Unknown":
        return [column.number, column.plain]
    return [column.plain]


def _filters(filters: Mapping[str, Any], dialect: DialectName) -> ColumnElement[bool]:
    items = filters.get("items") or []
    if not isinstance(items, list) or len(items) > _MOST_ITEMS:
        raise _wrong("items", f"Give a list of at most {_MOST_ITEMS} filters.")
    conditions = [_filter(item, dialect) for item in items]
    if not conditions:
        return true()
    return or_(*conditions) if filters.get("conjunction") == "or" else and_(*conditions)


def _filter(item: Any, dialect: DialectName) -> ColumnElement[bool]:
    if not isinstance(item, dict) or not isinstance(item.get("filter"), str):
        raise _wrong("filter", "Each filter is an object with filter, operator, type and value.")
    name = item["filter"].removeprefix("-").removeprefix(_PREFIX)
    operator, value = str(item.get("operator", "")), item.get("value")
    if name == "labels":
        return _uses_label(operator, value, dialect)
    if name in ("annotators", "updated_by"):
        return _by_person(name, operator, value)
    column = find_column(name, dialect)
    build = _OPERATORS.get(operator)
    if build is None:
        raise _wrong("operator", f"There is no operator {operator!r}. There are: {', '.join(_OPERATORS)}.")
    return build(column, _Value(value, _kind(column, str(item.get("type", "")))))


@dataclass(frozen=True)
class _Value:
    raw: Any
    kind: str  # Number | Datetime | Boolean | String

    def scalar(self, raw: Any = None) -> Any:
        value = self.raw if raw is None else raw
        if self.kind == "Number":
            return _number(value)
        if self.kind == "Datetime":
            return _instant(value)
        if self.kind == "Boolean":
            return value if isinstance(value, bool) else str(value).lower() in ("true", "1", "yes")
        return str(value)

    def ends(self) -> tuple[Any, Any]:
        if not isinstance(self.raw, dict) or not {"min", "max"} <= self.raw.keys():
            raise _wrong("value", 'A range is {"min": …, "max": …}.')
        return self.scalar(self.raw["min"]), self.scalar(self.raw["max"])

    def each(self) -> list[Any]:
        items = (
            self.raw if isinstance(self.raw, list) else [part.strip() for part in str(self.raw).split(",")]
        )
        return [self.scalar(item) for item in items if item != ""]


def _kind(column: Readable, asked: str) -> str:
    if column.type in ("Number", "Time"):
        return "Number"
    if column.type in ("Datetime", "Boolean"):
        return column.type
    return asked if column.type == "Unknown" and asked in ("Number", "Boolean") else "String"


def _side(column: Readable, value: _Value) -> ColumnElement[Any]:
    if value.kind == "Number":
        return column.number
    if value.kind in ("Datetime", "Boolean") and column.type != "Unknown":
        return column.plain
    return cast(column.plain, String)


def _equal(column: Readable, value: _Value) -> ColumnElement[bool]:
    if value.kind == "Boolean" and column.type == "Unknown":
        wanted = ("true", "1") if value.scalar() else ("false", "0")
        return cast(column.plain, String).in_(wanted)
    condition: ColumnElement[bool] = _side(column, value) == value.scalar()
    return condition


def _not(condition: ColumnElement[bool], column: Readable) -> ColumnElement[bool]:
    return or_(column.plain.is_(None), ~condition)


def _contains(column: Readable, value: _Value) -> ColumnElement[bool]:
    lowered = func.lower(cast(column.plain, String))
    return lowered.contains(str(value.raw).lower(), autoescape=True)


def _between(column: Readable, value: _Value) -> ColumnElement[bool]:
    low, high = value.ends()
    return _side(column, value).between(low, high)


def _in_list(column: Readable, value: _Value) -> ColumnElement[bool]:
    return _side(column, value).in_(value.each())


def _empty(column: Readable, value: _Value) -> ColumnElement[bool]:
    is_empty = or_(column.plain.is_(None), cast(column.plain, String) == "")
    is_wanted = value.raw is True or str(value.raw).lower() in ("true", "1", "yes")
    return is_empty if is_wanted else ~is_empty


def _matches(column: Readable, value: _Value) -> ColumnElement[bool]:
    pattern = str(value.raw)
    if len(pattern) > _LONGEST_PATTERN:
        raise _wrong("value", f"A pattern has at most {_LONGEST_PATTERN} characters.")
    if _UNSHARED.search(pattern):
        raise _wrong("value", "A pattern may group by (?:…), and refer back to nothing.")
    check_pattern(pattern)
    return cast(column.plain, String).regexp_match(pattern)


_OPERATORS: Mapping[str, Callable[[Readable, _Value], ColumnElement[bool]]] = {
    "equal": _equal,
    "not_equal": lambda column, value: _not(_equal(column, value), column),
    "contains": _contains,
    "not_contains": lambda column, value: _not(_contains(column, value), column),
    "less": lambda column, value: _side(column, value) < value.scalar(),
    "less_or_equal": lambda column, value: _side(column, value) <= value.scalar(),
    "greater": lambda column, value: _side(column, value) > value.scalar(),
    "greater_or_equal": lambda column, value: _side(column, value) >= value.scalar(),
    "in": _between,
    "not_in": lambda column, value: _not(_between(column, value), column),
    "in_list": _in_list,
    "not_in_list": lambda column, value: _not(_in_list(column, value), column),
    "empty": _empty,
    "regex": _matches,
}


def _uses_label(operator: str, value: Any, dialect: DialectName) -> ColumnElement[bool]:
    names = [str(name) for name in value] if isinstance(value, list) else [str(value)]
    found = or_(*(_has_label(name, dialect) for name in names)) if names else false()
    if operator in ("contains", "equal", "in_list"):
        return found
    if operator in ("not_contains", "not_equal", "not_in_list"):
        return ~found
    raise _wrong("operator", "Labels take contains, not_contains, in_list and not_in_list.")


def _has_label(name: str, dialect: DialectName) -> ColumnElement[bool]:
    in_annotation = select(_a.id).where(_a.task_id == _t.id, _holds(_a.result, name, dialect)).exists()
    in_prediction = select(_p.id).where(_p.task_id == _t.id, _holds(_p.result, name, dialect)).exists()
    return or_(in_annotation, and_(_t.total_annotations == 0, in_prediction))


def _holds(result: ColumnElement[str], name: str, dialect: DialectName) -> ColumnElement[bool]:
    """Does a label of this name stand in the values of a result's lists?"""
    if dialect == "postgresql":
        path = f"$[*].value.*[*] ? (@ == {json.dumps(name)})"
        return func.jsonb_path_exists(cast(result, JSONB), cast(path, JSONPATH))
    leaf = func.json_tree(result).table_valued("atom", "type", "path", name="leaf")
    return (
        select(leaf.c.atom)
        .where(leaf.c.type == "text", leaf.c.atom == name, leaf.c.path.like("%.value.%"))
        .exists()
    )


def _by_person(name: str, operator: str, value: Any) -> ColumnElement[bool]:
    people = [_person(each) for each in (value if isinstance(value, list) else [value]) if each is not None]
    if name == "updated_by":
        found: ColumnElement[bool] = _t.updated_by.in_(people)
    else:
        found = select(_a.id).where(_a.task_id == _t.id, _a.completed_by.in_(people)).exists()
    if operator in ("contains", "equal", "in_list"):
        return found
    if operator in ("not_contains", "not_equal", "not_in_list"):
        return ~found
    if operator == "empty":
        nobody = ~select(_a.id).where(_a.task_id == _t.id, _a.completed_by.is_not(None)).exists()
        return nobody if value in (True, "true") else ~nobody
    raise _wrong("operator", "People take contains, not_contains and empty.")


def _selection(selected: Mapping[str, Any] | None) -> ColumnElement[bool]:
    if selected is None:
        return true()
    if selected.get("all"):
        return _t.id.not_in(selected.get("excluded", []))
    return _t.id.in_(selected.get("included", []))


def _is_id_list(value: object) -> bool:
    return isinstance(value, list) and all(type(each) is int and 0 < each <= _LARGEST_ID for each in value)


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise _wrong("value", f"{_shown(value)} is no number.") from error
    if not math.isfinite(number):
        raise _wrong("value", f"{_shown(value)} is no number to compare with.")
    return number


def _person(value: Any) -> int:
    number = _number(value)
    if abs(number) > _LARGEST_ID:
        raise _wrong("value", f"{_shown(value)} is nobody's id.")
    return int(number)


def _shown(value: Any) -> str:
    return repr(value)[:_LONGEST_SHOWN]


def _instant(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError as error:
        raise _wrong("value", f"{value!r} is no ISO 8601 time.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid("filter-malformed", f"The filter is wrong: {sentence}", fields={field: [sentence]})
