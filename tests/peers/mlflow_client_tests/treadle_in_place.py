"""Loaded by pytest beside MLflow's own tests: each server that they start is Treadle's address instead.

Every test gets a workspace of its own, which is a server without anything, and a token that is held to it.
Without an address the tests run as they are; in both cases the outcomes are written down. The file is loaded
by its bare name, since the package around MLflow's tests has the same name as ours.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import mlflow  # before the tests, so that it is the installed one
import pytest
import requests

_URL = os.environ.get("PEER_URL", "")
_OWNER_TOKEN = os.environ.get("PEER_TOKEN", "")
_OUTCOMES = Path(os.environ["PEER_OUTCOMES"])
_TOKEN = "MLFLOW_TRACKING_TOKEN"
_SHOWN_CHARACTERS = 200
#: They wait half a minute for MLflow's command, which a busy machine may take longer to start.
_PATIENCE_S = 300

_numbers = count(1)
_send = requests.Session.request
_outcomes: dict[str, dict[str, Any]] = {}
_asked = 0


class _ServerInPlace:
    """Used as their context manager around a server."""

    def __init__(self, *_given: object, **_named: object) -> None:
        """Which application and port they want is not looked at."""

    def __enter__(self) -> str:
        open_workspace()
        mlflow.set_tracking_uri(_URL)
        return _URL

    def __exit__(self, *_error: object) -> None:
        os.environ.pop(_TOKEN, None)


def open_workspace() -> None:
    """A new workspace with an experiment called as the one that MLflow makes; later requests go there."""
    os.environ.pop(_TOKEN, None)
    name = f"peer-{os.getpid()}-{next(_numbers)}"
    workspace = _ask("POST", "/api/workspaces", {"name": name})["id"]
    held = _ask("POST", "/api/tokens", {"name": name, "workspace": workspace})["token"]
    os.environ[_TOKEN] = held
    _ask("POST", "/api/2.0/mlflow/experiments/create", {"name": "Default"}, held)


def _ask(method: str, path: str, body: dict[str, Any], token: str = _OWNER_TOKEN) -> Any:
    answer = _send(
        requests.Session(), method, _URL + path, json=body, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.ok, (method, path, answer.text)
    return answer.json()


@contextmanager
def _started(*_given: object, **_named: object) -> Iterator[str]:
    with _ServerInPlace() as url:
        yield url


@contextmanager
def _launched(*_given: object, **_named: object) -> Iterator[None]:
    with _ServerInPlace():
        yield


def _with_token(session: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
    """Their plain requests know of no token; and what is asked of the address is counted."""
    global _asked
    if str(url).startswith(_URL):
        _asked += 1
        if token := os.environ.get(_TOKEN):
            more["headers"] = {"Authorization": f"Bearer {token}", **(more.get("headers") or {})}
    return _send(session, method, url, **more)


def pytest_configure() -> None:
    """Take the place of their servers, before their tests are imported; or be patient with them."""
    starting = import_module("tests.tracking.integration_test_utils")
    if not _URL:
        patient = partial(starting._await_server_up_or_die, timeout=_PATIENCE_S)
        starting._await_server_up_or_die = patient  # type: ignore[attr-defined]
        return
    requests.Session.request = _with_token  # type: ignore[method-assign, assignment]
    starting.ServerThread, starting._init_server = _ServerInPlace, _started  # type: ignore[attr-defined]


def pytest_collection_modifyitems() -> None:
    """The tests of artifacts start their server by a function of their own."""
    artifacts = sys.modules.get("tests.tracking.test_mlflow_artifacts")
    if _URL and artifacts is not None:
        port: Callable[[], int] = lambda: int(_URL.rsplit(":", 1)[1])  # noqa: E731
        artifacts._launch_server, artifacts.get_safe_port = _launched, port  # type: ignore[attr-defined]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run those that are coroutines, for which they have another plugin."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """How often a test asked the address: never, where it looks at something else."""
    before = _asked
    try:
        return (yield)
    finally:
        _outcomes.setdefault(item.nodeid, {"outcome": "failed", "why": ""})["asked"] = _asked - before


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """The first of set-up, call and clean-up that did not pass says how it went."""
    known = _outcomes.setdefault(report.nodeid, {"outcome": "passed", "why": ""})
    if known["outcome"] == "passed" and report.outcome != "passed":
        known.update(outcome=report.outcome, why=_why(report))


def _why(report: pytest.TestReport) -> str:
    if report.skipped and hasattr(report, "wasxfail"):
        return f"expected to fail: {report.wasxfail}"
    crash = getattr(report.longrepr, "reprcrash", None)
    said = crash.message if crash is not None else str(report.longrepr)
    return " ".join(said.split())[:_SHOWN_CHARACTERS]


def pytest_sessionfinish() -> None:
    """Write all outcomes down."""
    _OUTCOMES.write_text(json.dumps(_outcomes, indent=1) + "\n", "utf-8")
