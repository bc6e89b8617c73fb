"""Who promoted what: a line for each change of an alias or a version, and none lost to a crash."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import delete

from tests.conftest import DATABASES
from tests.serving import RunningServer, serve
from tests.waiting import wait_until
from treadle.db.promotion_tables import model_promotions
from treadle.tracking.promoting import Promoting
from treadle.tracking.promotions import Model

V2 = "/api/2.0/mlflow"
BYTES = "/api/2.0/mlflow-artifacts/artifacts"
Json = dict[str, Any]


@pytest.fixture(scope="module", params=DATABASES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server on each kind of database; each test has a model of its own."""
    folder = tmp_path_factory.mktemp("promotions") / "data"
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(request.getfixturevalue("postgresql").fresh_database())
        yield stack.enter_context(serve(url, folder))


@contextmanager
def registering(server: RunningServer, name: str) -> Iterator[httpx.Client]:
    """The administrator with a model of three versions."""
    with server.client() as client:
        client.timeout = httpx.Timeout(90.0)
        experiment = do(client, "POST", "experiments/create", {"name": name})["experiment_id"]
        run = do(client, "POST", "runs/create", {"experiment_id": experiment, "start_time": 1})["run"]["info"]
        do(client, "POST", "registered-models/create", {"name": name})
        body = {"name": name, "source": run["artifact_uri"], "run_id": run["run_id"]}
        for _ in range(3):
            do(client, "POST", "model-versions/create", body)
        yield client


def do(client: httpx.Client, method: str, path: str, body: Json) -> Json:
    answer = client.request(method, f"{V2}/{path}", json=body)
    assert answer.status_code == 200, answer.text
    said: Json = answer.json()
    return said


def history(client: httpx.Client, name: str) -> list[tuple[str, str | None, str | None, str | None]]:
    """Alias, version, version before and who, the oldest first."""
    answer = client.get("/api/tracking/models/history/", params={"workspace": 1, "name": name})
    assert answer.status_code == 200, answer.text
    lines = reversed(answer.json()["results"])
    return [
        (one["alias"], one["version"], one["previous_version"], one["by"] and one["by"]["email"])
        for one in lines
    ]


def test_every_change_has_a_line_that_says_who(server: RunningServer) -> None:
    manager = server.member("manager@example.com", "manager")
    viewer = server.member("viewer@example.com", "viewer")
    alias: Json = {"name": "iris", "alias": "champion"}
    with registering(server, "iris") as client:
        with server.client(manager.token) as managing:
            do(managing, "POST", "registered-models/alias", {**alias, "version": "1"})
            do(managing, "POST", "registered-models/alias", {**alias, "version": "1"})
        do(client, "POST", "registered-models/alias", {**alias, "version": "2"})
        do(client, "DELETE", "registered-models/alias", alias)
        do(client, "POST", "registered-models/alias", {**alias, "version": "3"})
        do(client, "DELETE", "model-versions/delete", {"name": "iris", "version": "3"})
    with server.client(viewer.token) as viewing:
        refused = viewing.post(f"{V2}/registered-models/alias", json={**alias, "version": "1"})
        assert refused.status_code == 403
        lines = history(viewing, "iris")
    admin = "admin@example.com"
    assert lines[:3] == [("", "1", None, admin), ("", "2", None, admin), ("", "3", None, admin)]
    assert lines[3:] == [
        ("champion", "1", None, manager.email),
        ("champion", "2", "1", admin),
        ("champion", None, "2", admin),
        ("champion", "3", None, admin),
        ("", None, "3", admin),
        ("champion", None, "3", admin),
    ]


def test_what_a_crash_left_out_is_added_without_a_name(server: RunningServer) -> None:
    with registering(server, "left-out") as client:
        for alias, version in (("champion", "1"), ("challenger", "2")):
            body = {"name": "left-out", "alias": alias, "version": version}
            do(client, "POST", "registered-models/alias", body)
        with server.database.write() as tx:  # as if the server had been killed before it wrote
            tx.execute(delete(model_promotions).where(model_promotions.c.alias == "challenger"))
        assert history(client, "left-out")[-1] == ("challenger", "2", None, None)
        assert len(history(client, "left-out")) == 5, "once"


def test_a_stage_is_told_as_mlflow_knows_it_and_who_made_way_for_it(server: RunningServer) -> None:
    body: Json = {"name": "staged", "version": "1", "stage": "production"}
    with registering(server, "staged") as client:
        do(client, "POST", "model-versions/transition-stage", body)
        do(client, "POST", "model-versions/transition-stage", {**body, "stage": "Production"})
        do(client, "POST", "model-versions/transition-stage", {**body, "version": "02"})
        archiving = {**body, "version": "3", "archive_existing_versions": True}
        do(client, "POST", "model-versions/transition-stage", archiving)
        do(client, "POST", "model-versions/transition-stage", body)
        lines = [line for line in history(client, "staged") if line[0]]
    admin = "admin@example.com"
    assert lines == [
        ("stage:Production", "1", None, admin),
        ("stage:Production", "2", None, admin),
        ("stage:Archived", "1", None, admin),
        ("stage:Archived", "2", None, admin),
        ("stage:Production", "3", None, admin),
        ("stage:Production", "1", None, admin),
    ]


def test_who_changes_one_model_holds_up_nobody_elses_and_not_for_ever(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, may_write = Promoting._write, threading.Event()

    def write_late(self: Promoting, model: Model, done: Any) -> None:
        assert model.name != "held" or may_write.wait(30)
        write(self, model, done)

    turns = server.parts.tracking.model_turns
    with registering(server, "held") as client, registering(server, "free") as other:
        monkeypatch.setattr(Promoting, "_write", write_late)
        monkeypatch.setattr(turns, "_patience_s", 0.2)
        body: Json = {"name": "held", "alias": "champion", "version": "1"}
        with ThreadPoolExecutor(1) as beside:
            held = beside.submit(do, client, "POST", "registered-models/alias", body)
            wait_until(lambda: turns._turns)
            do(other, "POST", "registered-models/alias", {**body, "name": "free"})
            late = other.post(f"{V2}/registered-models/alias", json={**body, "version": "2"})
            may_write.set()
            held.result()
        assert (late.status_code, late.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
        assert history(client, "held")[-1] == ("champion", "1", None, "admin@example.com")


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "unread", "alias": "champion", "version": "1", "x": NaN}',
        b'{"name": "unread", "alias": "champion", "version": "1", "x": "\\ud800"}',
        '{"name": "unread", "alias": "champion", "version": "1"}'.encode("utf-16"),
    ],
)
def test_who_promotes_in_a_way_that_we_cannot_read_is_refused(server: RunningServer, body: bytes) -> None:
    with server.client() as client:
        headers = {"content-type": "application/json"}
        answer = client.post(f"{V2}/registered-models/alias", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "nothing was changed" in answer.json()["message"]


def test_who_reads_the_history_takes_nobodys_name_away(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Promoting._write
    with registering(server, "watched") as client, server.client() as reader, ThreadPoolExecutor(1) as beside:
        readings: list[Future[Any]] = []

        def write_while_somebody_reads(self: Promoting, *done: Any) -> None:
            readings.append(beside.submit(history, reader, "watched"))
            wait(readings, timeout=3)  # it waits for this one, which it did not once
            write(self, *done)

        with monkeypatch.context() as patch:
            patch.setattr(Promoting, "_write", write_while_somebody_reads)
            body = {"name": "watched", "alias": "champion", "version": "1"}
            do(client, "POST", "registered-models/alias", body)
        last = ("champion", "1", None, "admin@example.com")
        assert (readings[0].result()[-1], history(client, "watched")[-1]) == (last, last)


def test_a_history_is_its_workspaces(server: RunningServer) -> None:
    with server.client() as client:
        other = client.post("/api/workspaces", json={"name": "elsewhere"}).json()["id"]
    stranger = server.member("stranger@example.com", "owner", other)
    with server.client(stranger.token) as asking:
        path = "/api/tracking/models/history/"
        assert asking.get(path, params={"workspace": 1, "name": "iris"}).status_code == 404
        found = asking.get(path, params={"workspace": other, "name": "iris"})
        assert found.json() == {"results": []}
        assert asking.get(path, params={"workspace": other}).status_code == 400


def test_who_may_not_promote_does_not_replace_the_bytes_of_a_version(server: RunningServer) -> None:
    editor, manager = (server.member(f"{role}-of-bytes@example.com", role) for role in ("editor", "manager"))
    main = {"X-MLFLOW-WORKSPACE": "ws-1"}
    with server.client(**main) as client, server.client(editor.token, **main) as editing:
        client.timeout = editing.timeout = httpx.Timeout(90.0)
        experiment = do(client, "POST", "experiments/create", {"name": "bytes"})["experiment_id"]
        run = do(editing, "POST", "runs/create", {"experiment_id": experiment, "start_time": 1})["run"][
            "info"
        ]
        path = f"{experiment}/{run['run_id']}/artifacts"
        do(editing, "POST", "registered-models/create", {"name": "swapped"})
        sources = {
            "plain": f"{run['artifact_uri']}/plain",
            "by-run": f"runs:/{run['run_id']}/by-run",
            "spelled": f"{run['artifact_uri']}//spelled/",
        }
        for folder, source in sources.items():
            assert put(editing, f"{path}/{folder}/weights.bin", b"first") == (200, "")
            body = {"name": "swapped", "source": source, "run_id": run["run_id"]}
            do(editing, "POST", "model-versions/create", body)
        for folder in sources:
            swapped = put(editing, f"{path}/{folder}/weights.bin", b"second")
            assert swapped == (403, "PERMISSION_DENIED"), folder
            assert editing.get(f"{BYTES}/{path}/{folder}/weights.bin").content == b"first"
        past_mlflow = {"run_id": run["run_id"], "run_uuid": run["run_id"], "path": "plain/weights.bin"}
        swapped_there = editing.post(
            "/ajax-api/2.0/mlflow/upload-artifact", params=past_mlflow, content=b"second"
        )
        assert swapped_there.status_code == 403, swapped_there.text
        assert editing.get(f"{BYTES}/{path}/plain/weights.bin").content == b"first"

        assert put(editing, f"{path}/plain/notes.txt", b"new")[0] == 200
        for text in (b"one", b"two"):
            assert put(editing, f"{path}/plainer/weights.bin", text)[0] == 200
        with server.client(manager.token) as managing:
            assert put(managing, f"{path}/plain/weights.bin", b"third")[0] == 200
        wait_until(lambda: count_refusals(client, editor.id) == 1)


def put(client: httpx.Client, path: str, content: bytes) -> tuple[int, str]:
    """Status and error of an upload."""
    answer = client.put(f"{BYTES}/{path}", content=content)
    return answer.status_code, answer.json()["error_code"] if answer.content else ""


def count_refusals(client: httpx.Client, user_id: int) -> int:
    """How often the log tells that somebody was refused an upload."""
    lines = client.get("/api/audit-log", params={"actor": user_id, "action": "access.refused"}).json()
    return sum(line["detail"].get("code") == "version-bytes" for line in lines["results"])
