"""Experiments, runs, logged models, and their artifacts."""

from __future__ import annotations

from treadle.tracking.routes.rows import ajax, both, only

WORKSPACES = (
    *both(
        "/3.0/mlflow/workspaces",
        read=("GET ",),
        admin=(
            "POST ",
            "DELETE /{workspace_name}",
            "GET /{workspace_name}",
            "PATCH /{workspace_name}",
        ),
    ),
)
EXPERIMENTS = (
    *both(
        "/2.0/mlflow/experiments",
        read=(
            "GET /get",
            "GET /get-by-name",
            "GET /search",
            "POST /search",
        ),
        edit=(
            "POST /create",
            "POST /delete-experiment-tag",
            "POST /set-experiment-tag",
            "POST /update",
        ),
        manage=(
            "POST /delete",
            "POST /restore",
        ),
    ),
    *ajax(
        "/2.0/mlflow/experiments",
        read=("POST /search-datasets",),
    ),
)
RUNS = (
    *both(
        "/2.0/mlflow/metrics",
        read=(
            "GET /get-history",
            "GET /get-history-bulk-interval",
        ),
    ),
    *ajax(
        "/2.0/mlflow/metrics",
        read=("GET /get-history-bulk",),
    ),
    *both(
        "/2.0/mlflow/runs",
        read=(
            "GET /get",
            "POST /search",
        ),
        edit=(
            "POST /create",
            "POST /delete",
            "POST /delete-tag",
            "POST /log-batch",
            "POST /log-inputs",
            "POST /log-metric",
            "POST /log-model",
            "POST /log-parameter",
            "POST /outputs",
            "POST /restore",
            "POST /set-tag",
            "POST /update",
        ),
    ),
)
ARTIFACTS = (
    *both(
        "/2.0/mlflow/artifacts",
        read=(
            "GET /list",
            "POST /presigned-download-url",
        ),
        edit=("POST /presigned-upload-url",),
    ),
    *both(
        "/2.0/mlflow/logged-models",
        read=("GET /{model_id}/artifacts/directories",),
    ),
    *ajax(
        "/2.0/mlflow/logged-models",
        read=("GET /{model_id}/artifacts/files",),
    ),
    *ajax(
        "/2.0/mlflow/upload-artifact",
        edit=("POST ",),
    ),
    *only(
        "",
        read=(
            "GET /get-artifact",
            "GET /model-versions/get-artifact",
        ),
    ),
)
ARTIFACT_BYTES = (
    *both(
        "/2.0/mlflow-artifacts/artifacts",
        read=(
            "GET ",
            "GET /{artifact_path:path}",
        ),
        edit=("PUT /{artifact_path:path}",),
        manage=("DELETE /{artifact_path:path}",),
    ),
    *both(
        "/2.0/mlflow-artifacts/mpu",
        edit=(
            "POST /abort/{artifact_path:path}",
            "POST /complete/{artifact_path:path}",
            "POST /create/{artifact_path:path}",
        ),
    ),
    *both(
        "/2.0/mlflow-artifacts/presigned",
        read=("GET /{artifact_path:path}",),
    ),
)
LOGGED_MODELS = (
    *both(
        "/2.0/mlflow/logged-models",
        read=(
            "POST /search",
            "GET /{model_id}",
        ),
        edit=(
            "POST ",
            "PATCH /{model_id}",
            "POST /{model_id}/params",
            "PATCH /{model_id}/tags",
            "DELETE /{model_id}/tags/{tag_key}",
        ),
        manage=("DELETE /{model_id}",),
    ),
)
