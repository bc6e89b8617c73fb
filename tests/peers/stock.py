"""A stock Label Studio, started for the length of a block with an empty data folder."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.serving import ADMIN_TOKEN

_START_S = 240


@contextmanager
def label_studio(command: str, folder: Path, settings: Mapping[str, str]) -> Iterator[httpx.Client]:
    """A client of its administrator; ``command`` is that of version 1.23.2.

    settings: variables of its environment beside those that keep it quiet.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder.mkdir()
    environment = {
        **os.environ,
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        # It would tell of the repository that it is installed below, and keep that as its own version.
        "GIT_DIR": os.devnull,
        **settings,
    }
    account = ["--username", "admin@example.com", "--password", "admin-pass-1", "--user-token", ADMIN_TOKEN]
    arguments = ["start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port), *account]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [command, *arguments, "--enable-legacy-api-token"], env=environment, stdout=log, stderr=log
        )
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Token {ADMIN_TOKEN}"},
            trust_env=False,
            timeout=60,
        ) as client:
            _wait(client, process)
            yield client
    finally:
        process.terminate()
        process.wait()


def ok(answer: httpx.Response) -> Any:
    """The JSON of a good answer; None for an empty one."""
    assert answer.is_success, (
        f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}"
    )
    return answer.json() if answer.content else None


def _wait(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        if _is_up(client):
            return
        time.sleep(1)
    raise SystemExit("Label Studio did not start.")


def _is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False
