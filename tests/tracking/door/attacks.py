"""What a stranger tries who knows every id of the victims': each attack yields what it got to see.

The first two are leaks of stock MLflow with workspaces; the guard of bytes stands below them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx

from tests.tracking.door.attempts import attempt, routes
from tests.tracking.door.smuggling import by_smuggling
from tests.tracking.door.world import V2, V3, World

Seen = Iterator[httpx.Response]


def by_trace_tag(world: World) -> Seen:
    """The tag that says where a trace's data lie is the tracer's to set."""
    mine = _my_experiment(world)
    trace = f"tr-{secrets.token_hex(16)}"
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": mine}}
    info = {"trace_id": trace, "trace_location": place, "state": "OK", "request_time": "2026-01-01T00:00:00Z"}
    yield _ask(world, "POST", f"{V3}/traces", json={"trace": {"trace_info": info}})
    folder = world.ids["artifact_path"].rpartition("/")[0]
    for uri in (
        f"mlflow-artifacts:/{folder}",
        f"treadle:/{folder}",
        f"mlflow-artifacts:///{folder}",
        "file:///",
    ):
        tag = {"key": "mlflow.artifactLocation", "value": uri}
        yield _ask(world, "PATCH", f"{V3}/traces/{trace}/tags", json=tag)
        for version in ("2.0", "3.0"):
            path = f"/ajax-api/{version}/mlflow/get-trace-artifact"
            for more in ({}, {"path": "hidden.txt"}):
                yield _ask(world, "GET", path, params={"request_id": trace, **more})


def by_version_source(world: World) -> Seen:
    """The source of a model version is the registrar's to name, and the server reads it."""
    folder = world.ids["artifact_path"].rpartition("/")[0]
    tail, mine = folder.split("/", 2)[2], f"mlflow-artifacts:/workspaces/ws-{world.stranger}"
    name = f"mine-{secrets.token_hex(4)}"
    yield _ask(world, "POST", f"{V2}/registered-models/create", json={"name": name})
    sources = (
        f"mlflow-artifacts:/{folder}",
        f"treadle:/{folder}",
        f"mlflow-artifacts://elsewhere/{folder}",
        f"{mine}/../ws-{world.victim}/{tail}",
        f"{mine}/%2e%2e/ws-{world.victim}/{tail}",
        f"runs:/{world.ids['run_id']}/",
        f"models:/{world.ids['name']}/1",
        f"models:/{world.ids['name']}@champion",
        f"models:/{world.ids['model_id']}",
        f"{world.server.url}/api/2.0/mlflow-artifacts/artifacts/{folder}",
    )
    for source in sources:
        made = _ask(
            world, "POST", f"{V2}/model-versions/create", json={"name": name, "source": source, "run_id": ""}
        )
        yield made
        if made.status_code == 200:
            wanted = {"name": name, "version": made.json()["model_version"]["version"]}
            yield _ask(world, "GET", f"{V2}/model-versions/get-download-uri", params=wanted)
            for path in ("hidden.txt", "MLmodel", "."):
                found = {**wanted, "path": path}
                yield _ask(world, "GET", "/model-versions/get-artifact", params=found)


def by_paths(world: World) -> Seen:
    """Ways of writing a path of the victims' artifacts."""
    tail = world.ids["artifact_path"].split("/", 2)[2]
    theirs, mine = f"workspaces/ws-{world.victim}", f"workspaces/ws-{world.stranger}"
    for path in (
        f"{theirs}/{tail}",
        f"{mine}/../ws-{world.victim}/{tail}",
        f"{mine}/%2e%2e/ws-{world.victim}/{tail}",
        f"{mine}/%252e%252e/ws-{world.victim}/{tail}",
        f"{mine}/..%2fws-{world.victim}/{tail}",
        f"{mine}/..%5cws-{world.victim}/{tail}",
        f"/{theirs}/{tail}",
        f"%2f{theirs}/{tail}",
        f"./{theirs}/{tail}",
        f"workspaces//ws-{world.victim}/{tail}",
        f"{theirs}%00/{tail}",
        f"Workspaces/ws-{world.victim}/{tail}",
        f"workspaces%2fws-{world.victim}%2f{tail.replace('/', '%2f')}",
    ):
        for root in ("/api/2.0/mlflow-artifacts/artifacts", "/ajax-api/2.0/mlflow-artifacts/artifacts"):
            yield _ask(world, "GET", f"{root}/{path}")
            yield _ask(world, "GET", root, params={"path": path.rpartition("/")[0]})
            yield _ask(world, "PUT", f"{root}/{path}", content=b"changed")
            yield _ask(world, "DELETE", f"{root}/{path}")
        yield _ask(world, "GET", f"/api/2.0/mlflow-artifacts/presigned/{path}")


def by_ids_of_runs(world: World) -> Seen:
    """Routes that read or write bytes by the id of a run or a model."""
    run = {"run_id": world.ids["run_id"], "run_uuid": world.ids["run_id"], "path": "hidden.txt"}
    yield _ask(world, "GET", "/get-artifact", params=run)
    yield _ask(world, "GET", f"{V2}/artifacts/list", params={"run_id": world.ids["run_id"]})
    yield _ask(world, "POST", "/ajax-api/2.0/mlflow/upload-artifact", params=run, content=b"changed")
    version = {"name": world.ids["name"], "version": "1", "path": "hidden.txt"}
    yield _ask(world, "GET", "/model-versions/get-artifact", params=version)
    model = f"/ajax-api/2.0/mlflow/logged-models/{world.ids['model_id']}/artifacts"
    yield _ask(world, "GET", f"{model}/files", params={"artifact_file_path": "hidden.txt"})
    yield _ask(world, "GET", f"{model}/directories")


def by_graphql(world: World) -> Seen:
    """Queries by the victims' ids."""
    run, experiment = world.ids["run_id"], world.ids["experiment_id"]
    for query in (
        f'{{mlflowGetRun(input:{{runId:"{run}"}}){{run{{info{{runName}} data{{params{{value}}}}}}}}}}',
        f'{{mlflowGetExperiment(input:{{experimentId:"{experiment}"}}){{experiment{{name tags{{value}}}}}}}}',
        f'{{mlflowSearchRuns(input:{{experimentIds:["{experiment}"]}}){{runs{{info{{runName}}}}}}}}',
        f'{{mlflowListArtifacts(input:{{runId:"{run}"}}){{files{{path}}}}}}',
    ):
        yield _ask(world, "POST", "/graphql", json={"query": query})


def by_telemetry(world: World) -> Seen:
    """Spans sent into the victims' experiment, and into a trace of theirs."""
    span = {
        "traceId": world.ids["trace_id"].removeprefix("tr-"),
        "spanId": secrets.token_hex(8),
        "name": "changed",
        "startTimeUnixNano": "1",
        "endTimeUnixNano": "2",
    }
    sent = {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [span]}]}]}
    for experiment in (world.ids["experiment_id"], _my_experiment(world)):
        headers = {"x-mlflow-experiment-id": experiment}
        yield _ask(world, "POST", "/v1/traces", json=sent, headers=headers)


def by_mixed_ids(world: World) -> Seen:
    """One's own experiment, so that the door of it is passed, and everything else of the victims'."""
    mine = replace(world, ids={**world.ids, "experiment_id": _my_experiment(world)})
    for method, path in routes():
        if not path.startswith("/ajax-api"):
            yield attempt(mine, "stranger", method, path, at="stranger")


def by_names_past_the_door(world: World) -> Seen:
    """The door tells names itself; below it stands MLflow's own list of workspaces."""
    for root in ("/api/3.0/mlflow/workspaces", "/ajax-api/3.0/mlflow/workspaces"):
        for path in (root, f"{root}/quiet-harbour", f"{root}/ws-{world.victim}"):
            yield world.ask_past_the_door("GET", path)


def by_headers(world: World) -> Seen:
    """Headers that only the door sets, and workspaces named twice."""
    told = {"user_id": 1, "email": "x", "workspace_id": world.victim, "level": "manage", "workspaces": []}
    for headers in (
        {"x-treadle-visitor": str(told).replace("'", '"')},
        {"X-Treadle-Visitor": str(told).replace("'", '"'), "x-mlflow-workspace": f"ws-{world.victim}"},
        {"x_mlflow_workspace": f"ws-{world.victim}"},
    ):
        params = {"experiment_id": world.ids["experiment_id"]}
        yield _ask(world, "GET", f"{V2}/experiments/get", params=params, headers=headers)


ATTACKS: tuple[Callable[[World], Seen], ...] = (
    by_trace_tag,
    by_version_source,
    by_paths,
    by_ids_of_runs,
    by_graphql,
    by_telemetry,
    by_mixed_ids,
    by_headers,
    by_smuggling,
    by_names_past_the_door,
)


def _ask(world: World, method: str, path: str, **more: object) -> httpx.Response:
    return world.ask("stranger", method, path, at="stranger", **more)


def _my_experiment(world: World) -> str:
    name = f"mine-{secrets.token_hex(4)}"
    made = _ask(world, "POST", f"{V2}/experiments/create", json={"name": name})
    return str(made.json()["experiment_id"])
