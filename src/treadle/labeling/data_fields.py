"""A field of the tasks' data as SQL: what stands at a path, as text and as a number.

The path is written into the statement: a bound one would keep a database from seeing that two statements
read the same thing. Its pattern lets nothing through that could end a literal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Float, String, and_, case, cast, func, literal_column

from treadle.db.engine import DialectName
from treadle.errors import Invalid

#: Text is ordered by its first characters, and an index holds no more of it.
KEPT_CHARACTERS = 201
LONGEST_WHOLE = KEPT_CHARACTERS - 1

_PATH = re.compile(r"[\w -]+(?:\.[\w -]+)*", re.UNICODE)
_LONGEST_PATH = 200
# With few digits behind the e, and no longer than `_LONGEST_NUMBER`, so that PostgreSQL can make a float of
# whatever matches. (A bound on the other digits makes its matching fifty times slower.)
_NUMBER = r"^[ \t\n\r\f\v]*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9][0-9]?)?[ \t\n\r\f\v]*$"
_SPACES = " \t\n\r\f\v"  # no others: \s means some that PostgreSQL then refuses in a number
# The same for SQLite, which has no expressions of its own: all of the first and none of the second.
_DIGITS = "*[0-9]*"
_NO_NUMBER = (
    "*[^0-9.eE+-]*",
    "*[0-9.][+-]*",
    "*[+-][+-]*",
    "*.*.*",
    "*[eE]*[eE]*",
    "*[eE]*.*",
    "[eE]*",
    "[+-][eE]*",
    ".[eE]*",
    "[+-].[eE]*",
    "*[eE+-]",
    "*[eE][0-9][0-9][0-9]*",
    "*[eE][+-][0-9][0-9][0-9]*",
)
_LONGEST_NUMBER = 100


@dataclass(frozen=True)
class DataField:
    """What stands at a path of a task's data; NULL where nothing or null does."""

    #: As the database reads it: on SQLite a number stays one.
    plain: ColumnElement[Any]
    text: ColumnElement[str]
    #: As a float; NULL where it is no number and does not read as one.
    number: ColumnElement[float]

    @property
    def beginning(self) -> ColumnElement[str]:
        """The part of the text that orders it, and that an index holds."""
        return func.substr(self.text, 1, KEPT_CHARACTERS)


def check_path(path: str) -> None:
    """Nothing, when ``path`` names a field: steps joined by dots. Raises Invalid("column-unknown")."""
    if not _PATH.fullmatch(path) or len(path) > _LONGEST_PATH:
        raise Invalid(
            "column-unknown",
            f"data.{path[:_LONGEST_PATH]} is no path of letters, digits, spaces, '_' and '-' joined by dots.",
            fields={"filter": [f"Unknown column 'data.{path[:_LONGEST_PATH]}'."]},
        )


@lru_cache(maxsize=256)  # Made once: to write the expressions down takes as long as to ask.
def read_field(path: str, dialect: DialectName, *, of: str = "tasks") -> DataField:
    """The field of the rows of ``of``, an alias of ``tasks``. Raises Invalid("column-unknown")."""
    check_path(path)
    return _on_sqlite(path, of) if dialect == "sqlite" else _on_postgresql(path, of)


def _on_sqlite(path: str, of: str) -> DataField:
    steps = "".join(f'."{step}"' for step in path.split("."))
    plain: ColumnElement[Any] = literal_column(f"json_extract({of}.data, '${steps}')")
    text = cast(plain, String)
    trimmed = func.trim(text, _SPACES)
    reads_as_number = and_(
        func.length(text) <= _LONGEST_NUMBER,
        trimmed.op("GLOB")(_DIGITS),
        *(trimmed.op("NOT GLOB")(pattern) for pattern in _NO_NUMBER),
    )
    kind = func.typeof(plain)
    number = case(
        (kind.in_(("integer", "real")), cast(plain, Float)),
        (and_(kind == "text", reads_as_number), cast(trimmed, Float)),
    )
    return DataField(plain, text, number)


def _on_postgresql(path: str, of: str) -> DataField:
    steps = ",".join(f'"{step}"' for step in path.split("."))
    text: ColumnElement[str] = literal_column(f"({of}.data::jsonb #>> '{{{steps}}}')", String)
    reads_as_number = and_(func.length(text) <= _LONGEST_NUMBER, text.op("~")(_NUMBER))
    return DataField(text, text, case((reads_as_number, cast(text, Float))))
