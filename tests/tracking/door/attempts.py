"""A request to any route of MLflow that means the victims' things, as if their ids were known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import httpx

from tests.tracking.door.installed import installed_routes
from tests.tracking.door.world import World

#: Treadle's own, or nothing of MLflow's: the door never answers there.
ELSEWHERE = ("/health", "/version", "/build/", "/static-files/", "/api/2.0mlflow/")
Json = dict[str, Any]
_PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")


def routes(*methods: str) -> list[tuple[str, str]]:
    """Those of the door, of these methods or of all."""
    return [
        (method, path)
        for method, path in sorted(installed_routes(), key=lambda one: (one[1], one[0]))
        if path != "/" and not path.startswith(ELSEWHERE) and (not methods or method in methods)
    ]


def attempt(world: World, who: str, method: str, path: str, *, at: str | None) -> httpx.Response:
    """One route with everything that names something of the victims'."""
    more = {"params": query(world)} if method == "GET" else {"json": body(world, method, path)}
    return world.ask(who, method, address(world, path), at=at, **more)


def leaks(world: World, answer: httpx.Response, said: str = "") -> list[str]:
    """Secrets in the answer that the request did not hold, nor what was ``said`` before it."""
    sent = said + _sent(answer)
    got = answer.text + str(answer.headers)
    return sorted(one for one in world.secrets if one in got and one not in sent)


def stolen(world: World, seen: Iterable[httpx.Response]) -> list[tuple[str, list[str]]]:
    """By address, the secrets in answers that none of the requests until then held: nobody's own words."""
    said, found = "", []
    for answer in seen:
        leaked = leaks(world, answer, said)
        said += _sent(answer)
        if leaked:
            found.append((str(answer.request.url), leaked))
    return found


def _sent(answer: httpx.Response) -> str:
    request = answer.request
    return f"{request.url} {request.read().decode()} {request.headers}"


def address(world: World, path: str) -> str:
    """The path with the ids of what the victims have."""
    ids = world.ids
    known = {
        **ids,
        "request_id": ids["trace_id"],
        "key": "colour",
        "tag_key": "mood",
        "workspace_name": "quiet-harbour",
        "path": "main.js",
        "filename": "main.js",
    }
    if "mcp-servers" in path:
        known["name"] = next(f"io.example/{one}" for one in world.secrets if one.startswith("server-"))
    return _PARAMETER.sub(lambda found: known.get(found[1], "1"), path)


def query(world: World) -> dict[str, str]:
    """What GET may ask for, all at once: handlers take what they know."""
    ids = world.ids
    return {
        **{name: ids[name] for name in ("experiment_id", "run_id", "name", "version", "alias", "trace_id")},
        **{name: ids[name] for name in ("experiment_name", "metric_key", "model_id", "dataset_id")},
        "run_uuid": ids["run_id"],
        "run_ids": ids["run_id"],
        "experiment_ids": ids["experiment_id"],
        "trace_ids": ids["trace_id"],
        "request_id": ids["trace_id"],
        "max_results": "10",
        "path": "hidden.txt",
    }


def body(world: World, method: str, path: str) -> Json:
    """What the route takes, and beside it every name of a thing of the victims'."""
    ids = world.ids
    everything: Json = {
        **{name: ids[name] for name in ("experiment_id", "run_id", "name", "version", "alias", "trace_id")},
        **{name: ids[name] for name in ("experiment_name", "metric_key", "model_id", "dataset_id")},
        "run_uuid": ids["run_id"],
        "run_ids": [ids["run_id"]],
        "experiment_ids": [ids["experiment_id"]],
        "trace_ids": [ids["trace_id"]],
        "request_ids": [ids["trace_id"]],
        "request_id": ids["trace_id"],
        "issue_id": ids["issue_id"],
        "key": "mood",
        "value": "changed",
        "max_results": 10,
        "new_name": "changed",
        "description": "changed",
        "path": "hidden.txt",
        "stage": "Production",
        "source": f"mlflow-artifacts:/{ids['artifact_path'].rpartition('/')[0]}",
    }
    return {**everything, **_special(world, method, path.partition("/mlflow/")[2])}


def _special(world: World, method: str, verb: str) -> Json:
    """Where a field has another shape."""
    ids = world.ids
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": ids["experiment_id"]}}
    number = {"key": "loss", "value": 9.5, "timestamp": 2, "step": 2}
    if verb.endswith(("log-batch", "log-metric")):
        return {**number, "metrics": [number], "params": [{"key": "new", "value": "changed"}]}
    if verb == "runs/update":
        return {"status": "FINISHED", "run_name": "changed"}
    if verb == "traces/search":
        return {"locations": [place]}
    if verb == "traces" and method == "POST":
        info = {"trace_id": ids["trace_id"], "trace_location": place, "state": "ERROR"}
        info["request_time"] = "2026-01-01T00:00:00Z"
        return {"trace": {"trace_info": info}, "timestamp_ms": 1}
    if verb.startswith("traces/metrics"):
        return {
            "view_type": "TRACES",
            "metric_name": "trace_count",
            "aggregations": [{"aggregation_type": "COUNT"}],
        }
    if "assessments" in verb:
        source = {"source_type": "HUMAN", "source_id": "x"}
        judged = {"assessment_name": "changed", "source": source, "feedback": {"value": "changed"}}
        return {"assessment": {**judged, "trace_id": ids["trace_id"]}, "update_mask": "feedback"}
    if verb.startswith("datasets"):
        records = '[{"inputs": {"q": "changed"}}]'
        return {"records": records, "tags": '{"a": "changed"}', "name": "changed"}
    if verb.startswith("issues"):
        return {"status": "resolved", "name": "changed"}
    return {"name": "io.example/changed"} if verb == "mcp-servers" else {}
