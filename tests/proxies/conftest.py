"""The street of proxies, once for each process of tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from tests.proxies.street import BASE_PATHS, Servers, Street, open_street
from tests.serving import RunningServer, serve
from tests.working import serve_with_worker
from treadle.db import connect_url

Serving = Callable[..., AbstractContextManager[RunningServer]]


@pytest.fixture(scope="package")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """Three servers behind their proxies."""
    folder = tmp_path_factory.mktemp("street")
    with ExitStack() as running:

        def start(serving: Serving, name: str, **settings: str) -> RunningServer:
            address = connect_url(folder / f"{name}.sqlite3")
            return running.enter_context(serving(address, folder / name, **settings))

        servers = Servers(
            open=start(serve_with_worker, "open", base_path=BASE_PATHS),
            beside=start(serve, "beside"),
            strict=start(serve, "strict", trusted_proxies="192.0.2.1"),
        )
        yield running.enter_context(open_street(folder, servers))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of the machine's own settings reaches a client."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path
