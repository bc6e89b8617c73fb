"""What is not served here, each with the reason that a client is told."""

from __future__ import annotations

from treadle.tracking.routes.rows import denied

_BOTH = ("/api", "/ajax-api")
_AJAX = ("/ajax-api",)
_HERE = ("",)

_NO_GATEWAY = (
    "This server has no AI gateway: it keeps no keys of model providers and calls none. Call the provider "
    "from your own program."
)
_NO_JOBS = (
    "This server runs no jobs of MLflow. Run the evaluation or the optimisation in your own program and log "
    "its results."
)
_NO_ASSISTANT = "This server has no assistant of MLflow."
_NO_WEBHOOKS = (
    "MLflow's webhooks are switched off: they would leave this server past its gate for outgoing calls. "
    "Use Treadle's own webhooks, or look at the history of the model."
)
_NO_PROMPTLAB = "This server calls no model providers: runs of MLflow's prompt lab cannot be made here."
_NO_TELEMETRY = "This server collects no telemetry."
_NO_PAGE = "MLflow's own pages lie below mlflow/ here, where they are installed."
_NO_ROUTE = "MLflow has this path by a slip of the pen. Ask /ajax-api/2.0/mlflow/experiments/search-datasets."

PAGES = (
    *denied(
        _NO_PAGE,
        _HERE,
        "GET /",
        "GET /build/{filename:path}",
        "GET /static-files/{path:path}",
    ),
    *denied(
        _NO_TELEMETRY,
        _AJAX,
        "GET /3.0/mlflow/ui-telemetry",
        "POST /3.0/mlflow/ui-telemetry",
    ),
    *denied(
        _NO_ROUTE,
        _BOTH,
        "POST /2.0mlflow/experiments/search-datasets",
    ),
)
WEBHOOKS = (
    *denied(
        _NO_WEBHOOKS,
        _BOTH,
        "GET /2.0/mlflow/webhooks",
        "POST /2.0/mlflow/webhooks",
        "DELETE /2.0/mlflow/webhooks/{webhook_id}",
        "GET /2.0/mlflow/webhooks/{webhook_id}",
        "PATCH /2.0/mlflow/webhooks/{webhook_id}",
        "POST /2.0/mlflow/webhooks/{webhook_id}/test",
    ),
)
JOBS = (
    *denied(
        _NO_PROMPTLAB,
        _AJAX,
        "POST /2.0/mlflow/runs/create-promptlab-run",
    ),
    *denied(
        _NO_JOBS,
        _AJAX,
        "POST /3.0/jobs/",
        "PATCH /3.0/jobs/cancel/{job_id}",
        "POST /3.0/jobs/search",
        "GET /3.0/jobs/{job_id}",
        "POST /3.0/mlflow/issues/invoke",
        "POST /3.0/mlflow/demo/delete",
        "POST /3.0/mlflow/demo/generate",
        "POST /3.0/mlflow/genai/evaluate/invoke",
        "PATCH /3.0/mlflow/jobs/cancel/{job_id}",
        "GET /3.0/mlflow/jobs/{job_id}",
        "POST /3.0/mlflow/scorer/invoke",
    ),
    *denied(
        _NO_JOBS,
        _BOTH,
        "PUT /3.0/mlflow/scorers/online-config",
        "POST /3.0/mlflow/prompt-optimization/jobs",
        "GET /3.0/mlflow/prompt-optimization/jobs/search",
        "POST /3.0/mlflow/prompt-optimization/jobs/search",
        "GET /3.0/mlflow/prompt-optimization/jobs/{job_id}",
        "DELETE /3.0/mlflow/prompt-optimization/jobs/{job_id}",
        "POST /3.0/mlflow/prompt-optimization/jobs/{job_id}/cancel",
    ),
)
GATEWAY = (
    *denied(
        _NO_GATEWAY,
        _AJAX,
        "GET /2.0/mlflow/gateway-proxy",
        "POST /2.0/mlflow/gateway-proxy",
    ),
    *denied(
        _NO_GATEWAY,
        _BOTH,
        "POST /3.0/mlflow/gateway/budgets/create",
        "DELETE /3.0/mlflow/gateway/budgets/delete",
        "GET /3.0/mlflow/gateway/budgets/get",
        "GET /3.0/mlflow/gateway/budgets/list",
        "POST /3.0/mlflow/gateway/budgets/update",
        "GET /3.0/mlflow/gateway/budgets/windows",
        "POST /3.0/mlflow/gateway/endpoints/bindings/create",
        "DELETE /3.0/mlflow/gateway/endpoints/bindings/delete",
        "GET /3.0/mlflow/gateway/endpoints/bindings/list",
        "POST /3.0/mlflow/gateway/endpoints/create",
        "DELETE /3.0/mlflow/gateway/endpoints/delete",
        "DELETE /3.0/mlflow/gateway/endpoints/delete-tag",
        "GET /3.0/mlflow/gateway/endpoints/get",
        "GET /3.0/mlflow/gateway/endpoints/list",
        "POST /3.0/mlflow/gateway/endpoints/models/attach",
        "POST /3.0/mlflow/gateway/endpoints/models/detach",
        "POST /3.0/mlflow/gateway/endpoints/set-tag",
        "POST /3.0/mlflow/gateway/endpoints/update",
        "POST /3.0/mlflow/gateway/guardrails/add-to-endpoint",
        "POST /3.0/mlflow/gateway/guardrails/create",
        "DELETE /3.0/mlflow/gateway/guardrails/delete",
        "GET /3.0/mlflow/gateway/guardrails/get",
        "GET /3.0/mlflow/gateway/guardrails/list",
        "GET /3.0/mlflow/gateway/guardrails/list-for-endpoint",
        "DELETE /3.0/mlflow/gateway/guardrails/remove-from-endpoint",
        "PATCH /3.0/mlflow/gateway/guardrails/update-config",
        "POST /3.0/mlflow/gateway/model-definitions/create",
        "DELETE /3.0/mlflow/gateway/model-definitions/delete",
        "GET /3.0/mlflow/gateway/model-definitions/get",
        "GET /3.0/mlflow/gateway/model-definitions/list",
        "POST /3.0/mlflow/gateway/model-definitions/update",
        "POST /3.0/mlflow/gateway/secrets/create",
        "DELETE /3.0/mlflow/gateway/secrets/delete",
        "GET /3.0/mlflow/gateway/secrets/get",
        "GET /3.0/mlflow/gateway/secrets/list",
        "POST /3.0/mlflow/gateway/secrets/update",
    ),
    *denied(
        _NO_GATEWAY,
        _AJAX,
        "GET /3.0/mlflow/gateway/provider-config",
        "GET /3.0/mlflow/gateway/secrets/config",
        "GET /3.0/mlflow/gateway/supported-models",
        "GET /3.0/mlflow/gateway/supported-providers",
    ),
    *denied(
        _NO_GATEWAY,
        _HERE,
        "POST /gateway/anthropic/v1/messages",
        "POST /gateway/gemini/v1beta/models/{endpoint_name}:generateContent",
        "POST /gateway/gemini/v1beta/models/{endpoint_name}:streamGenerateContent",
        "POST /gateway/mlflow/v1/chat/completions",
        "GET /gateway/mlflow/v1/models",
        "POST /gateway/openai/v1/chat/completions",
        "POST /gateway/openai/v1/embeddings",
        "POST /gateway/openai/v1/responses",
        "POST /gateway/openai/v1/responses/compact",
        "POST /gateway/proxy/{endpoint_name}/{path:path}",
        "POST /gateway/typesafe/v1/systemone",
        "POST /gateway/{endpoint_name}/mlflow/invocations",
    ),
)
ASSISTANT = (
    *denied(
        _NO_ASSISTANT,
        _AJAX,
        "GET /3.0/mlflow/assistant/config",
        "PUT /3.0/mlflow/assistant/config",
        "POST /3.0/mlflow/assistant/message",
        "GET /3.0/mlflow/assistant/providers",
        "GET /3.0/mlflow/assistant/providers/{provider}/health",
        "GET /3.0/mlflow/assistant/providers/{provider}/models",
        "PATCH /3.0/mlflow/assistant/sessions/{session_id}",
        "POST /3.0/mlflow/assistant/sessions/{session_id}/permission",
        "GET /3.0/mlflow/assistant/sessions/{session_id}/stream",
        "POST /3.0/mlflow/assistant/sessions/{session_id}/tool-result",
        "POST /3.0/mlflow/assistant/skills/install",
    ),
)
