"""Law of the house: the migrations make the schema that the code knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Table, create_engine, inspect
from sqlalchemy.engine import Inspector

from treadle.db import (
    Database,
    ended_tables,
    identity_tables,
    key_tables,
    learning_tables,
    moving_tables,
    promotion_tables,
    repo_tables,
    run_view_tables,
    storage_tables,
    upkeep_tables,
    webhook_tables,
)
from treadle.db.schema import metadata

MIGRATIONS = "schema_migrations"

#: Whose tables stand beside the schema's, in the same list.
BESIDE = (
    ended_tables,
    identity_tables,
    key_tables,
    learning_tables,
    moving_tables,
    promotion_tables,
    repo_tables,
    run_view_tables,
    storage_tables,
    upkeep_tables,
    webhook_tables,
)


@pytest.fixture
def found(database: Database) -> Inspector:
    """A look at what the migrations made."""
    return inspect(database.engine)


@pytest.fixture
def wanted(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Inspector]:
    """A look at what the code's tables make, in a database of the same kind."""
    with ExitStack() as stack:
        if database.dialect == "sqlite":
            url = f"sqlite:///{tmp_path / 'wanted.sqlite3'}"
        else:
            server = request.getfixturevalue("postgresql")
            url = stack.enter_context(server.empty_database()).replace("postgresql:", "postgresql+psycopg:")
        engine = create_engine(url)
        stack.callback(engine.dispose)
        metadata.create_all(engine)
        yield inspect(engine)


def test_the_tables_are_the_same(found: Inspector, wanted: Inspector) -> None:
    assert set(found.get_table_names()) - {MIGRATIONS} == set(metadata.tables)
    assert set(wanted.get_table_names()) == set(metadata.tables)


def test_columns_keys_checks_and_indexes_are_the_same(found: Inspector, wanted: Inspector) -> None:
    for name in metadata.tables:
        assert describe(found, name) == describe(wanted, name), name


def test_ids_are_never_used_twice(database: Database) -> None:
    numbered = [table for table in metadata.tables.values() if is_numbered(table)]
    assert len(numbered) > 10
    if database.dialect == "sqlite":
        assert all(table.dialect_options["sqlite"]["autoincrement"] for table in numbered)


def is_numbered(table: Table) -> bool:
    column: Column[Any] | None = table.columns.get("id")
    return column is not None and column.autoincrement is True


def describe(inspector: Inspector, table: str) -> dict[str, object]:
    return {
        "columns": sorted(
            (column["name"], str(column["type"]), column["nullable"], str(column["default"]))
            for column in inspector.get_columns(table)
        ),
        "primary key": inspector.get_pk_constraint(table)["constrained_columns"],
        "foreign keys": sorted(
            (key["constrained_columns"], key["referred_table"], key["referred_columns"], str(key["options"]))
            for key in inspector.get_foreign_keys(table)
        ),
        "unique": sorted(tuple(found["column_names"]) for found in inspector.get_unique_constraints(table)),
        "checks": sorted(
            (str(check["name"]), str(check["sqltext"])) for check in inspector.get_check_constraints(table)
        ),
        "indexes": sorted(
            (
                str(index["name"]),
                tuple(map(str, index["column_names"])),
                bool(index["unique"]),
                condition(index),
            )
            for index in inspector.get_indexes(table)
        ),
    }


def condition(index: Any) -> str:
    options = index.get("dialect_options", {})
    return str(options.get("sqlite_where", options.get("postgresql_where", "")))
