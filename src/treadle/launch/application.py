"""What the web process answers: the pages and the API, and beside them the S3 gateway and MLflow's door."""

from __future__ import annotations

import threading
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from treadle.access.arrivals import arrive, read_trust
from treadle.gateways.s3.asked import MOUNT
from treadle.late import late
from treadle.tracking.mounts import is_tracking_path
from treadle.web.app import create_app
from treadle.web.areas import Areas
from treadle.web.own_roots import OWN_ROOTS
from treadle.web.parts import Parts
from treadle.web.routes import AREAS
from treadle.web.routing import Routes
from treadle.web.watched import DOOR, watched

_MOUNT = MOUNT.encode()

# Most servers hold no repo that is asked for by S3, and nobody tracks with them.
create_gateway = late("treadle.gateways.s3.app:create_gateway")
collect_s3_parts = late("treadle.gateways.s3.visit:S3Parts")
create_door = late("treadle.tracking.door:Door")


def create_application(parts: Parts, routes: Routes | None = None, *, is_local: bool = False) -> ASGIApp:
    """The ASGI application over open ``parts``, which the caller closes.

    routes: others than the server's own.
    """
    trust = read_trust(parts.settings, OWN_ROOTS)
    web = create_app(parts, routes or Areas(AREAS), is_local=is_local)
    gateway = _Late(lambda: _open_gateway(parts))
    door = _Late(lambda: create_door(parts, is_local=is_local))

    def choose(scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return web
        if _is_below_mount(scope["raw_path"]):
            scope[DOOR] = "s3"
            return gateway
        if is_tracking_path(scope["path"]):
            scope[DOOR] = "mlflow"
            return door
        return web

    async def answer_asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_local:
            arrive(scope, trust)
        await choose(scope)(scope, receive, send)

    return watched(answer_asgi, parts.settings, parts.metrics)


def only_s3(application: ASGIApp) -> ASGIApp:
    """The same where every path is one of S3: programs whose endpoint has no path get a port of their own."""

    async def answer_asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            below = {"path": MOUNT + scope["path"], "raw_path": _MOUNT + scope["raw_path"]}
            scope = {**scope, **below}
        await application(scope, receive, send)

    return answer_asgi


class _Late:
    """An application that is made when it is first asked, in a thread: others are answered meanwhile."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._made: ASGIApp | None = None
        self._turn = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        made = await run_in_threadpool(self._once) if self._made is None else self._made
        await made(scope, receive, send)

    def _once(self) -> ASGIApp:
        with self._turn:
            made = self._make() if self._made is None else self._made
            self._made = made
        return made


def _open_gateway(parts: Parts) -> ASGIApp:
    held = collect_s3_parts(parts.settings, parts.database, parts.objects, parts.repos, parts.signing_key)
    gateway: ASGIApp = create_gateway(held)
    return gateway


def _is_below_mount(raw_path: bytes) -> bool:
    return raw_path == _MOUNT or raw_path.startswith(_MOUNT + b"/")
