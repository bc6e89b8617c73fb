"""Requests that promote a model: handed on to MLflow, and written down once it has said yes."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.types import Message, Receive, Scope, Send

from treadle.db import Database, Tx
from treadle.errors import Invalid, Unavailable
from treadle.streams import BodyCut
from treadle.tracking.asked import Asked
from treadle.tracking.process import Tracking
from treadle.tracking.promotions import STAGE, Model, aliases_in, note_move, note_standing, note_version
from treadle.tracking.visitor import Visitor

_LOG = logging.getLogger(__name__)

_REGISTRY = "/2.0/mlflow/"
_WATCHED = frozenset(
    {
        ("POST", "registered-models/alias"),
        ("DELETE", "registered-models/alias"),
        ("DELETE", "registered-models/delete"),
        ("POST", "registered-models/rename"),
        ("POST", "model-versions/create"),
        ("DELETE", "model-versions/delete"),
        ("POST", "model-versions/transition-stage"),
    }
)
_MOST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class _Done:
    """What MLflow said yes to."""

    verb: tuple[str, str]
    fields: dict[str, Any]
    answer: dict[str, Any]


class Promoting:
    """Hands on what changes the registry, one at a time: the lines stand in the order of the changes."""

    def __init__(self, database: Database, tracking: Tracking, threads: Executor) -> None:
        self._database = database
        self._tracking = tracking
        self._threads = threads

    async def hand_on(
        self, scope: Scope, asked: Asked, visitor: Visitor, *, receive: Receive, send: Send
    ) -> None:
        """The exchange with MLflow, and a line of the history before its answer goes out.

        Raises BodyCut, Invalid("body-too-large"), Invalid("body-invalid").
        """
        body = await _read(receive)
        fields = _read_fields(body)
        held = _Held()
        async with self._tracking.registry_turn:
            await self._tracking.hand_on(scope, _replay(body, receive), held.send, visitor, path=asked.path)
            if 200 <= held.status < 300:
                await self._note(_Done(_verb(asked), fields, _fields(held.body) or {}), visitor)
        for message in held.messages:
            await send(message)

    async def _note(self, done: _Done, visitor: Visitor) -> None:
        name = str(done.fields.get("name", ""))
        if visitor.workspace_id is None or not name:
            return
        model = Model(visitor.workspace_id, name, visitor.user_id)
        standing = await self._standing(done, name, visitor)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, self._write, model, done, standing)

    async def _standing(self, done: _Done, name: str, visitor: Visitor) -> dict[str, dict[str, str] | None]:
        """By model, where the aliases stand that MLflow moved with something else."""
        names = [name] if done.verb[1] in ("registered-models/delete", "model-versions/delete") else []
        if done.verb[1] == "registered-models/rename":
            names = [name, str(done.fields.get("new_name") or done.fields.get("newName") or "")]
        return {one: await ask_standing(self._tracking, one, visitor) for one in names if one}

    def _write(self, model: Model, done: _Done, standing: dict[str, dict[str, str] | None]) -> None:
        try:
            with self._database.write() as tx:
                _write_down(tx, model, done)
                for name, aliases in standing.items():
                    if aliases is not None:
                        note_standing(tx, Model(model.workspace_id, name, model.user_id), aliases)
        except (DBAPIError, PoolTimeoutError, Unavailable):
            _LOG.warning("A promotion was not written down: the database did not answer.")


def is_watched(asked: Asked) -> bool:
    """Whether the request may promote a model."""
    return _verb(asked) in _WATCHED


async def ask_standing(tracking: Tracking, name: str, visitor: Visitor) -> dict[str, str] | None:
    """Where MLflow says that the aliases of a model stand; None where it does not say."""
    path = f"/api{_REGISTRY}registered-models/get?name={quote(name, safe='')}"
    reply = await tracking.ask("GET", path, visitor)
    if reply.status == 404:
        return {}
    return aliases_in(reply.body) if reply.status == 200 else None


def _write_down(tx: Tx, model: Model, done: _Done) -> None:
    fields = done.fields
    version = str(fields["version"]) if "version" in fields else None
    if done.verb[1] == "registered-models/alias":
        note_move(tx, model, str(fields.get("alias", "")), version if done.verb[0] == "POST" else None)
    elif done.verb[1] == "model-versions/transition-stage":
        note_move(tx, model, f"{STAGE}{fields.get('stage', '')}", version)
    elif done.verb[1] == "model-versions/delete":
        note_version(tx, model, deleted=version)
    elif done.verb[1] == "model-versions/create":
        made = done.answer.get("model_version")
        note_version(tx, model, made=str(made.get("version", "")) if isinstance(made, dict) else None)


class _Held:
    """An answer that is kept until what it tells was written down."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.status = 0

    @property
    def body(self) -> bytes:
        """All of it."""
        return b"".join(message.get("body", b"") for message in self.messages)

    async def send(self, message: Message) -> None:
        """Keep a message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self.messages.append(message)


def _verb(asked: Asked) -> tuple[str, str]:
    return asked.method, asked.path.partition(_REGISTRY)[2]


async def _read(receive: Receive) -> bytes:
    taken, size_bytes = [], 0
    while size_bytes <= _MOST_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyCut
        taken.append(message.get("body", b""))
        size_bytes += len(taken[-1])
        if not message.get("more_body"):
            return b"".join(taken)
    raise Invalid("body-too-large", f"The body has more than {_MOST_BYTES} bytes.")


def _replay(body: bytes, receive: Receive) -> Receive:
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return left.pop() if left else await receive()

    return receive_again


def _read_fields(body: bytes) -> dict[str, Any]:
    """What is asked. Raises Invalid("body-invalid"): MLflow reads more than JSON, and would leave no line."""
    fields = _fields(body)
    if fields is None:
        raise Invalid("body-invalid", "The body is no JSON object in UTF-8. Send one; nothing was changed.")
    return fields


def _fields(body: bytes) -> dict[str, Any] | None:
    """The fields of a JSON object, which old clients wrap in a text; None of anything else."""
    try:
        found = msgspec.json.decode(body)
        found = msgspec.json.decode(found) if isinstance(found, str) else found
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
