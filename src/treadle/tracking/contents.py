"""How much MLflow holds for a workspace, read from its tables without starting it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from treadle.settings import Settings
from treadle.tracking.names import internal_name
from treadle.tracking.paths import tracking_database_url, tracking_file

#: MLflow makes an experiment "Default" by itself; one without runs and traces is nobody's work.
_COUNTS: Mapping[str, str] = {
    "experiments": (
        "SELECT count(*) FROM experiments e WHERE e.workspace = :workspace AND e.lifecycle_stage = 'active'"
        " AND (e.name <> 'Default'"
        " OR EXISTS (SELECT 1 FROM runs r WHERE r.experiment_id = e.experiment_id)"
        " OR EXISTS (SELECT 1 FROM trace_info t WHERE t.experiment_id = e.experiment_id))"
    ),
    "registered models": "SELECT count(*) FROM registered_models WHERE workspace = :workspace",
}


def count_contents(settings: Settings, workspace_id: int) -> Mapping[str, int]:
    """Experiments that are not deleted, and registered models; {} where nobody has tracked anything."""
    if not settings.database_url.startswith("postgresql") and not tracking_file(settings).exists():
        return {}
    engine = create_engine(tracking_database_url(settings), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("experiments"):
                return {}
            place = {"workspace": internal_name(workspace_id)}
            return {what: connection.execute(text(sql), place).scalar_one() for what, sql in _COUNTS.items()}
    finally:
        engine.dispose()
