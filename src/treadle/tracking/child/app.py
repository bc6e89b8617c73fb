"""What answers a request that came through the door: our own reads, else MLflow."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO

from starlette.types import Receive, Scope, Send

from treadle.errors import Forbidden, TreadleError, Unavailable
from treadle.objects import open_store
from treadle.settings import Settings
from treadle.tracking.child.environment import leave_out_what_is_for_notebooks, set_environment
from treadle.tracking.child.packed import unpacked
from treadle.tracking.child.visiting import (
    answer_for,
    current_visitor,
    current_workspace,
    for_mlflow,
    visitor_in,
)
from treadle.tracking.child.wsgi import Bridge, Exchange, read_body, whole_body
from treadle.tracking.exchanges import ALIVE, Gone, refusal, refuse
from treadle.tracking.paths import tracking_database_url
from treadle.tracking.reads import ReadAnswer, ReadRequest, Reads

if TYPE_CHECKING:
    from treadle.tracking.child.inside import Inside

logger = logging.getLogger(__name__)

#: Requests that are answered at once; the others wait their turn.
_THREADS = 8
#: Our own reads take milliseconds, and are not to wait behind MLflow's searches.
_READING_THREADS = 4
_OWN = "/treadle/"
_READ_BY_US = ("/mlflow/runs/get", "/mlflow/runs/search")
_AGAIN_AFTER_S = 1
_SHOWN_CHARACTERS = 300
#: What our reads look at is no longer; nobody logs more at once.
_READ_BYTES = 2 * 1024 * 1024
_HERE = ReadAnswer(200, b"{}")
_NOT_FOUND = ReadAnswer(404, b'{"error_code": "ENDPOINT_NOT_FOUND", "message": "There is no such read."}')


class TrackingApplication:
    """The ASGI application of the tracking process."""

    def __init__(self, settings: Settings, key: bytes) -> None:
        """key: by which the door signs whom it lets in."""
        self._settings = settings
        self._key = key
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="tracking")
        self._reading_threads = ThreadPoolExecutor(_READING_THREADS, thread_name_prefix="reading")
        self._reads = Reads(tracking_database_url(settings), settings)
        self._mounting: asyncio.Future[_Mounted] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what cannot be answered now is refused in MLflow's words."""
        try:
            answer_for(visitor_in(scope, self._key))
        except Forbidden as error:
            await _turn_away(send, error)
            return
        try:
            await self._answer(Exchange(scope, receive, send))
        except Gone:
            return
        except TreadleError as error:
            await refuse(send, error, _AGAIN_AFTER_S)

    def close(self) -> None:
        """Give all connections back."""
        self._reads.close()

    async def _answer(self, exchange: Exchange) -> None:
        path = exchange.scope["path"]
        if path == ALIVE:  # without a thread, of which there may be none to be had
            await _send_answer(exchange.send, _HERE)
            return
        if not path.startswith(_OWN) and not path.endswith(_READ_BY_US):
            await self._hand_on(exchange, None)
            return
        body = await read_body(exchange.receive)
        with body:
            answer = await self._read(_read_request(exchange.scope, body))
            if answer is None and path.startswith(_OWN):
                answer = _NOT_FOUND
            if answer is None:
                await self._hand_on(exchange, body)
            else:
                await _send_answer(exchange.send, answer)

    async def _hand_on(self, exchange: Exchange, body: BinaryIO | None) -> None:
        """To MLflow, which is started where it is not there yet."""
        mounted = await self._mounted()
        mounted.inside.limit_rows(current_workspace())
        exchange = replace(exchange, scope=for_mlflow(exchange.scope))
        if body is None and mounted.inside.is_native(exchange.scope["method"], exchange.scope["path"]):
            plain = await unpacked(exchange, self._threads)
            await mounted.inside.fastapi(plain.scope, plain.receive, plain.send)
            return
        with await read_body(exchange.receive) if body is None else nullcontext(body) as content:
            request = _read_request(exchange.scope, content)
            await mounted.bridge.answer(exchange, content, partial(self._reads.after, request))

    async def _read(self, request: ReadRequest) -> ReadAnswer | None:
        if self._reads.is_quick(request):  # the way to a thread and back would be dearer than the answer
            return self._reads.answer(request)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reading_threads, self._reads.answer, request)

    async def _mounted(self) -> _Mounted:
        """MLflow; started once, however many ask, and tried again by who asks after a failure."""
        if self._mounting is None or (self._mounting.done() and self._mounting.exception() is not None):
            loop = asyncio.get_running_loop()
            self._mounting = loop.run_in_executor(None, self._mount)
        await asyncio.wait({self._mounting})
        error = self._mounting.exception()
        if error is None:
            return self._mounting.result()
        raise self._not_started(error) from error

    def _mount(self) -> _Mounted:
        url = tracking_database_url(self._settings)
        set_environment(os.environ, url)
        leave_out_what_is_for_notebooks(sys.modules)
        # The collector would walk what is made here, which stays for good: a tenth of every long request.
        gc.disable()
        try:
            # By name, since it takes MLflow with it, which a request may never need.
            module = import_module("treadle.tracking.child.inside")
            inside: Inside = module.start(self._settings, open_store(self._settings))
        finally:
            gc.freeze()
            gc.enable()
        return _Mounted(inside, Bridge(inside.flask, self._threads))

    def _not_started(self, error: BaseException) -> TreadleError:
        if isinstance(error, TreadleError):
            logger.error("MLflow could not be started: %s", error.message)
            return error
        logger.error("MLflow could not be started", exc_info=error)
        why = f"{type(error).__name__}: {error}".partition("\n")[0][:_SHOWN_CHARACTERS]
        return Unavailable("tracking-not-started", f"MLflow could not be started ({why}). Try again.")


@dataclass(frozen=True)
class _Mounted:
    inside: Inside
    bridge: Bridge


def _read_request(scope: Scope, body: BinaryIO) -> ReadRequest:
    visitor = current_visitor()
    assert visitor is not None
    content = whole_body(body, _READ_BYTES)
    return ReadRequest(
        scope["method"], scope["path"], scope["query_string"].decode("latin-1"), content, visitor
    )


async def _turn_away(send: Send, error: Forbidden) -> None:
    """Whatever follows on the same connection is not what it seems, either: it ends."""
    logger.error("%s Its connection is closed.", error.message)
    status, headers, content = refusal(error, _AGAIN_AFTER_S)
    headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def _send_answer(send: Send, answer: ReadAnswer) -> None:
    headers = [
        (b"content-type", answer.content_type.encode()),
        (b"content-length", b"%d" % len(answer.body)),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
