"""Traces, and what is judged and collected of them."""

from __future__ import annotations

from treadle.tracking.routes.rows import ajax, both, only

TRACES = (
    *both(
        "/2.0/mlflow/get-online-trace-details",
        read=("GET ",),
    ),
    *ajax(
        "/2.0/mlflow/get-trace-artifact",
        read=("GET ",),
    ),
    *both(
        "/2.0/mlflow/traces",
        read=(
            "GET ",
            "GET /{request_id}/info",
        ),
        edit=(
            "POST ",
            "POST /link-prompts",
            "POST /link-to-run",
            "PATCH /{request_id}",
            "DELETE /{request_id}/tags",
            "PATCH /{request_id}/tags",
        ),
        manage=("POST /delete-traces",),
    ),
    *both(
        "/2.0/mlflow/unified-traces",
        read=("GET ",),
    ),
    *ajax(
        "/3.0/mlflow/get-trace-artifact",
        read=("GET ",),
    ),
    *both(
        "/3.0/mlflow/traces",
        read=(
            "GET /batchGet",
            "POST /batchGetInfos",
            "POST /calculate-filter-correlation",
            "GET /get",
            "POST /metrics",
            "POST /search",
            "GET /{trace_id}",
            "GET /{trace_id}/assessments/{assessment_id}",
        ),
        edit=(
            "POST ",
            "POST /{trace_id}/assessments",
            "DELETE /{trace_id}/assessments/{assessment_id}",
            "PATCH /{trace_id}/assessments/{assessment_id}",
            "DELETE /{trace_id}/tags",
            "PATCH /{trace_id}/tags",
        ),
        manage=("POST /delete-traces",),
    ),
    *only(
        "",
        edit=("POST /v1/traces",),
    ),
)
DATASETS = (
    *both(
        "/3.0/mlflow/datasets",
        read=(
            "GET /search",
            "POST /search",
            "GET /{dataset_id}",
            "GET /{dataset_id}/experiment-ids",
            "GET /{dataset_id}/records",
        ),
        edit=(
            "POST /create",
            "POST /{dataset_id}/add-experiments",
            "DELETE /{dataset_id}/records",
            "POST /{dataset_id}/records",
            "POST /{dataset_id}/remove-experiments",
            "PATCH /{dataset_id}/tags",
            "DELETE /{dataset_id}/tags/{key}",
        ),
        manage=("DELETE /{dataset_id}",),
    ),
)
REVIEWS = (
    *both(
        "/3.0/mlflow/issues",
        read=(
            "POST /search",
            "GET /{issue_id}",
        ),
        edit=(
            "POST ",
            "PATCH /{issue_id}",
        ),
    ),
    *both(
        "/3.0/mlflow/label-schemas",
        read=(
            "GET /get",
            "GET /get-by-name",
            "GET /list",
        ),
        edit=(
            "POST /create",
            "PATCH /update",
        ),
        manage=("DELETE /delete",),
    ),
    *both(
        "/3.0/mlflow/review-queues",
        read=(
            "GET /get",
            "GET /get-by-name",
            "GET /items/list",
            "GET /list",
        ),
        edit=(
            "POST /create",
            "POST /get-or-create-user",
            "POST /items/add",
            "POST /items/remove",
            "POST /items/set-status",
            "POST /update",
        ),
        manage=("POST /delete",),
    ),
)
SCORERS = (
    *both(
        "/3.0/mlflow/scorers",
        read=(
            "GET /get",
            "GET /list",
            "GET /online-configs",
            "GET /versions",
        ),
        edit=("POST /register",),
        manage=("DELETE /delete",),
    ),
)
