"""The gateway as an ASGI application, below `MOUNT`: from a request to its operation in one hop, and back.

One read transaction tells who asks and which bucket; the operation opens its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from treadle.access.audit import write_audit
from treadle.access.s3_keys import KeyHolder, touch_key
from treadle.errors import Forbidden, TreadleError
from treadle.gateways.s3 import xml
from treadle.gateways.s3.asked import Asked, read_request
from treadle.gateways.s3.buckets import find_workspace_id_of
from treadle.gateways.s3.entrance import Entrance
from treadle.gateways.s3.errors import S3Error, to_s3_error
from treadle.gateways.s3.operations import find_operation
from treadle.gateways.s3.signatures import read_claim
from treadle.gateways.s3.visit import XML, Answer, S3Parts, Visit
from treadle.ids import new_uuid

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_LOG = logging.getLogger(__name__)

#: What is taken of a body before the hop to a thread; most objects are smaller.
_FIRST_BYTES = 1024 * 1024
#: What is fetched of a larger one, and sent of an object, with each hop.
_PIECE_BYTES = 1024 * 1024
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
# What no header holds.
_CONTROLS = dict.fromkeys((*range(32), 127), " ")
_PREFLIGHT = {
    "access-control-allow-methods": "GET, HEAD, PUT, POST, DELETE",
    "access-control-allow-headers": "*",
    "access-control-max-age": "3600",
}


class BodyCut(Exception):
    """The client went away within the body."""


def create_gateway(parts: S3Parts) -> ASGIApp:
    """The application over open ``parts``, which the caller closes; its paths begin with `MOUNT`."""
    return _Gateway(parts).answer_asgi


class _Gateway:
    def __init__(self, parts: S3Parts) -> None:
        self._parts = parts
        self._entrance = Entrance(parts)
        self._threads = ThreadPoolExecutor(_THREADS, "s3")
        self._slow_threads = ThreadPoolExecutor(_SLOW_THREADS, "s3-slow")

    async def answer_asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request_id = new_uuid().replace("-", "").upper()[:16]
        if scope["method"] == "OPTIONS":
            await self._send(Answer(200, _PREFLIGHT), request_id, receive, send, is_head=False)
            return
        body = _Body(receive)
        try:
            is_whole = await body.take_first() if scope["method"] in _BODY_METHODS else True
        except BodyCut:
            return  # nobody is there to be told
        threads = self._threads if is_whole else self._slow_threads
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(threads, self._answer, scope, body, request_id)
        await self._send(answer, request_id, receive, send, is_head=scope["method"] == "HEAD")

    def _answer(self, scope: Scope, body: _Body, request_id: str) -> Answer:
        """In a thread. The request boundary: whatever happens, the client gets S3's words."""
        resource = scope["path"]
        try:
            asked = read_request(scope["method"], scope["raw_path"], scope["query_string"], scope["headers"])
            return self._operate(asked, body)
        except S3Error as error:
            return _refuse(error, resource, request_id)
        except TreadleError as error:
            return _refuse(to_s3_error(error), resource, request_id)
        except BodyCut:
            cut = S3Error("IncompleteBody", "The connection ended within the body. Nothing was stored.")
            return _refuse(cut, resource, request_id)
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

    def _operate(self, asked: Asked, body: _Body) -> Answer:
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
        return operation.answer(visit)

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
        if length is None and isinstance(body, bytes):
            length = 0 if is_head else len(body)
        headers = {**_ALWAYS, "x-amz-request-id": request_id, **answer.headers}
        if answer.status not in (204, 304):
            headers["content-length"] = str(length)
        raw = [(name.lower().encode(), _header_value(value)) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        if isinstance(body, bytes) or is_head:
            await send({"type": "http.response.body", "body": b"" if is_head else body})
            return
        gone = asyncio.ensure_future(_wait_until_gone(receive))
        try:
            loop = asyncio.get_running_loop()
            while not gone.done() and (piece := await loop.run_in_executor(self._threads, _next_piece, body)):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()


class _Body:
    """A body as it arrives: its beginning is taken before the hop to a thread, the rest from there."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._first: list[bytes] = []
        self._is_over = True

    async def take_first(self) -> bool:
        """Take the beginning; is that all of it?"""
        self._is_over = False
        self._first = await self._take(_FIRST_BYTES)
        return self._is_over

    def pieces(self) -> Iterator[bytes]:
        """All of it; in a thread. Raises BodyCut."""
        yield from self._first
        self._first = []
        while not self._is_over:
            taken = asyncio.run_coroutine_threadsafe(self._take(_PIECE_BYTES), self._loop)
            try:
                yield b"".join(taken.result())
            except CancelledError as error:  # the server ends
                raise BodyCut from error

    async def _take(self, most_bytes: int) -> list[bytes]:
        taken, size_bytes = [], 0
        while size_bytes < most_bytes and not self._is_over:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._is_over = True
                raise BodyCut
            if message.get("body"):
                taken.append(message["body"])
                size_bytes += len(message["body"])
            self._is_over = not message.get("more_body", False)
        return taken


def _refuse(error: S3Error, resource: str, request_id: str) -> Answer:
    if error.code == "NotModified":
        return Answer(304, error.more)
    document = xml.error_document(error, resource=resource, request_id=request_id)
    return Answer(error.status, {"Content-Type": XML}, document)


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _next_piece(chunks: Iterator[bytes]) -> bytes:
    """The next chunk as it is where it is large, else several as one; b"" at the end."""
    taken, size_bytes = [], 0
    for chunk in chunks:
        taken.append(chunk)
        size_bytes += len(chunk)
        if size_bytes >= _PIECE_BYTES:
            break
    return taken[0] if len(taken) == 1 else b"".join(taken)


def _header_value(value: str) -> bytes:
    plain = value.translate(_CONTROLS)
    try:
        return plain.encode("latin-1")  # what most clients read headers as
    except UnicodeEncodeError:
        return plain.encode("utf-8", "surrogatepass")
