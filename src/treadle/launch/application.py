"""What the web process answers: the pages and the API, and beside them the S3 gateway and MLflow's door."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from treadle.connectors.referencing import OutsideReader
from treadle.gateways.s3.app import create_gateway
from treadle.gateways.s3.asked import MOUNT
from treadle.gateways.s3.visit import S3Parts
from treadle.tracking.door import Door
from treadle.tracking.route_table import is_tracking_path
from treadle.web.app import create_app
from treadle.web.parts import Parts
from treadle.web.routes import ROUTES
from treadle.web.routing import Route

_MOUNT = MOUNT.encode()


def create_application(
    parts: Parts, routes: tuple[Route, ...] = ROUTES, *, is_local: bool = False
) -> ASGIApp:
    """The ASGI application over open ``parts``, which the caller closes."""
    parts.repos.read_reference = OutsideReader(parts.database, parts.settings)
    web = create_app(parts, routes, is_local=is_local)
    gateway = create_gateway(
        S3Parts(parts.settings, parts.database, parts.objects, parts.repos, parts.signing_key)
    )
    door = Door(parts, is_local=is_local)

    def choose(scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return web
        if _is_below_mount(scope["raw_path"]):
            return gateway
        return door if is_tracking_path(scope["path"]) else web

    async def answer_asgi(scope: Scope, receive: Receive, send: Send) -> None:
        await choose(scope)(scope, receive, send)

    return answer_asgi


def _is_below_mount(raw_path: bytes) -> bool:
    return raw_path == _MOUNT or raw_path.startswith(_MOUNT + b"/")
