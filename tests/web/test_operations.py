"""What probes and Prometheus are told, and by which name a request goes."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from tests.serving import ADMIN_TOKEN, RunningServer, serve
from treadle.db import Database
from treadle.jobs.liveness import note_alive
from treadle.objects import MemoryObjects, StoredObject
from treadle.settings import Secret, Settings
from treadle.web.readiness import Readiness

_METRICS = "of-prometheus-1"


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    with serve(database_url, tmp_path / "data", metrics_token=Secret(_METRICS)) as running:
        yield running


def test_a_server_is_ready_when_what_it_needs_is_there(server: RunningServer) -> None:
    with server.client(None) as stranger:
        told = stranger.get("/ready")
        assert (told.status_code, told.json()["status"]) == (200, "READY")
        assert told.json()["checks"] == {
            "database": True,
            "migrations": True,
            "objects": True,
            "worker": False,
        }
        assert stranger.get("/ready?worker=1").status_code == 503


def test_a_worker_is_alive_while_it_goes_its_rounds(sqlite_url: str, tmp_path: Path) -> None:
    with serve(sqlite_url, tmp_path / "data") as server:
        parts = server.parts
        note_alive(parts.settings.data_dir)
        assert Readiness(parts.settings, parts.database, parts.objects).problems()["worker"] == ""
        long_ago = time.time() - 3600
        os.utime(parts.settings.data_dir / "tmp" / "worker-alive", (long_ago, long_ago))
        assert "jobs wait" in Readiness(parts.settings, parts.database, parts.objects).problems()["worker"]


def test_a_server_whose_files_cannot_be_written_is_not_ready(sqlite_url: str, tmp_path: Path) -> None:
    with serve(sqlite_url, tmp_path / "data") as server, server.client(None) as stranger:
        objects = tmp_path / "data" / "objects"
        (objects / ".partial").rmdir()
        objects.rename(tmp_path / "away")
        objects.write_bytes(b"")
        told = stranger.get("/ready")
        assert told.status_code == 503
        assert told.json()["checks"]["objects"] is False
        assert str(tmp_path) not in told.text
        assert stranger.get("/health").status_code == 200


class _Hanging(MemoryObjects):
    """Takes no object until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.goes_on = Event(), Event()

    def put(self, key: str, chunks: Iterable[bytes]) -> StoredObject:
        self.is_asked.set()
        self.goes_on.wait(60)
        return super().put(key, chunks)


def test_probes_of_what_hangs_take_one_thread(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, objects = Database.open(sqlite_url), _Hanging()
    readiness = Readiness(Settings(data_dir=tmp_path), database, objects)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(readiness.problems)
        assert objects.is_asked.wait(20)
        try:
            assert "not tried" in threads.submit(readiness.problems).result(20)["objects"]
            monkeypatch.setattr("treadle.web.readiness._PATIENCE_S", 0.0)
            assert "does not answer" in threads.submit(readiness.problems).result(20)["objects"]
        finally:
            objects.goes_on.set()
        assert first.result(20)["objects"] == ""
    assert readiness.problems()["objects"] == ""
    database.close()


def test_metrics_are_for_their_token_and_for_administrators(server: RunningServer) -> None:
    person = server.sign_up("somebody@example.com")
    expected = {None: 401, _METRICS + "2": 401, person.token: 403, ADMIN_TOKEN: 200, _METRICS: 200}
    for token, status in expected.items():
        with server.client(token) as client:
            assert client.get("/metrics").status_code == status, token
    # A platform before us keeps Authorization for itself.
    for token, status in expected.items():
        sent = {"Authorization": "Bearer of-the-platform", "X-Treadle-Token": token or ""}
        with server.client(None, **sent) as client:
            assert client.get("/metrics").status_code == status, token


def test_a_wrong_metrics_token_is_told_to_wait(server: RunningServer) -> None:
    with server.client(_METRICS + "3") as client:
        answers = [client.get("/metrics").status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]
    with server.client(_METRICS) as client:
        assert client.get("/metrics").status_code == 200


def test_metrics_count_what_was_asked_in_prometheus_words(server: RunningServer) -> None:
    with server.client() as admin, server.client(None) as prometheus:
        for number in range(3):
            assert admin.get(f"/api/tasks/{number + 70}/").status_code == 404
        told = prometheus.get("/metrics", headers={"Authorization": f"Bearer {_METRICS}"})
    assert told.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    asked = 'treadle_http_requests_total{route="/api/tasks/{id}/",method="GET",status="404"} 3'
    assert asked in told.text.splitlines()
    for name in ("treadle_projects", "treadle_check_ok", "process_resident_memory_bytes"):
        assert f"# TYPE {name} gauge" in told.text
    sample = re.compile(r'\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [0-9.e+]+')
    assert [line for line in told.text.splitlines() if line[0] != "#" and not sample.fullmatch(line)] == []
    counts = [int(line.split()[-1]) for line in told.text.splitlines() if '_bucket{door="web"' in line]
    assert counts == sorted(counts)


def test_an_error_tells_the_id_that_a_trusted_proxy_gave(server: RunningServer, tmp_path: Path) -> None:
    with server.client(None, **{"X-Request-Id": "from-the-proxy-1"}) as client:
        told = client.get("/api/projects")
        assert told.json()["id"] == told.headers["x-request-id"]
        assert client.get("/api/projects", headers={"X-Request-Id": "two words"}).headers["x-request-id"] != (
            "two words"
        )
    with (
        serve(server.database.url, tmp_path / "other", trusted_proxies="127.0.0.1") as trusting,
        trusting.client(None, **{"X-Request-Id": "from-the-proxy-1"}) as client,
    ):
        told = client.get("/api/projects")
        assert told.headers["x-request-id"] == told.json()["id"] == "from-the-proxy-1"
