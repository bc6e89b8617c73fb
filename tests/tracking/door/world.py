"""Two workspaces: one with something of every kind in it, and one of somebody who would like to see it."""

from __future__ import annotations

import asyncio
import re
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.postgresql import PostgresqlServer
from tests.serving import ADMIN_TOKEN, RunningServer, serve
from treadle.tracking.paths import tracking_file
from treadle.tracking.visitor import Visitor

V2, V3 = "/api/2.0/mlflow", "/api/3.0/mlflow"
ROLES = ("viewer", "reviewer", "annotator", "editor", "manager", "owner")
Json = dict[str, Any]


@dataclass
class World:
    """A server with both; ``ids`` are what is in the victims' workspace, by the names of MLflow's fields."""

    server: RunningServer
    tokens: dict[str, str]
    victim: int
    stranger: int
    ids: dict[str, str] = field(default_factory=dict)
    #: What nobody knows who was not told: names, texts and contents of the victims' workspace.
    secrets: set[str] = field(default_factory=set)

    def ask(
        self, who: str, method: str, path: str, *, at: str | None = "victim", **more: Any
    ) -> httpx.Response:
        """One request. at: the workspace that the header names, by its role in this play; None: no header."""
        headers = dict(more.pop("headers", {}))
        if who in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        if at is not None:
            headers["X-MLFLOW-WORKSPACE"] = f"ws-{getattr(self, at)}" if at in ("victim", "stranger") else at
        return self._client().request(method, path, headers=headers, **more)

    def ask_past_the_door(self, method: str, path: str) -> httpx.Response:
        """A request that the tracking process itself is asked for the stranger, as if the door let it in."""
        tracking = self.server.parts.tracking
        loop = tracking._supervisor._loop
        assert loop is not None, "somebody has asked before"
        visitor = Visitor(
            0, "stranger@example.com", self.stranger, "manage", ((self.stranger, "other-shore"),)
        )
        asked = asyncio.run_coroutine_threadsafe(tracking.ask(method, path, visitor), loop)
        reply = asked.result(60)
        request = httpx.Request(method, f"{self.server.url}{path}")
        return httpx.Response(reply.status, content=reply.body, request=request)

    def do(self, method: str, path: str, **more: Any) -> Json:
        """Something that the victims' owner does, and that works."""
        answer = self.ask("owner", method, path, **more)
        assert answer.status_code < 300, (method, path, answer.text)
        return answer.json() if answer.content.startswith((b"{", b"[")) else {}

    def secret(self, what: str) -> str:
        """A name or a text that nobody can guess."""
        text = f"{what}-{secrets.token_hex(6)}"
        self.secrets.add(text)
        return text

    def _client(self) -> httpx.Client:
        if not hasattr(self, "_kept"):
            self._kept = httpx.Client(base_url=self.server.url, trust_env=False, timeout=60)
        return self._kept

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of MLflow's tables, by table, without those that we keep up in the background."""
        return {name: rows for name, rows in self._dump() if not name.startswith("treadle_")}

    def keys(self) -> dict[str, int]:
        """Every artifact, with its size."""
        return {one.key: one.size_bytes for one in self.server.parts.objects.list("tracking/")}

    def _dump(self) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
        settings = self.server.parts.settings
        if not settings.database_url.startswith("postgresql"):
            with closing(sqlite3.connect(tracking_file(settings))) as connection:
                names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
                for (name,) in names:
                    yield name, sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
            return
        with psycopg.connect(settings.database_url) as opened:
            found = opened.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'mlflow'"
            ).fetchall()
            for (name,) in found:
                yield (
                    str(name),
                    sorted(opened.execute(f'SELECT * FROM mlflow."{name}"').fetchall(), key=repr),
                )


@contextmanager
def open_world(database: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """The play on a kind of database, until the block ends."""
    if database == "sqlite":
        with serve("", folder) as running:
            yield make_world(running)
        return
    postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
    with postgresql.fresh_database() as url, serve(url, folder) as running:
        yield make_world(running)


def make_world(server: RunningServer) -> World:
    """People of every role in the victims' workspace, all that is there, and a stranger from another."""
    world = make_people(server, ROLES)
    _track(world)
    _register(world)
    _trace(world)
    _collect(world)
    return world


def make_people(server: RunningServer, roles: Sequence[str]) -> World:
    """People of these roles in the victims' workspace, which is empty, and a stranger from another."""
    with server.client() as admin:
        victim = admin.post("/api/workspaces", json={"name": "quiet-harbour"}).json()["id"]
        stranger = admin.post("/api/workspaces", json={"name": "other-shore"}).json()["id"]
    tokens = {role: server.member(f"{role}@example.com", role, victim).token for role in roles}
    tokens["stranger"] = server.member("stranger@example.com", "owner", stranger).token
    world = World(server, {**tokens, "admin": ADMIN_TOKEN}, victim, stranger)
    world.secrets.update({"quiet-harbour", f"ws-{victim}"})
    return world


def _track(world: World) -> None:
    experiment = world.secret("experiment")
    ids = world.ids
    body: Json = {"name": experiment, "tags": [{"key": "note", "value": world.secret("note")}]}
    ids["experiment_id"] = world.do("POST", f"{V2}/experiments/create", json=body)["experiment_id"]
    ids["experiment_name"] = experiment
    made = world.do(
        "POST",
        f"{V2}/runs/create",
        json={"experiment_id": ids["experiment_id"], "run_name": world.secret("run"), "start_time": 1},
    )
    ids["run_id"] = made["run"]["info"]["run_id"]
    world.secrets.add(ids["run_id"])
    logged: Json = {
        "run_id": ids["run_id"],
        "metrics": [{"key": world.secret("loss"), "value": 0.5, "timestamp": 1, "step": 1}],
        "params": [{"key": "lr", "value": world.secret("rate")}],
        "tags": [{"key": "mood", "value": world.secret("tag")}],
    }
    world.do("POST", f"{V2}/runs/log-batch", json=logged)
    ids["metric_key"] = logged["metrics"][0]["key"]
    place = f"workspaces/ws-{world.victim}/{ids['experiment_id']}/{ids['run_id']}/artifacts"
    ids["artifact_path"] = f"{place}/hidden.txt"
    world.do(
        "PUT",
        f"/api/2.0/mlflow-artifacts/artifacts/{ids['artifact_path']}",
        content=world.secret("bytes").encode(),
    )
    spans = f'{{"spans": [], "more": "{world.secret("span")}"}}'
    world.do("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{place}/traces.json", content=spans.encode())
    model = world.do(
        "POST",
        f"{V2}/logged-models",
        json={"experiment_id": ids["experiment_id"], "name": world.secret("model"), "model_type": "x"},
    )
    ids["model_id"] = model["model"]["info"]["model_id"]
    world.secrets.add(ids["model_id"])


def _register(world: World) -> None:
    ids = world.ids
    ids["name"] = world.secret("registered")
    world.do(
        "POST",
        f"{V2}/registered-models/create",
        json={"name": ids["name"], "description": world.secret("about")},
    )
    place = f"mlflow-artifacts:/workspaces/ws-{world.victim}/{ids['experiment_id']}/{ids['run_id']}/artifacts"
    world.do(
        "POST",
        f"{V2}/model-versions/create",
        json={"name": ids["name"], "source": place, "run_id": ids["run_id"]},
    )
    ids["version"], ids["alias"] = "1", "champion"
    world.do(
        "POST",
        f"{V2}/registered-models/alias",
        json={"name": ids["name"], "alias": "champion", "version": "1"},
    )
    world.do(
        "POST",
        f"{V3}/mcp-servers",
        json={"name": f"io.example/{world.secret('server')}", "description": world.secret("tool")},
    )


def _trace(world: World) -> None:
    ids = world.ids
    ids["trace_id"] = f"tr-{secrets.token_hex(16)}"
    world.secrets.add(ids["trace_id"])
    location = {
        "type": "MLFLOW_EXPERIMENT",
        "mlflow_experiment": {"experiment_id": ids["experiment_id"]},
    }
    info = {
        "trace_id": ids["trace_id"],
        "trace_location": location,
        "request_time": "2026-01-01T00:00:00Z",
        "execution_duration": "0.5s",
        "state": "OK",
        "request_preview": world.secret("question"),
        "response_preview": world.secret("answer"),
        "tags": {"colour": world.secret("hue")},
    }
    world.do("POST", f"{V3}/traces", json={"trace": {"trace_info": info}})
    assessment = {
        "assessment_name": "judged",
        "trace_id": ids["trace_id"],
        "source": {"source_type": "HUMAN", "source_id": "owner@example.com"},
        "create_time": "2026-01-01T00:00:00Z",
        "last_update_time": "2026-01-01T00:00:00Z",
        "feedback": {"value": world.secret("verdict")},
        "valid": True,
    }
    made = world.do("POST", f"{V3}/traces/{ids['trace_id']}/assessments", json={"assessment": assessment})
    ids["assessment_id"] = made["assessment"]["assessment_id"]


def _collect(world: World) -> None:
    ids = world.ids
    made = world.do(
        "POST",
        f"{V3}/datasets/create",
        json={"name": world.secret("dataset"), "experiment_ids": [ids["experiment_id"]]},
    )
    ids["dataset_id"] = made["dataset"]["dataset_id"]
    world.secrets.add(ids["dataset_id"])
    records = f'[{{"inputs": {{"q": "{world.secret("record")}"}}}}]'
    world.do("POST", f"{V3}/datasets/{ids['dataset_id']}/records", json={"records": records})
    made = world.do(
        "POST",
        f"{V3}/issues",
        json={
            "experiment_id": ids["experiment_id"],
            "name": world.secret("issue"),
            "description": world.secret("trouble"),
            "status": "pending",
        },
    )
    ids["issue_id"] = re.search(r'"issue_id":\s*"([^"]+)"', str(made).replace("'", '"'))[1]  # type: ignore[index]
    world.do(
        "POST",
        f"{V3}/scorers/register",
        json={
            "experiment_id": ids["experiment_id"],
            "name": world.secret("scorer"),
            "serialized_scorer": "{}",
        },
    )
