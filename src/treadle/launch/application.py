"""What the web process answers: the pages and the API, and beside them the S3 gateway."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from treadle.connectors.referencing import OutsideReader
from treadle.gateways.s3.app import create_gateway
from treadle.gateways.s3.asked import MOUNT
from treadle.gateways.s3.visit import S3Parts
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

    async def answer_asgi(scope: Scope, receive: Receive, send: Send) -> None:
        is_s3 = scope["type"] == "http" and _is_below_mount(scope["raw_path"])
        await (gateway if is_s3 else web)(scope, receive, send)

    return answer_asgi


def _is_below_mount(raw_path: bytes) -> bool:
    return raw_path == _MOUNT or raw_path.startswith(_MOUNT + b"/")
