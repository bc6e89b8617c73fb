"""Operations on backends of models, for the tests that walk every route."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import lru_cache
from typing import Any

import httpx

from tests.learning.peers import peer
from tests.web.operations.table import Operation


def _op(method: str, path: str, status: int = 200, **more: Any) -> Operation:
    return Operation(method, path, None, status, **more)


_ONE = "/api/ml/{backend}/"

BACKENDS: tuple[Operation, ...] = (
    _op("GET", "/api/ml/", query={"project": "{project}"}),
    _op("POST", "/api/ml/", 400, body={"project": "{project}", "url": "http://nobody.invalid"}),
    _op("GET", _ONE),
    _op("PATCH", _ONE, body={"title": "renamed"}),
    _op("DELETE", _ONE, 204),
    _op("POST", f"{_ONE}check/"),
    _op("POST", f"{_ONE}train/"),
    _op("POST", f"{_ONE}predict/", 202),
    _op("POST", f"{_ONE}predict/test/", query={"random": "true"}),
    _op("POST", f"{_ONE}interactive-annotating/", body={"task": "{task}"}),
    _op("GET", f"{_ONE}versions/"),
    _op("GET", "/storage-data/uploaded/", query={"filepath": "upload/{project}/{file}"}),
)


#: What goes away with the process alone.
_OPEN = ExitStack()


@lru_cache(maxsize=1)
def _address() -> str:
    """Of one backend of another's, for as long as the tests run."""
    return _OPEN.enter_context(peer()).url


def _connect(client: httpx.Client, world: Any) -> int:
    body = world.fill({"project": "{project}", "url": _address(), "is_interactive": True})
    answer = client.post("/api/ml/", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


BACKEND_MAKERS: Mapping[str, Callable[[httpx.Client, Any], int]] = {"backend": _connect}
