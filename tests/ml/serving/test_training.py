"""Trainings: what they learn serves, for good; whatever is killed, what served goes on serving."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.ml.author.studio import jwt
from tests.ml.serving.running import KEY, PROJECT, Running, killable, labelled, running
from tests.waiting import wait_until

BUTTON = {"action": "START_TRAINING", "project": PROJECT}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for the tests of which each has a project of its own."""
    with running(tmp_path_factory.mktemp("training"), "--trainings", "4") as found:
        yield found


def test_what_is_learnt_serves_over_setup_restart_and_in_a_second_replica(tmp_path: Path) -> None:
    with running(tmp_path) as served, running(tmp_path) as replica:
        assert (served.setup(), replica.setup()) == ("untrained", "untrained")
        assert replica.predict()["model_version"] == "untrained"
        job = served.job(served.train(), "completed")
        version = job["version"]
        assert job["metrics"] == {"loss": [[1, 0.25]]}
        assert "the training says hello" in served.client.get(f"/jobs/{job['id']}/log").text
        loads = len(served.notes("load"))
        for each in (served, replica):
            assert each.setup() == version
            assert each.predict()["results"][0]["model_version"] == version
        served.setup()
        assert len(served.notes("load")) == loads + 1  # the replica's
        assert served.get(f"/versions?project={KEY}")["versions"] == ["untrained", version]
        rolled_back = served.post("/promote", {"project": KEY, "model_version": "untrained"})
        assert rolled_back == {"model_version": "untrained"}
        assert replica.predict()["model_version"] == "untrained"
        served.post("/promote", {"project": KEY, "model_version": version})
        assert replica.predict(model_version="untrained")["model_version"] == version
    with running(tmp_path) as served:
        assert served.predict()["model_version"] == version
        assert served.setup() == version


def test_the_button_trains_on_what_the_server_exports(tmp_path: Path) -> None:
    with label_studio() as (address, asked), running(tmp_path) as served:
        served.setup(hostname=f"{address}/ls", access_token=jwt("personal"))
        told = served.post("/webhook", BUTTON, 201)
        job = served.job(told["job"], "completed")
        assert served.notes("fit") == ["fit 4 nice 19"]
        assert served.post("/job_status", {"job": job["id"]})["job_status"] == "finished"
        # A personal token is exchanged for one that is taken.
        assert asked == ["exchange", "Bearer good"]


def test_a_training_without_a_server_to_ask_fails_with_the_reason(served: Running) -> None:
    told = served.post("/webhook", {"action": "START_TRAINING", "project": {"id": 55}}, 201)
    assert "LABEL_STUDIO_URL" in served.job(told["job"], "failed")["message"]


@pytest.mark.parametrize(
    ("do", "state", "told"),
    [
        ("die", "failed", "SIGKILL"),
        ("full", "failed", "disk is full"),
        ("nothing", "completed", "without a version"),
    ],
)
def test_a_training_that_fails_leaves_what_served(served: Running, do: str, state: str, told: str) -> None:
    key = f"{['die', 'full', 'nothing'].index(do) + 10}.1"
    first = served.job(served.train(project=key), "completed")["version"]
    job = served.job(served.train(project=key, params={"do": do}), state)
    assert told in job["message"]
    assert served.predict(project=key)["model_version"] == first
    assert served.get(f"/versions?project={key}")["versions"] == ["untrained", first]


def test_a_version_that_cannot_be_loaded_never_serves(served: Running) -> None:
    key = "20.1"
    first = served.job(served.train(project=key), "completed")["version"]
    served.setup(project=key, extra_params={"load": "broken"})
    job = served.job(served.train(project=key, params={"load": "x"}), "failed")
    assert "cheese" in job["message"]
    assert served.setup(project=key) == first
    assert served.predict(project=key)["model_version"] == first


def test_a_version_may_wait_to_be_promoted(served: Running) -> None:
    job = served.job(served.train(project="21.1", promote=False), "completed")
    assert job["version"]
    assert served.setup(project="21.1") == "untrained"
    assert served.setup(project="21.1", model_version=job["version"]) == job["version"]
    assert served.predict(project="21.1")["model_version"] == job["version"]


def test_a_training_is_cancelled_or_stopped_with_what_it_has_learnt(served: Running) -> None:
    for key, body, state in (("30.1", {}, "cancelled"), ("31.1", {"keep": True}, "completed")):
        number = served.train(project=key, params={"do": "until-stopped"})
        wait_until(partial(_has_metrics, served, number))
        assert served.get(f"/is_training?project={key}")["is_training"] is True
        served.post(f"/jobs/{number}/cancel", body)
        assert bool(served.job(number, state)["version"]) is (state == "completed")


def test_what_is_asked_for_meanwhile_is_trained_once_after_it(tmp_path: Path) -> None:
    with running(tmp_path) as served:
        first = served.train(params={"do": "wait"})
        wait_until(lambda: "waiting" in served.notes())
        waiting = {served.train() for _ in range(5)}
        other = served.train(project="2.1")
        assert len(waiting) == 1
        assert served.get(f"/jobs/{other}")["state"] == "queued"
        # What trains keeps nobody waiting.
        assert served.predict()["results"]
        assert served.post("/webhook", {"action": "ANNOTATION_CREATED", "project": PROJECT}, 201)
        served.open_gate()
        for number in (first, *waiting, other):
            served.job(number, "completed")
        assert len(served.notes("fit")) == 3


def test_a_killed_server_leaves_the_serving_version_whole_and_goes_on(tmp_path: Path) -> None:
    with running(tmp_path) as served:
        version = served.job(served.train(), "completed")["version"]
    with killable(tmp_path) as (served, kill):
        running_one = served.train(params={"do": "wait"})
        wait_until(lambda: "waiting" in served.notes())
        waiting_one = served.train(project="2.1")
        kill()
    served.open_gate()
    with running(tmp_path) as served:
        assert "Train again" in served.job(running_one, "failed")["message"]
        assert served.job(waiting_one, "completed")["version"]
        assert served.predict()["model_version"] == version
        assert len(served.get("/jobs")["jobs"]) == 3


def _has_metrics(served: Running, number: str) -> bool:
    return bool(served.get(f"/jobs/{number}")["metrics"])


@contextmanager
def label_studio() -> Iterator[tuple[str, list[str]]]:
    """A server that exports under /ls for who has exchanged a token; and the credentials it was shown."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers.get("Authorization", ""))
            is_let_in = asked[-1] == "Bearer good"
            assert self.path == "/ls/api/projects/1/export?exportType=JSON"
            self._answer(200 if is_let_in else 401, labelled())

        def do_POST(self) -> None:
            asked.append("exchange")
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert (self.path, list(told)) == ("/ls/api/token/refresh", ["refresh"])
            self._answer(200, {"access": "good"})

        def _answer(self, status: int, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
