"""Where the door stands in the web process; apart from it, since most requests are not for it."""

from __future__ import annotations

#: What MLflow's own pages lie below, and what they ask for from there.
UI_MOUNT = "/mlflow"

_PREFIXES = (
    "/api/2.0/mlflow/",
    "/api/3.0/mlflow/",
    "/api/2.0/mlflow-artifacts/",
    "/api/3.0/jobs",
    "/ajax-api/",
    "/v1/traces",
    "/gateway/",
    f"{UI_MOUNT}/",
)
_WHOLE = frozenset({"/graphql", "/get-artifact", "/model-versions/get-artifact", UI_MOUNT})


def is_tracking_path(path: str) -> bool:
    """Whether the door answers at ``path``, and not Treadle's own routes."""
    return path.startswith(_PREFIXES) or path in _WHOLE
