"""A server, its worker and a street of ways to it, once for each process of tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.doctor.road import open_road
from tests.serving import RunningServer
from tests.waiting import wait_until
from tests.working import serve_with_worker
from treadle.jobs.liveness import note_alive


@dataclass(frozen=True)
class Town:
    """server: behind an nginx that listens on ``port`` with the certificate of that file."""

    server: RunningServer
    port: int
    certificate: Path

    def address(self, prefix: str) -> str:
        return f"https://127.0.0.1:{self.port}{prefix}"


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    with ExitStack() as running:
        patched = running.enter_context(pytest.MonkeyPatch.context())
        patched.setenv("SSL_CERT_FILE", str(folder / "cert.pem"))
        server = running.enter_context(serve_with_worker("", folder / "server", trusted_proxies="127.0.0.1"))
        note_alive(server.parts.settings.data_dir)
        port = running.enter_context(open_road(folder, server.url))
        built = Town(server, port, folder / "cert.pem")
        wait_until(lambda: _answers(built))
        with server.client() as client:  # what it imports for this, it imports now
            client.get("/api/admin/doctor/arrival/")
        yield built


def _answers(town: Town) -> bool:
    try:
        return httpx.get(f"{town.address('/team/label')}/health", verify=False, trust_env=False).is_success
    except httpx.TransportError:
        return False
