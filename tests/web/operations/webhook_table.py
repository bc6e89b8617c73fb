"""Operations on webhooks, for the tests that walk every route."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from tests.web.operations.table import Operation

#: A name that nothing stands behind: it can be written down, and sending there fails.
_NOWHERE = "http://nobody.invalid/hook"


def _op(method: str, path: str, status: int = 200, **more: Any) -> Operation:
    return Operation(method, path, None, status, **more)


_ONE = "/api/webhooks/{webhook}/"
_DELIVERY = f"{_ONE}deliveries/{{delivery}}/"

WEBHOOKS: tuple[Operation, ...] = (
    # Those that one may change.
    _op("GET", "/api/webhooks/", is_personal=True),
    _op("GET", "/api/webhooks/", query={"project": "{project}"}),
    _op("POST", "/api/webhooks/", 201, body={"project": "{project}", "url": _NOWHERE}),
    _op("POST", "/api/webhooks/", 201, body={"workspace": "{workspace}", "url": _NOWHERE}),
    _op("GET", "/api/webhooks/info/"),
    _op("GET", _ONE),
    _op("PUT", _ONE, body={"url": _NOWHERE}),
    _op("PATCH", _ONE, body={"is_active": False}),
    _op("DELETE", _ONE, 204),
    _op("POST", f"{_ONE}secret/"),
    _op("POST", f"{_ONE}test/"),
    _op("POST", f"{_ONE}replay/", 202),
    _op("GET", f"{_ONE}deliveries/"),
    _op("GET", _DELIVERY),
    _op("GET", "/api/webhooks/backends/{backend}/deliveries/"),
    _op("POST", f"{_DELIVERY}replay/", 202),
)


def make_webhook(client: httpx.Client, world: Any) -> int:
    """A webhook of the project."""
    answer = client.post("/api/webhooks/", json={"project": int(world.ids["project"]), "url": _NOWHERE})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def make_delivery(client: httpx.Client, world: Any) -> int:
    """A test that the project's webhook was sent."""
    [hook] = client.get("/api/webhooks/", params={"project": world.ids["project"]}).json()
    answer = client.post(f"/api/webhooks/{hook['id']}/test/")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


WEBHOOK_MAKERS: Mapping[str, Callable[[httpx.Client, Any], int | str]] = {
    "webhook": make_webhook,
    "delivery": make_delivery,
}
