"""The tracking process without the guard of rows: MLflow's stores find what is any workspace's."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from treadle.tracking.child import app
from treadle.tracking.child.__main__ import main

#: What the store of experiments, runs, traces and datasets does for the sake of workspaces alone.
_SCOPED = (
    "_get_query",
    "_trace_query",
    "_experiment_where_clauses",
    "_filter_experiment_ids",
    "_filter_entity_ids",
    "_filter_association_query",
    "_validate_run_accessible",
    "_validate_trace_accessible",
    "_validate_dataset_accessible",
    "_get_sql_assessment",
)


def import_unguarded(name: str) -> ModuleType:
    """Import as ever, and then take the guard out of both stores."""
    module = import_module(name)
    store = import_module("mlflow.store.tracking.sqlalchemy_store").SqlAlchemyStore
    guarded = import_module("mlflow.store.tracking.sqlalchemy_workspace_store").WorkspaceAwareSqlAlchemyStore
    for method in _SCOPED:
        setattr(guarded, method, vars(store)[method])
    registry = import_module("mlflow.store.model_registry.sqlalchemy_store").SqlAlchemyStore
    registry._get_query = find_anybodys
    registry._get_workspace_clauses = any_workspace
    return module


def find_anybodys(_store: object, session: Any, model: type) -> Any:
    """A query of all rows."""
    return session.query(model)


def any_workspace(_store: object, _model: type) -> list[object]:
    """No condition."""
    return []


if __name__ == "__main__":
    setattr(app, "import_module", import_unguarded)  # noqa: B010 - of a module
    main()
