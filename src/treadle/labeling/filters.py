"""Filters and orders of a task list as SQL conditions: a view's, a query's, a selection's."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, false, func, literal_column, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from treadle.access import Grant
from treadle.db import Tx, schema
from treadle.db.engine import DialectName
from treadle.db.lists import id_list, one_of
from treadle.db.patterns import check_pattern
from treadle.db.schema import handouts, predictions, tasks
from treadle.errors import Invalid
from treadle.labeling.columns import Readable, find_column
from treadle.labeling.data_fields import KEPT_CHARACTERS, LONGEST_WHOLE
from treadle.labeling.field_indexes import NUMBER
from treadle.labeling.visibility import handed_to, of_own_work, visible_tasks

_MOST_ITEMS = 50
_LONGEST_PATTERN = 200
_LONGEST_SHOWN = 40
_LARGEST_ID = 2**62
# What Python's expressions have and PostgreSQL's have not, or mean otherwise.
_UNSHARED = re.compile(r"\(\?(?!:)|\\[1-9]")
_PREFIX = "filter:tasks:"
_MOST_CHILDREN = 5

#: Gives the column of a name; raises Invalid("column-unknown").
FindColumn = Callable[[str], Readable]
_t = tasks.c
_a = schema.annotations.c
_p = predictions.c
_h = handouts.c


@dataclass(frozen=True)
class TaskQuery:
    """Which tasks, in which order: Label Studio's ``filters``, ``ordering`` and ``selectedItems``."""

    filters: Mapping[str, Any] | None = None
    ordering: Sequence[str] = ()
    selected: Mapping[str, Any] | None = None

    @property
    def is_everything(self) -> bool:
        """Nothing is left out. Raises Invalid where the filters are no list."""
        return self.selected is None and not list_items(self.filters or {})


def condition_of(tx: Tx, grant: Grant, query: TaskQuery) -> ColumnElement[bool]:
    """The condition on ``tasks`` for the project's tasks that the actor may see and the query names.

    Raises Invalid naming the filter that is wrong.
    """
    assert grant.project_id is not None
    find = partial(find_column, dialect=tx.dialect)
    return and_(
        _t.project_id == grant.project_id,
        visible_tasks(grant.project_id),
        handed_to(grant),
        of_own_work(grant, parse_filters(query.filters or {}, tx.dialect, find)),
        parse_selected(query.selected),
    )


def order_of(grant: Grant, query: TaskQuery, dialect: DialectName) -> list[ColumnElement[Any]]:
    """What to order by, of what the actor may see; always ends in the id, so that pages never overlap.

    The id goes the way of the last column: only so does an index of the two serve in both directions.
    """
    order: list[ColumnElement[Any]] = []
    ordering = parse_ordering(query.ordering)
    for name, is_down in ordering.columns:
        parts = (of_own_work(grant, part) for part in read_order(find_column(name, dialect)))
        order.extend(directed(part, is_down=is_down) for part in parts)
    return [*order, directed(_t.id, is_down=ordering.is_id_down)]


@dataclass(frozen=True)
class Ordering:
    """By which columns, each up or down, and at last by the id."""

    columns: Sequence[tuple[str, bool]]
    is_id_down: bool


def parse_ordering(ordering: Sequence[str]) -> Ordering:
    """What Label Studio's list of columns says; behind the id nothing counts."""
    parsed: list[tuple[str, bool]] = []
    is_down = False
    for item in ordering:
        is_down = item.startswith("-")
        name = item.lstrip("-").removeprefix("tasks:")
        if name == "id":
            break
        parsed.append((name, is_down))
    return Ordering(parsed, is_down)


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


def directed(part: ColumnElement[Any], *, is_down: bool) -> ColumnElement[Any]:
    """The order by ``part``, what is not there at the end."""
    towards = part.desc() if is_down else part.asc()
    # Said only where it matters: SQLite would read an index twice for it.
    return towards if getattr(part, "nullable", True) is False else towards.nulls_last()


def list_items(filters: Mapping[str, Any]) -> Sequence[Any]:
    """The filters, each still to be checked. Raises Invalid where they are no list, or too many."""
    items = filters.get("items")
    if items is None:
        return []
    if not isinstance(items, list) or len(items) > _MOST_ITEMS:
        raise _wrong("items", f"Give a list of at most {_MOST_ITEMS} filters.")
    return items


def column_names(filters: Mapping[str, Any]) -> list[str]:
    """The names of the columns that the filters read."""
    names = []
    waiting: list[Any] = [*list_items(filters)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            names.append(_name_of(item))
            waiting.append(item.get("child_filter"))
    return names


def parse_filters(filters: Mapping[str, Any], dialect: DialectName, find: FindColumn) -> ColumnElement[bool]:
    """The condition that ``{"conjunction": …, "items": […]}`` says. Raises Invalid naming what is wrong."""
    items = list_items(filters)
    conditions = [_filter(item, dialect, find) for item in items]
    if not conditions:
        return true()
    return or_(*conditions) if filters.get("conjunction") == "or" else and_(*conditions)


def parse_selected(selected: Mapping[str, Any] | None) -> ColumnElement[bool]:
    """The condition that ``{"all": …, "included" or "excluded": [ids]}`` says."""
    if selected is None:
        return true()
    if selected.get("all"):
        return ~_is_one_of(selected.get("excluded", []))
    return _is_one_of(selected.get("included", []))


def _is_one_of(ids: Sequence[int]) -> ColumnElement[bool]:
    # One parameter, however many are chosen: PostgreSQL takes 65,535.
    return one_of(_t.id, "selected_ids").params(selected_ids=id_list(ids))


def read_order(column: Readable) -> list[ColumnElement[Any]]:
    """By what a column is ordered, in turn."""
    if column.type == "Unknown":
        return [column.number, column.beginning]
    return [column.plain]


def _filter(item: Any, dialect: DialectName, find: FindColumn, depth: int = 0) -> ColumnElement[bool]:
    if not isinstance(item, dict) or not isinstance(item.get("filter"), str):
        raise _wrong("filter", "Each filter is an object with filter, operator, type and value.")
    condition = _single(item, dialect, find)
    child = item.get("child_filter")
    if not child:
        return condition
    if depth == _MOST_CHILDREN:
        raise _wrong("child_filter", f"Filters lie at most {_MOST_CHILDREN} deep in each other.")
    return and_(condition, _filter(child, dialect, find, depth + 1))


def _single(item: Mapping[str, Any], dialect: DialectName, find: FindColumn) -> ColumnElement[bool]:
    name = _name_of(item)
    operator, value = str(item.get("operator", "")), item.get("value")
    if name == "labels":
        return _uses_label(operator, value, dialect)
    if name in ("annotators", "updated_by", "assignees"):
        return _by_person(name, operator, value)
    if name == "predictions_model_versions" and isinstance(value, list):
        return _by_version(operator, value)
    column = find(name)
    build = _OPERATORS.get(operator)
    if build is None:
        raise _wrong("operator", f"There is no operator {operator!r}. There are: {', '.join(_OPERATORS)}.")
    kind = _kind(column, str(item.get("type", "")))
    if kind == "Boolean" and operator in _MEASURING:
        raise _wrong("operator", f"What is true or false takes equal and not_equal, and not {operator}.")
    condition = build(column, _Value(value, kind))
    if name == "total_annotations" and _asks_for_annotated(operator, value):
        # No more than this where it says all: of how many there are, an index would have to be sorted.
        return is_annotated if _asks_for_any(operator, value) else and_(condition, is_annotated)
    return condition


def _name_of(item: Mapping[str, Any]) -> str:
    return str(item.get("filter")).removeprefix("-").removeprefix(_PREFIX)


#: As the indexes of annotated tasks say it.
is_annotated: ColumnElement[bool] = literal_column("tasks.total_annotations <> 0")
_MEASURING = frozenset({"less", "less_or_equal", "greater", "greater_or_equal", "in", "not_in"})
_LEAST = {"equal": 1, "greater": 0, "greater_or_equal": 1}


def _asks_for_annotated(operator: str, value: Any) -> bool:
    if operator == "not_equal":
        return _number(value) == 0
    return operator in _LEAST and _number(value) >= _LEAST[operator]


def _asks_for_any(operator: str, value: Any) -> bool:
    return operator != "equal" and _number(value) == _LEAST.get(operator, 0)


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
    return column.text


def _compared(column: Readable, value: _Value, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """A comparison, said such that an index of numbers serves it."""
    if value.kind == "Number" and column.kind is not None:
        return and_(column.kind == NUMBER, condition)
    return condition


def _equal(column: Readable, value: _Value) -> ColumnElement[bool]:
    return _one_of(column, value, [value.scalar()])


def _one_of(column: Readable, value: _Value, wanted: Sequence[Any]) -> ColumnElement[bool]:
    if value.kind == "Boolean" and column.type == "Unknown":
        names = [name for each in wanted for name in (("true", "1") if each else ("false", "0"))]
        return _is_text(column, names)
    if _side(column, value) is column.text:
        return _is_text(column, wanted)
    side = _side(column, value)
    return _compared(column, value, side == wanted[0] if len(wanted) == 1 else side.in_(wanted))


def _is_text(column: Readable, wanted: Sequence[str]) -> ColumnElement[bool]:
    if column.exact is None:
        return column.text.in_(wanted)
    if len(wanted) == 1 and len(wanted[0]) <= LONGEST_WHOLE:
        return column.exact == wanted[0]
    # One character more than is kept of those that fit; so no cut one is taken for whole.
    begins = column.beginning.in_([each[:KEPT_CHARACTERS] for each in wanted])
    return and_(begins, column.text.in_(wanted))


def _not(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    # Also where the condition is neither true nor false: of a number, where there is none.
    return condition.self_group().is_not(true())


def _contains(column: Readable, value: _Value) -> ColumnElement[bool]:
    lowered = func.lower(column.text)
    wanted = {str(value.raw).lower()}
    if column.is_json:  # where a letter may stand as itself or by its number
        wanted |= {json.dumps(each)[1:-1].lower() for each in (value.raw, str(value.raw).lower())}
    return or_(*(lowered.contains(each, autoescape=True) for each in sorted(wanted)))


def _less(column: Readable, value: _Value) -> ColumnElement[bool]:
    return _compared(column, value, _side(column, value) < value.scalar())


def _less_or_equal(column: Readable, value: _Value) -> ColumnElement[bool]:
    return _compared(column, value, _side(column, value) <= value.scalar())


def _greater(column: Readable, value: _Value) -> ColumnElement[bool]:
    return _compared(column, value, _side(column, value) > value.scalar())


def _greater_or_equal(column: Readable, value: _Value) -> ColumnElement[bool]:
    return _compared(column, value, _side(column, value) >= value.scalar())


def _between(column: Readable, value: _Value) -> ColumnElement[bool]:
    low, high = value.ends()
    return _compared(column, value, _side(column, value).between(low, high))


def _in_list(column: Readable, value: _Value) -> ColumnElement[bool]:
    return _one_of(column, value, value.each())


def _empty(column: Readable, value: _Value) -> ColumnElement[bool]:
    is_empty = or_(column.plain.is_(None), column.beginning == "")
    is_wanted = value.raw is True or str(value.raw).lower() in ("true", "1", "yes")
    return is_empty if is_wanted else _not(is_empty)


def _matches(column: Readable, value: _Value) -> ColumnElement[bool]:
    pattern = str(value.raw)
    if len(pattern) > _LONGEST_PATTERN:
        raise _wrong("value", f"A pattern has at most {_LONGEST_PATTERN} characters.")
    if _UNSHARED.search(pattern):
        raise _wrong("value", "A pattern may group by (?:…), and refer back to nothing.")
    check_pattern(pattern)
    return column.text.regexp_match(pattern)


_OPERATORS: Mapping[str, Callable[[Readable, _Value], ColumnElement[bool]]] = {
    "equal": _equal,
    "not_equal": lambda column, value: _not(_equal(column, value)),
    "contains": _contains,
    "not_contains": lambda column, value: _not(_contains(column, value)),
    "less": _less,
    "less_or_equal": _less_or_equal,
    "greater": _greater,
    "greater_or_equal": _greater_or_equal,
    "in": _between,
    "not_in": lambda column, value: _not(_between(column, value)),
    "in_list": _in_list,
    "not_in_list": lambda column, value: _not(_in_list(column, value)),
    "empty": _empty,
    "regex": _matches,
}


def _uses_label(operator: str, value: Any, dialect: DialectName) -> ColumnElement[bool]:
    names = [str(name) for name in value] if isinstance(value, list) else [str(value)]
    found = or_(*(_has_label(name, dialect) for name in names)) if names else false()
    return _either(operator, found, "Labels take contains, not_contains, in_list and not_in_list.")


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
    if operator == "empty":
        nobody = _NOBODY[name]()
        return nobody if value in (True, "true") else _not(nobody)
    people = [_person(each) for each in (value if isinstance(value, list) else [value]) if each is not None]
    return _either(operator, _BY_PERSON[name](people), "People take contains, not_contains and empty.")


def _annotated_by(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(_a.id).where(_a.task_id == _t.id, *conditions).exists()


def _assigned_to(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    assigned = (_h.task_id == _t.id, _h.assigned_at.is_not(None))
    return select(_h.user_id).where(*assigned, *conditions).exists()


_BY_PERSON: Mapping[str, Callable[[Sequence[int]], ColumnElement[bool]]] = {
    "annotators": lambda people: _annotated_by(_a.completed_by.in_(people)),
    "assignees": lambda people: _assigned_to(_h.user_id.in_(people)),
    "updated_by": lambda people: _t.updated_by.in_(people),
}
_NOBODY: Mapping[str, Callable[[], ColumnElement[bool]]] = {
    "annotators": lambda: ~_annotated_by(_a.completed_by.is_not(None)),
    "assignees": lambda: ~_assigned_to(),
    "updated_by": lambda: _t.updated_by.is_(None),
}


def _by_version(operator: str, versions: Sequence[Any]) -> ColumnElement[bool]:
    named = _p.model_version.in_([str(each) for each in versions])
    found = select(_p.id).where(_p.task_id == _t.id, named).exists()
    return _either(operator, found, "A list of model versions takes contains and not_contains.")


def _either(operator: str, found: ColumnElement[bool], sentence: str) -> ColumnElement[bool]:
    if operator in ("contains", "equal", "in_list"):
        return found
    if operator in ("not_contains", "not_equal", "not_in_list"):
        return _not(found)
    raise _wrong("operator", sentence)


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
        return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError) as error:
        raise _wrong("value", f"{_shown(value)} is no ISO 8601 time.") from error


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid("filter-malformed", f"The filter is wrong: {sentence}", fields={field: [sentence]})
