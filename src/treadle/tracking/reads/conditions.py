"""A filter of runs in MLflow's search syntax: read with the place of what is wrong, written as SQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from treadle.errors import Invalid
from treadle.tracking.reads.ordering import ALIASES, ATTRIBUTES, KINDS, Kind

_NUMERIC_ATTRIBUTES = frozenset({"start_time", "end_time"})
_DATASET_KEYS = ("name", "digest", "context")
_COMPARISONS = ("!=", "<=", ">=", "=", "<", ">")
_TEXT_OPERATORS = frozenset({"=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"})
_NULL_OPERATORS = frozenset({"IS NULL", "IS NOT NULL"})
_MOST_LISTED = 1_000
#: SQLite refuses a statement with a thousand of them.
_MOST_COMPARISONS = 100

_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])")
_TEXT = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_KIND = re.compile(r"(\w+)\s*\.\s*")
_KEY = re.compile(r"`([^`]+)`|\"([^\"]+)\"|'([^']+)'|([\w.]+)")
_WORDS = re.compile(
    r"(NOT\s+IN|IS\s+NOT\s+NULL|IS\s+NULL|ILIKE|LIKE|IN)(?!\w)|(!=|<=|>=|=|<|>)", re.IGNORECASE
)
_AND = re.compile(r"AND(?!\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Condition:
    """One comparison that a run must pass; ``at``: where its value stands in the filter, in characters."""

    kind: Kind
    key: str
    operator: str
    value: float | str | tuple[str, ...] | None
    at: int = field(default=0, compare=False)


def read_filter(text: str) -> tuple[Condition, ...]:
    """The comparisons of ``metrics.loss < 0.1 AND params.lr = '0.1'``; none for an empty text.

    Raises Invalid("run-filter") with ``details["at"]``: the place of what was not understood, in characters.
    """
    return _Reading(text).all()


def write_conditions(conditions: Sequence[Condition], *, is_sqlite: bool) -> tuple[list[str], list[Any]]:
    """The comparisons as SQL about ``runs r``, and the values that it takes.

    Raises Invalid("run-filter") with ``details["at"]`` for what this kind of database cannot compare.
    """
    written = [_Writing(is_sqlite).write(condition) for condition in sorted(conditions, key=_reach)]
    return [sql for sql, _ in written], [value for _, values in written for value in values]


def _reach(condition: Condition) -> int:
    """The less it lets through, and the less it takes to know, the sooner it is looked at."""
    if condition.kind == "attribute" and condition.key != "run_name":
        return 0
    return 1 if condition.operator in ("=", "IN", "LIKE") else 2


class _Reading:
    """A text being read from its start to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def all(self) -> tuple[Condition, ...]:
        if "\0" in self._text:
            raise self._wrong("a filter holds no NUL character", self._text.index("\0"))
        self._skip()
        if self._at == len(self._text):
            return ()
        found = [self._condition()]
        while self._at < len(self._text):
            if self._take(_AND) is None:
                raise self._wrong("comparisons are joined by AND")
            if len(found) == _MOST_COMPARISONS:
                raise self._wrong(f"a filter holds at most {_MOST_COMPARISONS} comparisons")
            found.append(self._condition())
        return tuple(found)

    def _condition(self) -> Condition:
        kind, key = self._identifier()
        at, operator = self._at, self._operator()
        allowed = _operators_of(kind, key)
        if operator not in allowed:
            raise self._wrong(f"{kind} {key!r} takes one of {', '.join(sorted(allowed))}", at)
        value_at = self._at
        return Condition(kind, key, operator, self._value(kind, key, operator), value_at)

    def _identifier(self) -> tuple[Kind, str]:
        start = self._at
        named = self._take(_KIND)
        kind = KINDS.get(named[1].lower()) if named else "attribute"
        if kind is None:
            raise self._wrong("a name starts with metrics., params., tags., attributes. or datasets.", start)
        at = self._at
        found = self._take(_KEY)
        if found is None:
            raise self._wrong("here stands the name of a metric, a param, a tag or an attribute")
        key = next(name for name in found.groups() if name)
        if kind == "attribute":
            key = ALIASES.get(key, key)
            if key not in ATTRIBUTES:
                raise self._wrong(f"runs have the attributes {', '.join(ATTRIBUTES)}", at)
        if kind == "dataset" and key not in _DATASET_KEYS:
            raise self._wrong(f"datasets have {', '.join(_DATASET_KEYS)}", at)
        return kind, key

    def _operator(self) -> str:
        found = self._take(_WORDS)
        if found is None:
            raise self._wrong(f"here stands a comparison: {', '.join(_COMPARISONS)}, LIKE, ILIKE or IN")
        return " ".join(found[0].upper().split())

    def _value(self, kind: Kind, key: str, operator: str) -> float | str | tuple[str, ...] | None:
        if operator in _NULL_OPERATORS:
            return None
        if operator in ("IN", "NOT IN"):
            return self._list()
        if _is_number(kind, key):
            return self._number()
        return self._quoted()

    def _number(self) -> float:
        found = self._take(_NUMBER)
        if found is None:
            raise self._wrong("here stands a number")
        text = found[0]
        return int(text) if text.lstrip("+-").isdecimal() and len(text) <= 18 else float(text)

    def _quoted(self) -> str:
        found = self._take(_TEXT)
        if found is None:
            raise self._wrong("here stands a text in quotes")
        return found[1] if found[1] is not None else found[2]

    def _list(self) -> tuple[str, ...]:
        self._expect("(", "here stands a list of texts: ('a', 'b')")
        values = [self._quoted()]
        while self._text[self._at : self._at + 1] == ",":
            self._expect(",", "a comma")
            values.append(self._quoted())
        if len(values) > _MOST_LISTED:
            raise self._wrong(f"a list holds at most {_MOST_LISTED:,} texts")
        self._expect(")", "the list ends with )")
        return tuple(values)

    def _expect(self, mark: str, message: str) -> None:
        if self._text[self._at : self._at + 1] != mark:
            raise self._wrong(message)
        self._at += 1
        self._skip()

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            self._skip()
        return found

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        assert found is not None
        self._at = found.end()

    def _wrong(self, message: str, at: int | None = None) -> Invalid:
        place = self._at if at is None else at
        return _wrong(place, self._text[place : place + 20] or "the end", message)


def _wrong(place: int, rest: str, message: str) -> Invalid:
    text = f"The filter is wrong at character {place + 1}, {rest!r}: {message}."
    return Invalid("run-filter", text, details={"at": place})


def _is_number(kind: Kind, key: str) -> bool:
    return kind == "metric" or (kind == "attribute" and key in _NUMERIC_ATTRIBUTES)


def _operators_of(kind: Kind, key: str) -> frozenset[str]:
    if _is_number(kind, key):
        return frozenset(_COMPARISONS)
    return _TEXT_OPERATORS | _NULL_OPERATORS if kind in ("parameter", "tag") else _TEXT_OPERATORS


@dataclass(frozen=True)
class _Writing:
    is_sqlite: bool

    def write(self, condition: Condition) -> tuple[str, list[Any]]:
        kind, key = condition.kind, condition.key
        if kind == "metric":
            return self._metric(condition)
        if kind == "dataset":
            return self._dataset(condition)
        if kind == "attribute" and key != "run_name":
            return self._compare(f"r.{ATTRIBUTES[key]}", condition)
        table = "params" if kind == "parameter" else "tags"
        name = "mlflow.runName" if kind == "attribute" else key
        there = f"EXISTS (SELECT 1 FROM {table} x WHERE x.run_uuid = r.run_uuid AND x.key = ?"
        if condition.operator in _NULL_OPERATORS:
            return f"{'NOT ' if condition.operator == 'IS NULL' else ''}{there})", [name]
        compared, values = self._compare("x.value", condition)
        return f"{there} AND {compared})", [name, *values]

    def _metric(self, condition: Condition) -> tuple[str, list[Any]]:
        """NaN is stored as 0 beside its mark, and is unlike every number."""
        compared, values = self._compare("x.value", condition)
        compared = (
            f"({compared} OR x.is_nan)" if condition.operator == "!=" else f"{compared} AND NOT x.is_nan"
        )
        return (
            "EXISTS (SELECT 1 FROM latest_metrics x WHERE x.run_uuid = r.run_uuid AND x.key = ? "
            f"AND {compared})",
            [condition.key, *values],
        )

    def _dataset(self, condition: Condition) -> tuple[str, list[Any]]:
        fed = "EXISTS (SELECT 1 FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id "
        here = "WHERE i.destination_type = 'RUN' AND i.destination_id = r.run_uuid AND "
        if condition.key == "context":
            fed += "JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context' "
            compared, values = self._compare("t.value", condition)
        else:
            compared, values = self._compare(f"d.{condition.key}", condition)
        return f"{fed}{here}{compared})", values

    def _compare(self, column: str, condition: Condition) -> tuple[str, list[Any]]:
        value = condition.value
        if isinstance(value, tuple):
            return f"{column} {condition.operator} ({', '.join('?' * len(value))})", list(value)
        if not self.is_sqlite:
            _check_pattern(condition)
        elif condition.operator == "ILIKE":
            return f"lower({column}) LIKE lower(?)", [value]
        return f"{column} {condition.operator} ?", [value]


def _check_pattern(condition: Condition) -> None:
    """PostgreSQL takes a backslash with what follows it, and refuses one that nothing follows."""
    text = condition.value
    if condition.operator not in ("LIKE", "ILIKE") or not isinstance(text, str):
        return
    if (len(text) - len(text.rstrip("\\"))) % 2:
        message = "a pattern does not end in a single backslash; write it twice"
        raise _wrong(condition.at, text[-20:], message)
