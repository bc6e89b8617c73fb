"""MLflow's own store of registered models, which PostgreSQL understands, too.

MLflow is imported with this module.
"""

from __future__ import annotations

from typing import Any

from mlflow.store.model_registry.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore
from mlflow.utils.validation import _validate_model_version


def open_registry_store(store_uri: str) -> RegistryStore:
    """As MLflow calls it for a kind of database."""
    return RegistryStore(store_uri)


class RegistryStore(WorkspaceAwareSqlAlchemyStore):  # type: ignore[misc]
    """Versions are numbers where MLflow compares them with numbers."""

    def transition_model_version_stage(
        self, name: str, version: str, stage: str, archive_existing_versions: bool
    ) -> Any:
        # Its own compares the text as it came with the others' numbers: psycopg says so, and refuses.
        number = _validate_model_version(version)
        return super().transition_model_version_stage(name, number, stage, archive_existing_versions)
