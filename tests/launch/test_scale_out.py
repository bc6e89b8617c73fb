"""Web processes and workers of their own, on one PostgreSQL."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.launch.conftest import ROOT
from tests.waiting import wait_until

TOKEN = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def start(postgresql_url: str, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a ``treadle web`` or a ``treadle worker``, and ends those that are left."""
    started: list[subprocess.Popen[bytes]] = []
    variables = {
        "TREADLE_DATABASE_URL": postgresql_url,
        "TREADLE_DATA_DIR": str(tmp_path / "data"),
        "TREADLE_ADMIN_EMAIL": "admin@example.com",
        "TREADLE_ADMIN_PASSWORD": "correct horse",
        "TREADLE_ADMIN_TOKEN": TOKEN,
    }

    def start_one(*words: str) -> subprocess.Popen[bytes]:
        code = "import sys; from treadle.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", code, *words]
        started.append(subprocess.Popen(command, env={**os.environ, **variables}, cwd=ROOT))
        return started[-1]

    yield start_one
    for process in started:
        process.terminate()
        assert process.wait(timeout=60) in (0, -15)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False


def test_a_job_of_one_process_is_done_by_another(start: Callable[..., subprocess.Popen[bytes]]) -> None:
    port = free_port()
    start("web", "--port", str(port))
    headers = {"Authorization": f"Token {TOKEN}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as client:
        wait_until(lambda: answers(client))
        start("worker")
        config = '<View><Text name="t" value="$text"/></View>'
        project = client.post("/api/projects/", json={"title": "Shared", "label_config": config}).json()
        order = client.post(
            f"/api/projects/{project['id']}/import",
            files={"file": ("rows.csv", b"text\none\ntwo\n")},
            headers={"Prefer": "respond-async"},
        )
        assert order.status_code == 202, order.text
        job = wait_until(lambda: find_ended(client, order.json()["job"]), timeout_s=30)
    assert (job["state"], job["result"]["task_count"]) == ("done", 2)


def find_ended(client: httpx.Client, job_id: str) -> dict[str, Any] | None:
    job: dict[str, Any] = client.get(f"/api/jobs/{job_id}").json()
    return job if job["finished_at"] else None
