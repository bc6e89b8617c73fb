"""The tracking process without the guard of rows: MLflow's stores find what is any workspace's."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from treadle.tracking.child import app
from treadle.tracking.child.__main__ import main


def import_unguarded(name: str) -> ModuleType:
    """Import as ever, and then take the guard out."""
    module = import_module(name)
    store = import_module("mlflow.store.tracking.sqlalchemy_store").SqlAlchemyStore
    guarded = import_module("mlflow.store.tracking.sqlalchemy_workspace_store").WorkspaceAwareSqlAlchemyStore
    setattr(guarded, "_get_query", store._get_query)  # noqa: B010 - of a module
    return module


if __name__ == "__main__":
    setattr(app, "import_module", import_unguarded)  # noqa: B010 - of a module
    main()
