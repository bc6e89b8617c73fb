"""Every route of the pinned MLflow, by what it asks of its visitor; a law test compares it with MLflow."""

from __future__ import annotations

from treadle.tracking.routes.refused import ASSISTANT, GATEWAY, JOBS, PAGES, WEBHOOKS
from treadle.tracking.routes.registries import MCP_SERVERS, MODELS
from treadle.tracking.routes.rows import Need, Row, only, public
from treadle.tracking.routes.runs import (
    ARTIFACT_BYTES,
    ARTIFACTS,
    EXPERIMENTS,
    LOGGED_MODELS,
    RUNS,
    WORKSPACES,
)
from treadle.tracking.routes.traces import DATASETS, REVIEWS, SCORERS, TRACES

__all__ = ["ROWS", "Need", "Row"]

_SERVER = (
    *public("GET /health", "GET /version"),
    *public("GET /api/3.0/mlflow/server-info", "GET /ajax-api/3.0/mlflow/server-info"),
    *only("/graphql", read=("GET ", "POST ")),
)

ROWS: tuple[Row, ...] = (
    *_SERVER,
    *WORKSPACES,
    *EXPERIMENTS,
    *RUNS,
    *ARTIFACTS,
    *ARTIFACT_BYTES,
    *LOGGED_MODELS,
    *MODELS,
    *MCP_SERVERS,
    *TRACES,
    *DATASETS,
    *REVIEWS,
    *SCORERS,
    *PAGES,
    *WEBHOOKS,
    *JOBS,
    *GATEWAY,
    *ASSISTANT,
)
