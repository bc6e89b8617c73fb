"""Around every door: each request has an id, is counted, and is logged where that is wanted."""

from __future__ import annotations

import logging
import time
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from treadle.access.addresses import is_among, parse_proxies
from treadle.access.arrivals import arrival_of
from treadle.asking import begin_request, is_request_id
from treadle.ids import new_uuid
from treadle.settings import Settings
from treadle.web.metrics import Metrics

_LOG = logging.getLogger("treadle.requests")

_HEADER = b"x-request-id"
#: In the scope: which route answers, and which door.
ROUTE, DOOR = "treadle.route", "treadle.door"
#: What follows in a path lets whoever knows it train.
_BEFORE_SECRET = "/api/learning/hooks/"
_LONGEST_PATH = 500
#: Nobody was left to be answered.
_HUNG_UP = 499
_OTHER_METHOD = "OTHER"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def watched(app: ASGIApp, settings: Settings, metrics: Metrics) -> ASGIApp:
    """The application, with its requests named and counted."""
    return _Watched(app, settings, metrics)


def shown_path(path: str) -> str:
    """A path as logs have it: without what is a secret in it."""
    head, secret_follows, _ = path.partition(_BEFORE_SECRET)
    return f"{head}{secret_follows}***/" if secret_follows else path[:_LONGEST_PATH]


class _Watched:
    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app = app
        self._proxies = settings.trusted_proxies
        self._is_logged = settings.log_requests
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._name(scope)
        begin_request(request_id)
        told, status, is_noted = request_id.encode(), _HUNG_UP, False
        began_s = time.perf_counter()
        self._metrics.in_flight += 1

        def note() -> None:
            nonlocal is_noted
            if not is_noted:
                is_noted = True
                self._metrics.in_flight -= 1
                self._note(scope, status, time.perf_counter() - began_s)

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (_HEADER, told)]
            elif not message.get("more_body", False):
                note()  # before whoever asked can ask for the figures
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        finally:
            note()

    def _name(self, scope: Scope) -> str:
        """What the trusted proxy calls the request, or a name of our own."""
        for name, value in scope["headers"]:
            if name == _HEADER:
                said: str = value.decode("latin-1")
                peer = scope.get("client")
                if is_request_id(said) and (peer is None or _is_trusted(peer[0], self._proxies)):
                    return said
        return new_uuid()

    def _note(self, scope: Scope, status: int, duration_s: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else _OTHER_METHOD
        door = scope.get(DOOR, "web")
        route = scope.get(ROUTE, door)
        self._metrics.count(door, route, method, status=status, duration_s=duration_s)
        if self._is_logged:
            _LOG.info(
                "Answered",
                extra={
                    "method": method,
                    "path": shown_path(scope["path"]),
                    "status": status,
                    "duration_ms": round(duration_s * 1000, 1),
                    "client": arrival_of(scope).client or "local",
                },
            )


@lru_cache(maxsize=64)
def _is_trusted(peer: str, proxies: str) -> bool:
    return is_among(peer, parse_proxies(proxies))
