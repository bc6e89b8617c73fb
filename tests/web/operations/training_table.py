"""Operations on trainings, for the tests that walk every route."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from tests.waiting import wait_until
from tests.web.operations.ml_table import BACKEND_MAKERS
from tests.web.operations.table import Operation


def _op(method: str, path: str, status: int = 200, **more: Any) -> Operation:
    return Operation(method, path, None, status, **more)


_ALL = "/api/learning/trainings/"
_ONE = f"{_ALL}{{training}}/"
_WISH = {"project": "{project}", "backend": "{backend}"}

TRAININGS: tuple[Operation, ...] = (
    _op("POST", f"{_ALL}gate/", body=_WISH),
    # One task alone is too few, and nobody says why it should do.
    _op("POST", _ALL, 409, body=_WISH),
    _op("GET", _ALL, query={"project": "{project}"}),
    _op("GET", _ONE),
    _op("GET", f"{_ONE}figures/"),
    _op("GET", f"{_ONE}log/"),
    # It is over.
    _op("POST", f"{_ONE}cancel/", 409),
)


def _train(client: httpx.Client, world: Any) -> int:
    backend = world.ids.get("backend") or BACKEND_MAKERS["backend"](client, world)
    body = {"project": world.fill("{project}"), "backend": int(backend), "override": "To have one."}
    answer = client.post(_ALL, json=body)
    assert answer.status_code == 201, answer.text
    training_id = int(answer.json()["id"])
    wait_until(lambda: client.get(f"{_ALL}{training_id}/").json()["ended_at"])
    return training_id


TRAINING_MAKERS: Mapping[str, Callable[[httpx.Client, Any], int]] = {"training": _train}
