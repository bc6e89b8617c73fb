"""The application: from a request to its route, one hop to a thread, and back as bytes."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from treadle.access.audit import workspace_of, write_audit
from treadle.asking import current_request_id
from treadle.errors import Conflict, Defect, Forbidden, Invalid, TreadleError, Unavailable
from treadle.ids import new_uuid
from treadle.permissions import Permission
from treadle.web.authentication import SAFE_METHODS
from treadle.web.bodies import MAX_BODY_BYTES, read_whole
from treadle.web.call import Call
from treadle.web.errors import error_body, error_headers, status_of
from treadle.web.pages import answer_page
from treadle.web.parts import Parts
from treadle.web.routing import OWN_ACCOUNT, PUBLIC, AnyReply, Found, Handler, Reply, Route, Routes
from treadle.web.watched import ROUTE, shown_path

_LOG = logging.getLogger(__name__)

#: A body that is read whole, before it is parsed. Uploads are streams, with limits of their own.

_PAGE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob: https: http:; media-src 'self' data: blob: https: http:; "
    "font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self'"
)
# An uploaded page or drawing that is opened by itself can do nothing.
_CONTENT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
)
#: Kinds of content that a browser would run where a page names them as a script.
_RUNNABLE = re.compile(r"(?i)(java|ecma|j|live)script")
_SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}


def create_app(parts: Parts, routes: Routes, *, is_local: bool = False) -> ASGIApp:
    """The ASGI application over open ``parts``, which the caller closes.

    is_local: who asks holds the data folder itself, and is its owner where they show nothing else.
    """
    door = _Door(parts, routes, is_local)
    return Router(redirect_slashes=False, default=door.answer_asgi, lifespan=_lifespan)


@asynccontextmanager
async def _lifespan(_app: object) -> AsyncIterator[None]:
    yield


class _Door:
    """Takes each request to its route."""

    def __init__(self, parts: Parts, routes: Routes, is_local: bool) -> None:
        self._parts = parts
        self._routes = routes
        self._is_local = is_local

    async def answer_asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        request = Request(scope, receive)
        request_id = current_request_id() or new_uuid()
        reply, call = await self._answer(request, request_id)
        await _to_response(reply, request)(scope, receive, send)
        if call is not None and call.touch_is_due:
            await run_in_threadpool(_touch, call)

    async def _answer(self, request: Request, request_id: str) -> tuple[AnyReply, Call | None]:
        call: Call | None = None
        try:
            found = await self._find(request.scope["path"])
            if found is None:
                return await run_in_threadpool(answer_page, request, self._parts), None
            route = _choose(request.method, found)
            request.scope[ROUTE] = route.path
            call = self._to_call(request, request_id, route, found)
            reply = await self._run(route, call)
            if self._is_local and request.method not in SAFE_METHODS:
                await run_in_threadpool(_audit_local, call)
            return reply, call
        except TreadleError as error:
            await self._note(error, request_id, call)
            return _error_reply(error, request_id), call
        except (OperationalError, PoolTimeoutError) as error:
            _LOG.warning("The database did not answer: %s", error, extra={"request_id": request_id})
            return _error_reply(_BUSY, request_id), call
        except DataError as error:
            _LOG.info("The database cannot hold it: %s", error.orig, extra=_where(request, request_id))
            return _error_reply(_UNFIT, request_id), call
        except IntegrityError as error:
            _LOG.info("A write met another: %s", error.orig, extra=_where(request, request_id))
            return _error_reply(_OVERTAKEN, request_id), call
        except ClientDisconnect:
            return Reply(499), call
        except Exception:  # noqa: BLE001 - the request boundary: whatever it is, the client gets an answer
            _LOG.exception("A request failed by a fault of ours.", extra=_where(request, request_id))
            return _error_reply(_FAULT, request_id), call

    async def _find(self, path: str) -> Found | None:
        """path: as it was meant, a name may hold a question mark."""
        if not self._routes.is_ready(path):
            await run_in_threadpool(self._routes.prepare, path)
        return self._routes.find(path)

    def _to_call(self, request: Request, request_id: str, route: Route, found: Found) -> Call:
        if "\0" in request.scope["path"] or "%00" in request.url.query:
            raise Invalid(
                "address-nul", "The address holds the character NUL, which nothing here has in its name."
            )
        return Call(
            request,
            self._parts,
            dict(zip(route.parameters, found.values, strict=True)),
            request_id=request_id,
            permission=route.access if isinstance(route.access, Permission) else None,
            is_public=route.access is PUBLIC,
            is_local=self._is_local,
            is_own_account=route.access is OWN_ACCOUNT,
            is_reading=route.only_reads or route.method in SAFE_METHODS,
        )

    async def _run(self, route: Route, call: Call) -> AnyReply:
        if route.stream:
            reply = await cast(Awaitable[AnyReply], route.handler(call))
            call.check_was_guarded()
            return reply
        call.body = await read_whole(call.chunks(), MAX_BODY_BYTES)
        return await run_in_threadpool(_run_guarded, cast(Handler, route.handler), call)

    async def _note(self, error: TreadleError, request_id: str, call: Call | None) -> None:
        """A person's refusal goes to the audit log, by itself; a defect to the server's log.

        A stranger's does not: they could fill it.
        """
        if isinstance(error, Forbidden) and call is not None and call.identity is not None:
            await run_in_threadpool(_audit_refusal, call, call.identity.actor.user_id, error)
        if isinstance(error, Defect):
            extra = _where(call.request, request_id) if call else {"request_id": request_id}
            _LOG.error("A defect: %s", error.message, exc_info=error, extra=extra)


_BUSY = Unavailable("database-busy", "The database is busy or away. Try again.", details={"retry_after_s": 1})
# Two at once: both looked before either wrote, and the database let one through.
_OVERTAKEN = Conflict(
    "overtaken",
    "Somebody changed or made the same at the same moment. Look at what is there, then try again.",
)
# A number beyond its column, of which each database has its own kinds.
_UNFIT = Invalid("value-unfit", "A number or a text of the request is larger than anything here. Correct it.")
_FAULT = Defect(
    "server-error", "Something failed here that should not. The server's log has it under this id."
)


def _run_guarded(handler: Callable[[Call], AnyReply], call: Call) -> AnyReply:
    reply = handler(call)
    call.check_was_guarded()
    return reply


def _choose(method: str, found: Found) -> Route:
    route = found.routes.get(method) or (found.routes.get("GET") if method == "HEAD" else None)
    if route is None:
        allowed = ", ".join(sorted(found.routes))
        details = {"allowed": allowed}
        raise Invalid("method-not-allowed", f'Method "{method}" not allowed.', details=details)
    return route


def _audit_refusal(call: Call, actor_id: int, error: Forbidden) -> None:
    with call.parts.database.write() as tx:
        detail = {"code": error.code, "method": call.method, "path": shown_path(call.path)}
        place = workspace_of(tx, call.asked_for) if call.asked_for else None
        if place is None and call.identity is not None:
            place = call.identity.token_workspace_id
        write_audit(
            tx,
            "access.refused",
            actor_id=actor_id,
            subject=error.message,
            workspace_id=place,
            detail=detail,
        )


def _audit_local(call: Call) -> None:
    """Whoever can open the data folder did this, in the owner's name and without a token of theirs."""
    if call.identity is None:
        return
    detail, actor_id = {"method": call.method, "path": shown_path(call.path)}, call.identity.actor.user_id
    try:
        with call.parts.database.write() as tx:
            place = workspace_of(tx, call.asked_for) if call.asked_for else None
            write_audit(tx, "local", actor_id=actor_id, subject="command", workspace_id=place, detail=detail)
    except (OperationalError, PoolTimeoutError):  # it is done, and to be told so
        _LOG.warning("A local command was not noted in the audit log: the database was busy.", extra=detail)


def _touch(call: Call) -> None:
    try:
        call.touch()
    except (OperationalError, PoolTimeoutError):
        _LOG.info("When a token was last used was not noted: the database was busy.")


def _error_reply(error: TreadleError, request_id: str) -> Reply:
    return Reply(status_of(error), error_body(error, request_id), headers=error_headers(error))


def _where(request: Request, request_id: str) -> dict[str, str]:
    return {"request_id": request_id, "method": request.method, "path": shown_path(request.url.path)}


def _to_response(reply: AnyReply, request: Request) -> Response:
    response: Response
    if isinstance(reply, Reply):
        response = Response(reply.body, reply.status, media_type=reply.content_type or None)
        for cookie in reply.cookies:
            response.headers.append("set-cookie", cookie)
    elif request.method == "HEAD":
        response = Response(b"", reply.status, media_type=_harmless(reply.content_type))
        del response.headers["content-length"]
    else:
        response = StreamingResponse(reply.chunks, reply.status, media_type=_harmless(reply.content_type))
    response.headers.update(_SECURITY_HEADERS)
    # Only whole answers are pages of ours: a stream is what somebody uploaded, whatever it calls itself.
    is_page = isinstance(reply, Reply) and reply.content_type.startswith("text/html")
    response.headers["Content-Security-Policy"] = _PAGE_POLICY if is_page else _CONTENT_POLICY
    response.headers.update(reply.headers)
    return response


def _harmless(content_type: str) -> str:
    """The kind of what somebody uploaded: a script is a text, and no page can be made to run it."""
    return "text/plain" if _RUNNABLE.search(content_type) else content_type
