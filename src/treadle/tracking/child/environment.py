"""What MLflow reads from its environment, and what it leaves there."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

ARTIFACT_ROOT = "mlflow-artifacts:/"
WORKSPACE_STORE = "treadle://"
_DESTINATION = "treadle:/"

_SAID = {
    "_MLFLOW_IN_JOB_EXECUTOR": "false",
    "_MLFLOW_SERVER_ARTIFACT_DESTINATION": _DESTINATION,
    "_MLFLOW_SERVER_ARTIFACT_ROOT": ARTIFACT_ROOT,
    "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
    "_MLFLOW_SGI_NAME": "uvicorn",
    "MLFLOW_CONFIGURE_LOGGING": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_WORKSPACES": "true",
    "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_WORKSPACE_STORE_URI": WORKSPACE_STORE,
}
_DATABASES = ("_MLFLOW_SERVER_FILE_STORE", "_MLFLOW_SERVER_REGISTRY_STORE")
#: The first two are written by MLflow when it opens its stores, password included; the others would speak
#: for a request that says nothing itself, and reach whatever process is started.
_SCRUBBED = (
    "MLFLOW_TRACKING_URI",
    "MLFLOW_REGISTRY_URI",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_WORKSPACE",
    *_DATABASES,
)


#: What MLflow and pandas take along where it is installed, for the sake of notebooks. Of a server it would
#: take a quarter of the time of its start, and 70 MB.
_FOR_NOTEBOOKS = (
    "bottleneck",
    "IPython",
    "matplotlib",
    "numexpr",
    "PIL",
    "polars",
    "pyarrow",
    "pygments",
    "pyspark",
    "scipy",
    "sklearn",
    "tensorflow",
    "torch",
)


def leave_out_what_is_for_notebooks(modules: MutableMapping[str, Any]) -> None:
    """Let an import of it fail, as if it were not installed; ``modules``: those of this process."""
    for name in _FOR_NOTEBOOKS:
        modules.setdefault(name, None)


def set_environment(environment: MutableMapping[str, str], database_url: str) -> None:
    """Say what MLflow reads while it is imported; to be called before."""
    scrub_environment(environment)
    environment.update(_SAID)
    environment.update(dict.fromkeys(_DATABASES, database_url))


def scrub_environment(environment: MutableMapping[str, str]) -> None:
    """Take out the address of the database, and what would stand in for a missing word of a request."""
    for name in _SCRUBBED:
        environment.pop(name, None)
