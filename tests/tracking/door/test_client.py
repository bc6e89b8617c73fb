"""The stock client of MLflow, as notebooks use it: by editor, viewer, manager, stranger."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.laws.source import ROOT
from tests.serving import Person, RunningServer

NOTEBOOK = Path(__file__).with_name("notebook.py")
V2 = "/api/2.0/mlflow"


def run(server: RunningServer, tokens: dict[str, str], home: Path) -> dict[str, Any]:
    """What the notebooks print, run by whoever has the tokens."""
    done = subprocess.run(
        [sys.executable, str(NOTEBOOK), json.dumps(tokens)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": server.url, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    printed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return printed


def test_a_notebook_works_as_far_as_its_person_may(notebooks: RunningServer, home: Path) -> None:
    roles = ("editor", "viewer", "manager")
    tokens = {role: notebooks.member(f"{role}@example.com", role).token for role in roles}
    with notebooks.client() as admin:
        other = admin.post("/api/workspaces", json={"name": "elsewhere"}).json()["id"]
    tokens["stranger"] = notebooks.member("stranger@example.com", "owner", other).token
    seen = run(notebooks, tokens, home)

    made = seen["made"]
    assert made["params"] >= 21
    assert (made["loss"], made["history"], made["found"], made["version"]) == (0.2, 5, 1, "1")
    assert made["files"] == ["files/notes/ä b.txt"]
    assert (made["text"], made["dict"], made["predicted"], made["traces"]) == ("paper", {"a": [1, 2]}, 0, 1)

    read = seen["read"]
    assert (read["loss"], read["model"], read["kind"]) == (0.2, "iris", "LogisticRegression")
    assert read["span"] == "ask"
    assert "files" in read["files"]
    assert set(read["refused"].values()) <= {"PERMISSION_DENIED", "403"}, read["refused"]
    refused = seen["read by editor"]["refused"]
    assert (refused["metric"], refused["alias"]) == ("done", "PERMISSION_DENIED")

    assert seen["promoted"] == {"kind": "LogisticRegression", "aliases": {"champion": "1"}}

    found = seen["strayed"]
    assert (found["experiments"], found["models"], found["workspaces"]) == ([], [], ["elsewhere"])
    looked = {found[what] for what in ("run", "files", "load", "trace")}
    assert looked == {"RESOURCE_DOES_NOT_EXIST"}, found


def test_a_token_that_does_not_work_is_told(notebooks: RunningServer) -> None:
    person = notebooks.member("holder@example.com", "editor")
    with notebooks.client(person.token) as client:
        made = client.post("/api/tokens", json={"name": "notebook"}).json()
    with notebooks.client(None, Authorization=f"Bearer {made['token']}") as client:
        assert client.get(f"{V2}/experiments/search").status_code in (200, 400)
        with notebooks.client(person.token) as theirs:
            assert theirs.delete(f"/api/tokens/{made['id']}").status_code == 204
        answer = client.get(f"{V2}/experiments/search")
    assert answer.status_code == 401, "revoked at once"
    assert answer.json()["error_code"] == "UNAUTHENTICATED"
    assert answer.headers["www-authenticate"] == 'Bearer realm="treadle"'


def test_a_name_and_a_token_are_as_good(notebooks: RunningServer) -> None:
    person = notebooks.member("basic@example.com", "viewer")
    with notebooks.client(None) as client:
        client.auth = (person.email, person.token)
        assert client.post(f"{V2}/experiments/search", json={"max_results": 1}).status_code == 200
        client.auth = (person.email, "wrong")
        assert client.post(f"{V2}/experiments/search", json={"max_results": 1}).status_code == 401


def test_who_has_several_workspaces_names_one(notebooks: RunningServer) -> None:
    person = several(notebooks)
    search = {"max_results": 1}
    with notebooks.client(person.token) as client:
        unnamed = client.post(f"{V2}/experiments/search", json=search)
        assert unnamed.status_code == 400
        assert unnamed.json()["error_code"] == "INVALID_PARAMETER_VALUE"
        assert "main" in unnamed.json()["message"]
        assert "second" in unnamed.json()["message"]
        for name in ("main", "ws-1", "second"):
            named = client.post(f"{V2}/experiments/search", json=search, headers={"X-MLFLOW-WORKSPACE": name})
            assert named.status_code == 200, name
        twice = [("X-MLFLOW-WORKSPACE", "main"), ("X-MLFLOW-WORKSPACE", "second")]
        assert client.post(f"{V2}/experiments/search", json=search, headers=twice).status_code == 400
        bound = client.post("/api/tokens", json={"name": "one", "workspace": 1, "scope": "read"})
    assert bound.status_code == 201, bound.text
    with notebooks.client(None, Authorization=f"Bearer {bound.json()['token']}") as client:
        assert client.post(f"{V2}/experiments/search", json=search).status_code == 200
        elsewhere = {"X-MLFLOW-WORKSPACE": "second"}
        assert client.post(f"{V2}/experiments/search", json=search, headers=elsewhere).status_code == 404
        assert client.post(f"{V2}/experiments/create", json={"name": "x"}).status_code == 403
        listed = client.get("/api/3.0/mlflow/workspaces").json()["workspaces"]
        assert [one["name"] for one in listed] == ["main"]


def several(server: RunningServer) -> Person:
    """Somebody with two workspaces."""
    person = server.member("both@example.com", "editor")
    with server.client() as admin:
        second = admin.post("/api/workspaces", json={"name": "second"}).json()["id"]
        body = {"user": person.id, "role": "editor"}
        assert admin.post(f"/api/workspaces/{second}/members", json=body).status_code == 201
    return person
