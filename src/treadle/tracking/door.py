"""The door before MLflow: who asks, which workspace, which permission; then MLflow, or our own answer.

Promises: a route that the table does not know is refused; a refusal starts nothing and changes nothing; what
is not there and what is not theirs are the same; whoever is let in speaks for one workspace, which only the
door names to MLflow.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.types import Message, Receive, Scope, Send

from treadle.access.credentials import SAFE_METHODS
from treadle.access.identities import Identity, touch
from treadle.access.remote_user import RemoteUsers
from treadle.access.wrong_credentials import WrongCredentials
from treadle.db import Database, Tx
from treadle.errors import Forbidden, Invalid, NotFound, TreadleError, Unauthenticated, Unavailable
from treadle.objects import ObjectStore
from treadle.settings import Secret, Settings
from treadle.streams import BodyCut, without_body
from treadle.tracking import own_answers, refusals
from treadle.tracking.artifacts import ArtifactBytes, is_of_artifacts
from treadle.tracking.asked import Asked, check_path, read_asked
from treadle.tracking.entrance import Admission, Entrance, Keys, Turned, list_names
from treadle.tracking.exchanges import MOST_BODY_BYTES, too_large
from treadle.tracking.mounts import UI_MOUNT
from treadle.tracking.notes import Notes
from treadle.tracking.process import Tracking
from treadle.tracking.promoting import Promoting, is_watched
from treadle.tracking.refusal_log import Refusal, RefusalLog
from treadle.tracking.route_table import methods_at
from treadle.tracking.routes import Need
from treadle.tracking.sources import Sources
from treadle.tracking.turns import Turns
from treadle.tracking.visitor import Visitor

_LOG = logging.getLogger(__name__)
Found = TypeVar("Found")

#: Of their own: the way there and back costs less than half of anyio's, which counts for each request.
_THREADS = 16
#: Bodies of one person that MLflow gets, each of which may be 64 MiB and as slow as its sender.
_MOST_BODIES = 32
_TURN_S = 90.0
#: What was found out of who asks holds for a body that comes within so long.
_FRESH_S = 5.0
_JSON = {"content-type": "application/json"}
#: What MLflow answers does nothing in a browser, whatever somebody has put into it.
_HARMLESS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
)
_SAID_BY_US = frozenset(name for name, _ in _HARMLESS)
_BUSY = Unavailable("database-busy", "The database is busy or away. Try again.", details={"retry_after_s": 1})


class DoorParts(Protocol):
    """The open things that the door works with."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def objects(self) -> ObjectStore: ...
    @property
    def tracking(self) -> Tracking: ...
    @property
    def signing_key(self) -> Secret: ...
    @property
    def wrong_credentials(self) -> WrongCredentials: ...
    @property
    def remote_users(self) -> RemoteUsers: ...


@dataclass
class _Reply:
    """Where an answer goes, and whether it has begun."""

    send: Send
    has_begun: bool = False

    async def pass_on(self, message: Message) -> None:
        """Send a message of the answer."""
        self.has_begun = True
        await self.send(message)

    async def pass_on_harmless(self, message: Message) -> None:
        """Send a message of an answer that no browser may run anything of."""
        if message["type"] == "http.response.start":
            kept = (pair for pair in message["headers"] if pair[0] not in _SAID_BY_US)
            message["headers"] = (*kept, *_HARMLESS)
        await self.pass_on(message)

    async def whole(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Send a whole answer."""
        named = {**headers, "content-length": str(len(body))}
        raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in named.items()]
        raw += _HARMLESS
        await self.pass_on({"type": "http.response.start", "status": status, "headers": raw})
        await self.pass_on({"type": "http.response.body", "body": body})


class Door:
    """An ASGI application at the paths of `route_table.is_tracking_path`."""

    def __init__(self, parts: DoorParts, *, is_local: bool = False) -> None:
        """is_local: who asks holds the data folder itself, and is its owner where they show nothing else."""
        self._parts = parts
        self._threads = ThreadPoolExecutor(_THREADS, "door")
        self._entrance = Entrance(
            parts.database,
            Keys(parts.settings, parts.signing_key, parts.wrong_credentials, is_local, parts.remote_users),
        )
        self._notes = Notes(parts.database)
        self._refusals = RefusalLog(self._notes)
        self._bodies = Turns(_MOST_BODIES, _TURN_S, "Very many long bodies of yours are on their way.")
        sources = Sources(parts.settings)
        self._artifacts = ArtifactBytes(parts.objects, sources, parts.settings.max_upload_bytes)
        self._promoting = Promoting(parts.database, parts.tracking)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        reply = _Reply(without_body(send) if scope["method"] == "HEAD" else send)
        asked: Asked | None = None
        try:
            if scope["path"] == UI_MOUNT:
                await reply.whole(307, {"location": f"{UI_MOUNT[1:]}/"}, b"")
                return
            if scope["method"] == "OPTIONS":
                await _tell_methods(scope, reply)
                return
            asked = read_asked(scope)
            await self._answer(asked, scope, receive, reply)
        except Turned as turned:
            if not isinstance(turned.refusal, Invalid):
                self._note(asked, turned.refusal, turned)
            await self._refuse(turned.refusal, reply)
        except TreadleError as error:
            if isinstance(error, (Unauthenticated, Forbidden)):
                self._note(asked, error, None)
            await self._refuse(error, reply)
        except (DBAPIError, PoolTimeoutError) as error:
            _LOG.warning("The database did not answer: %s", error)
            await self._refuse(_BUSY, reply)
        except BodyCut:
            return  # nobody is there to be told

    async def _answer(self, asked: Asked, scope: Scope, receive: Receive, reply: _Reply) -> None:
        need = asked.row.need
        if need is Need.PUBLIC:
            if asked.path not in own_answers.SERVER_INFO:
                raise NotFound("route-unknown", "/health and /version are Treadle's own, without a prefix.")
            await reply.whole(200, _JSON, own_answers.server_info())
        elif need is Need.DENIED:
            identity = await self._in_thread(self._entrance.identify, asked)
            raise Turned(identity, Forbidden("route-denied", asked.row.reason), None)
        elif need is Need.READ and own_answers.is_of_workspaces(asked.path):
            identity = await self._in_thread(self._entrance.identify, asked)
            await self._tell_workspaces(asked, identity, reply)
        else:
            admission = self._entrance.recall(asked)
            if admission is None:
                admission = await self._in_thread(self._entrance.admit, asked)
            self._touch(admission.identity)
            await self._serve(asked, admission, scope, receive=receive, reply=reply)

    async def _serve(
        self, asked: Asked, admission: Admission, scope: Scope, *, receive: Receive, reply: _Reply
    ) -> None:
        """Whoever asks may."""
        visitor = admission.visitor
        if asked.method not in SAFE_METHODS:
            receive = self._asking_again(receive, asked)
        if asked.is_page:
            own_answers.check_pages()
        if own_answers.is_of_workspaces(asked.path):
            await self._tell_workspaces(asked, admission.identity, reply)
        elif visitor.workspace_id is not None and is_of_artifacts(asked.path):
            try:
                await self._artifacts.answer(
                    asked, scope["query_string"], visitor, receive=receive, send=reply.pass_on
                )
            except Forbidden as refusal:
                raise Turned(admission.identity, refusal, visitor.workspace_id) from refusal
        elif is_watched(asked):
            send = reply.pass_on_harmless
            await self._promoting.hand_on(scope, asked, visitor, receive=receive, send=send)
        elif asked.has_small_body:
            await self._hand_on(asked, visitor, scope, receive=receive, reply=reply)
        else:
            async with self._bodies.taken(visitor.user_id):
                await self._hand_on(asked, visitor, scope, receive=receive, reply=reply)

    async def _hand_on(
        self, asked: Asked, visitor: Visitor, scope: Scope, *, receive: Receive, reply: _Reply
    ) -> None:
        """To the tracking process."""
        if asked.method == "HEAD":
            scope = {**scope, "method": "GET"}
        send = reply.pass_on if asked.is_page else reply.pass_on_harmless
        await self._parts.tracking.hand_on(scope, _limited(receive, asked), send, visitor, path=asked.path)

    def _asking_again(self, receive: Receive, asked: Asked) -> Receive:
        """The body as it comes; at the end of one that took its time whoever sends it is to be let in still.

        Raises as `Entrance.admit`, while it is read.
        """
        begun_at_s = time.monotonic()

        async def receive_at_the_door() -> Message:
            message = await receive()
            is_end = message["type"] == "http.request" and not message.get("more_body")
            if is_end and time.monotonic() - begun_at_s > _FRESH_S:
                await self._in_thread(self._entrance.admit, asked)
            return message

        return receive_at_the_door

    async def _tell_workspaces(self, asked: Asked, identity: Identity, reply: _Reply) -> None:
        loop = asyncio.get_running_loop()
        names = await loop.run_in_executor(self._threads, self._names_of, identity)
        body = own_answers.answer_workspaces(asked.method, asked.path, names)
        await reply.whole(200, _JSON, body)

    def _names_of(self, identity: Identity) -> list[tuple[int, str]]:
        with self._parts.database.read() as tx:
            return list_names(tx, identity.actor)

    async def _refuse(self, error: TreadleError, reply: _Reply) -> None:
        if reply.has_begun:  # the connection ends within the answer: the client sees that it is not whole
            raise error
        headers = {**_JSON, **refusals.headers_of(error)}
        await reply.whole(refusals.status_of(error), headers, refusals.body_of(error))

    def _note(self, asked: Asked | None, error: TreadleError, turned: Turned | None) -> None:
        """In the audit log, soon: nobody waits for it."""
        if asked is None:
            return
        refusal = Refusal(
            error,
            asked.method,
            asked.row.path,
            asked.address,
            turned.identity.actor.user_id if turned else None,
            asked.workspace,
            turned.workspace_id if turned else None,
        )
        self._refusals.note(refusal)

    def _touch(self, identity: Identity) -> None:
        if identity.is_stale:
            who = ("touch", identity.actor.user_id, identity.token_id)
            self._notes.add_once(who, partial(_write_touch, identity))

    async def _in_thread(self, look: Callable[[Asked], Found], asked: Asked) -> Found:
        return await asyncio.get_running_loop().run_in_executor(self._threads, look, asked)


def _write_touch(identity: Identity, tx: Tx) -> None:
    touch(tx, identity)


async def _tell_methods(scope: Scope, reply: _Reply) -> None:
    """Which methods there are, for whoever asks; nothing of it is allowed to pages elsewhere."""
    path = check_path(scope["path"])
    inner = path[len(UI_MOUNT) :] if path.startswith(f"{UI_MOUNT}/") else path
    allowed = methods_at(inner)
    if not allowed:
        raise NotFound("route-unknown", "There is nothing at this address.")
    await reply.whole(204, {"allow": ", ".join((*allowed, "OPTIONS"))}, b"")


def _limited(receive: Receive, asked: Asked) -> Receive:
    """The body as it arrives, as long as it is one that MLflow may read whole.

    Raises Invalid("body-too-large"), here or while it is read.
    """
    if (asked.body_bytes or 0) > MOST_BODY_BYTES:
        raise too_large()
    taken_bytes = 0

    async def receive_counted() -> Message:
        nonlocal taken_bytes
        message = await receive()
        taken_bytes += len(message.get("body", b""))
        if taken_bytes > MOST_BODY_BYTES:
            raise too_large()
        return message

    return receive_counted
