"""A server as a person starts it, for the unmodified clients of Label Studio."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from label_studio_sdk._legacy import Client
from label_studio_sdk.client import LabelStudio

from tests.conftest import DATABASES
from tests.launch.conftest import ROOT, Server
from tests.postgresql import PostgresqlServer
from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_TOKEN

_SERVE = [sys.executable, "-c", "import sys; from treadle.cli import main; sys.exit(main())", "serve"]
_ADMINISTRATOR = {
    "TREADLE_ADMIN_EMAIL": ADMIN_EMAIL,
    "TREADLE_ADMIN_PASSWORD": ADMIN_PASSWORD,
    "TREADLE_ADMIN_TOKEN": ADMIN_TOKEN,
    # Webhooks of the tests lead to this machine.
    "TREADLE_OUTBOUND_ALLOW": "127.0.0.1",
}


@pytest.fixture(scope="session", params=DATABASES)
def server_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of ``treadle serve`` with its worker, on each kind of database."""
    folder = tmp_path_factory.mktemp("sdk")
    if request.param == "sqlite":
        yield from _run(folder)
        return
    postgresql: PostgresqlServer = request.getfixturevalue("postgresql")
    with postgresql.fresh_database() as url:
        yield from _run(folder, "--database-url", url)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clients read the environment; the server is on this machine."""
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def label_studio(server_url: str) -> LabelStudio:
    """The client of version 2, with the administrator's legacy token."""
    return LabelStudio(base_url=server_url, api_key=ADMIN_TOKEN)


@pytest.fixture
def legacy(server_url: str) -> Client:
    """The client of version 1, with the administrator's token."""
    return Client(url=server_url, api_key=ADMIN_TOKEN)


def _run(folder: Path, *options: str) -> Iterator[str]:
    command = [*_SERVE, "--port", "0", "--data-dir", str(folder / "data"), *options]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TREADLE_")}
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, env={**inherited, **_ADMINISTRATOR}, cwd=ROOT
        )
    server = Server(process, folder / "data", output)
    try:
        yield server.url
    finally:
        server.end()
