"""A word to SQLite's planner, which does not know how values are spread."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.expression import FunctionElement


class _Unindexed(FunctionElement[Any]):
    name = "unindexed"
    inherit_cache = True

    def __init__(self, clause: ColumnElement[Any]) -> None:
        super().__init__(clause)
        self.type = clause.type

    def self_group(self, against: Any = None) -> Any:
        return self


def unindexed(clause: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same value, by which SQLite does not look anything up in an index; PostgreSQL decides by itself."""
    return _Unindexed(clause)


@compiles(_Unindexed, "sqlite")
def _on_sqlite(element: _Unindexed, compiler: Any, **options: Any) -> str:
    (clause,) = element.clauses
    return "+" + str(compiler.process(clause.self_group(against=operators.neg), **options))


@compiles(_Unindexed, "postgresql")
def _on_postgresql(element: _Unindexed, compiler: Any, **options: Any) -> str:
    (clause,) = element.clauses
    return str(compiler.process(clause, **options))
