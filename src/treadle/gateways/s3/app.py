"""The gateway as an ASGI application, below `MOUNT`: from a request to its operation in one hop, and back.

One read transaction tells who asks and which bucket; the operation opens its own.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from treadle.access.arrivals import arrival_of
from treadle.access.audit import write_audit
from treadle.access.s3_keys import KeyHolder, touch_key
from treadle.asking import current_request_id
from treadle.errors import Forbidden, TreadleError
from treadle.gateways.s3 import xml
from treadle.gateways.s3.asked import Asked, read_request
from treadle.gateways.s3.at_once import AtOnce
from treadle.gateways.s3.buckets import find_workspace_id_of
from treadle.gateways.s3.entrance import Entrance
from treadle.gateways.s3.errors import S3Error, to_s3_error
from treadle.gateways.s3.operations import find_operation
from treadle.gateways.s3.signatures import read_claim
from treadle.gateways.s3.visit import XML, Answer, S3Parts, Visit
from treadle.ids import new_uuid
from treadle.streams import Body, BodyCut, send_pieces

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_LOG = logging.getLogger(__name__)

#: Threads of its own: the way there and back costs less than half of anyio's, which counts for each request.
_THREADS = 24
#: Those that may wait for slow clients.
_SLOW_THREADS = 64
_BODY_METHODS = frozenset({"PUT", "POST"})

# What was uploaded can do nothing in a browser; and pages elsewhere may show it, by signed addresses.
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Content-Range, Content-Length, Last-Modified, x-amz-request-id",
}
#: What a browser says it wants to run, whatever kind of content it is.
_TO_RUN = frozenset(
    (b"script", b"worker", b"sharedworker", b"serviceworker", b"audioworklet", b"paintworklet")
)
_NO_SCRIPT = S3Error("AccessDenied", "Objects are no scripts of this server's pages. Serve them elsewhere.")
# What no header holds.
_CONTROLS = dict.fromkeys((*range(32), 127), " ")
_PREFLIGHT = {
    "access-control-allow-methods": "GET, HEAD, PUT, POST, DELETE",
    "access-control-allow-headers": "*",
    "access-control-max-age": "3600",
}


def create_gateway(parts: S3Parts) -> ASGIApp:
    """The application over open ``parts``, which the caller closes; its paths begin with `MOUNT`."""
    return _Gateway(parts).answer_asgi


class _Gateway:
    def __init__(self, parts: S3Parts) -> None:
        self._parts = parts
        self._entrance = Entrance(parts)
        self._at_once = AtOnce(parts, self._entrance)
        self._threads = ThreadPoolExecutor(_THREADS, "s3")
        self._slow_threads = ThreadPoolExecutor(_SLOW_THREADS, "s3-slow")

    async def answer_asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request_id = current_request_id() or new_uuid()
        if _is_to_run(scope):
            answer = _refuse(_NO_SCRIPT, scope["path"], request_id)
            await self._send(answer, request_id, receive, send, is_head=scope["method"] == "HEAD")
            return
        if scope["method"] == "OPTIONS":
            await self._send(Answer(200, _PREFLIGHT), request_id, receive, send, is_head=False)
            return
        if scope["method"] == "GET" and (ready := self._find_ready(scope)):
            await self._send(ready, request_id, receive, send, is_head=False)
            return
        body = Body(receive)
        try:
            is_whole = await body.take_first() if scope["method"] in _BODY_METHODS else True
        except BodyCut:
            return  # nobody is there to be told
        threads = self._threads if is_whole else self._slow_threads
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(threads, self._answer, scope, body, request_id)
        await self._send(answer, request_id, receive, send, is_head=scope["method"] == "HEAD")

    def _find_ready(self, scope: Scope) -> Answer | None:
        try:
            return self._at_once.answer(_read(scope))
        except S3Error:
            return None

    def _answer(self, scope: Scope, body: Body, request_id: str) -> Answer:
        """In a thread. The request boundary: whatever happens, the client gets S3's words."""
        resource = scope["path"]
        try:
            return self._operate(_read(scope), body)
        except S3Error as error:
            return _refuse(error, resource, request_id)
        except TreadleError as error:
            return _refuse(to_s3_error(error), resource, request_id)
        except BodyCut:
            cut = S3Error("IncompleteBody", "The connection ended within the body. Nothing was stored.")
            return _refuse(cut, resource, request_id)
        except DataError:
            unfit = S3Error("InvalidArgument", "A number or a text of the request is none that is kept here.")
            return _refuse(unfit, resource, request_id)
        except IntegrityError:
            overtaken = S3Error("OperationAborted", "Somebody made the same at the same moment. Try again.")
            return _refuse(overtaken, resource, request_id)
        except (DBAPIError, PoolTimeoutError) as error:
            _LOG.warning("The database did not answer: %s", error, extra={"request_id": request_id})
            return _refuse(S3Error("SlowDown", "The database is busy. Try again."), resource, request_id)
        except Exception:  # noqa: BLE001 - the request boundary: the client gets an answer
            _LOG.exception("An S3 request failed by a fault of ours.", extra={"request_id": request_id})
            fault = S3Error("InternalError", "Something failed here that should not. The log has it.")
            return _refuse(fault, resource, request_id)

    def _operate(self, asked: Asked, body: Body) -> Answer:
        operation = find_operation(asked)
        now = datetime.now(timezone.utc)
        claim = read_claim(asked, now)
        admitted = self._entrance.admit(asked, claim, operation)
        holder, refusal = admitted.holder, admitted.refusal
        if holder.is_stale or refusal:
            self._note(asked, holder, refusal)
        if refusal:
            raise refusal
        visit = Visit(
            self._parts, asked, holder, admitted.signed, body.pieces(), admitted.bucket, admitted.version
        )
        answer = operation.answer(visit)
        if visit.settled:
            self._at_once.note(visit)
        return answer

    def _note(self, asked: Asked, holder: KeyHolder, refusal: Forbidden | None) -> None:
        """When the key was used last, and what its holder was refused."""
        try:
            with self._parts.database.write() as tx:
                touch_key(tx, holder)
                if refusal:
                    detail = {"code": refusal.code, "method": asked.method, "bucket": asked.bucket[:200]}
                    write_audit(
                        tx,
                        "access.refused",
                        actor_id=holder.actor.user_id,
                        subject=refusal.message,
                        workspace_id=find_workspace_id_of(tx, holder, asked.bucket),
                        detail=detail,
                    )
        except (DBAPIError, PoolTimeoutError):
            _LOG.info("When an access key was last used was not noted: the database was busy.")

    async def _send(
        self, answer: Answer, request_id: str, receive: Receive, send: Send, *, is_head: bool
    ) -> None:
        body = answer.body
        length = answer.length
        if length is None and isinstance(body, (bytes, bytearray)):
            length = 0 if is_head else len(body)
        headers = {**_ALWAYS, "x-amz-request-id": request_id, **answer.headers}
        if answer.status not in (204, 304):
            headers["content-length"] = str(length)
        raw = [(name.lower().encode(), _header_value(value)) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        if isinstance(body, (bytes, bytearray)) or is_head:
            await send({"type": "http.response.body", "body": b"" if is_head else body})
            return
        await send_pieces(body, receive, send, self._threads)


def _is_to_run(scope: Scope) -> bool:
    return any(name == b"sec-fetch-dest" and value in _TO_RUN for name, value in scope["headers"])


def _read(scope: Scope) -> Asked:
    prefix, query = arrival_of(scope).prefix, scope["query_string"]
    return read_request(scope["method"], scope["raw_path"], query, scope["headers"], prefix=prefix)


def _refuse(error: S3Error, resource: str, request_id: str) -> Answer:
    if error.code == "NotModified":
        return Answer(304, error.more)
    document = xml.error_document(error, resource=resource, request_id=request_id)
    return Answer(error.status, {"Content-Type": XML}, document)


def _header_value(value: str) -> bytes:
    plain = value.translate(_CONTROLS)
    try:
        return plain.encode("latin-1")  # what most clients read headers as
    except UnicodeEncodeError:
        return plain.encode("utf-8", "surrogatepass")
