"""``id IN (a list)`` as one parameter, so that a statement is made, and read by the database, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Boolean, ColumnElement, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement


class _OneOf(FunctionElement[bool]):
    name = "one_of"
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        # A condition as it stands: SQLAlchemy would ask SQLite whether it equals 1, and no index could help.
        return self


def one_of(column: ColumnElement[int], name: str) -> ColumnElement[bool]:
    """The condition that ``column`` is one of the ids in the parameter ``name``, given as by `id_list`."""
    return _OneOf(column, bindparam(name, type_=Text))


def id_list(ids: Sequence[int]) -> str:
    """The ids as the parameter of `one_of`."""
    return msgspec.json.encode(ids if isinstance(ids, list) else list(ids)).decode()


@compiles(_OneOf, "sqlite")
def _on_sqlite(element: _OneOf, compiler: Any, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({ids}))"


@compiles(_OneOf, "postgresql")
def _on_postgresql(element: _OneOf, compiler: Any, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY (CAST(translate({ids}, '[]', '{{}}') AS BIGINT[]))"
