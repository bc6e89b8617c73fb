"""The registries: of models and prompts, and of MCP servers."""

from __future__ import annotations

from treadle.tracking.routes.rows import both

MODELS = (
    *both(
        "/2.0/mlflow/model-versions",
        read=(
            "GET /get",
            "GET /get-download-uri",
            "GET /search",
        ),
        edit=(
            "POST /create",
            "DELETE /delete-tag",
            "POST /set-tag",
            "POST /transition-stage",
            "PATCH /update",
        ),
        manage=("DELETE /delete",),
    ),
    *both(
        "/2.0/mlflow/registered-models",
        read=(
            "GET /alias",
            "GET /get",
            "GET /get-latest-versions",
            "POST /get-latest-versions",
            "GET /search",
        ),
        edit=(
            "POST /create",
            "DELETE /delete-tag",
            "POST /set-tag",
            "PATCH /update",
        ),
        manage=(
            "DELETE /alias",
            "POST /alias",
            "DELETE /delete",
            "POST /rename",
        ),
    ),
)
MCP_SERVERS = (
    *both(
        "/3.0/mlflow/mcp-servers",
        read=(
            "GET ",
            "GET /endpoints",
            "GET /{name:path}",
            "GET /{name:path}/aliases/{alias:path}",
            "GET /{name:path}/endpoints",
            "GET /{name:path}/endpoints/{endpoint_id}",
            "GET /{name:path}/versions",
            "GET /{name:path}/versions/{version:path}",
        ),
        edit=(
            "POST ",
            "PATCH /{name:path}",
            "POST /{name:path}/aliases",
            "POST /{name:path}/endpoints",
            "PATCH /{name:path}/endpoints/{endpoint_id}",
            "POST /{name:path}/tags",
            "POST /{name:path}/versions",
            "PATCH /{name:path}/versions/{version:path}",
            "POST /{name:path}/versions/{version:path}/tags",
        ),
        manage=(
            "DELETE /{name:path}",
            "DELETE /{name:path}/aliases/{alias:path}",
            "DELETE /{name:path}/endpoints/{endpoint_id}",
            "DELETE /{name:path}/tags/{key:path}",
            "DELETE /{name:path}/versions/{version:path}",
            "DELETE /{name:path}/versions/{version:path}/tags/{key:path}",
        ),
    ),
)
