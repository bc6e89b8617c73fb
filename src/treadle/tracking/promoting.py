"""Requests that promote a model: handed on to MLflow, and written down once it has said yes."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.types import Message, Receive, Scope, Send

from treadle.db import Database, Tx
from treadle.errors import Invalid, Unavailable
from treadle.streams import STALL_S, BodyCut, Patience, stalled
from treadle.tracking.asked import Asked
from treadle.tracking.process import Tracking
from treadle.tracking.promotions import (
    Model,
    aliases_in,
    note_move,
    note_stage,
    note_standing,
    note_version,
)
from treadle.tracking.visitor import Visitor

_LOG = logging.getLogger(__name__)

_REGISTRY = "/2.0/mlflow/"
_STAGED = "model-versions/transition-stage"
_WATCHED = frozenset(
    {
        ("POST", "registered-models/alias"),
        ("DELETE", "registered-models/alias"),
        ("DELETE", "registered-models/delete"),
        ("POST", "registered-models/rename"),
        ("POST", "model-versions/create"),
        ("DELETE", "model-versions/delete"),
        ("POST", _STAGED),
    }
)
_MOST_BYTES = 1024 * 1024
#: Lines wait for the database's writers; whoever is let in meanwhile does not wait for them.
_THREADS = 4
_ARCHIVED = "Archived"
#: Into these one version may come in the place of others, which are archived.
_ACTIVE = frozenset({"Staging", "Production"})
_MOST_ARCHIVED = 1_000


@dataclass(frozen=True)
class _Done:
    """What MLflow said yes to, and what else it has changed with it."""

    verb: tuple[str, str]
    fields: dict[str, Any]
    #: The version that it has made, or moved to a stage, as MLflow tells of it.
    version: dict[str, Any]
    #: By model, where the aliases stand that it moved with something else.
    standing: dict[str, dict[str, str] | None]
    archived: tuple[str, ...]


class Promoting:
    """Hands on what changes the registry, one at a time for a model: lines stand in the order of changes."""

    def __init__(self, database: Database, tracking: Tracking) -> None:
        self._database = database
        self._tracking = tracking
        self._threads = ThreadPoolExecutor(_THREADS, "promotions")

    async def hand_on(
        self, scope: Scope, asked: Asked, visitor: Visitor, *, receive: Receive, send: Send
    ) -> None:
        """The exchange with MLflow, and a line of the history before its answer goes out.

        Raises BodyCut, Invalid("body-too-large", "body-invalid", "body-stalled"),
        Unavailable("turn-not-come").
        """
        body = await _read_soon(receive)
        fields = _read_fields(body)
        held = _Held()
        models = [(visitor.workspace_id, name) for name in _names_in(fields)]
        async with self._tracking.model_turns.taken(*models):
            await self._tracking.hand_on(scope, _replay(body, receive), held.send, visitor, path=asked.path)
            if 200 <= held.status < 300:
                await self._note(_verb(asked), fields, _fields(held.body) or {}, visitor)
        for message in held.messages:
            await send(message)

    async def _note(
        self, verb: tuple[str, str], fields: dict[str, Any], answer: dict[str, Any], visitor: Visitor
    ) -> None:
        name = str(fields.get("name", ""))
        if visitor.workspace_id is None or not name:
            return
        told = answer.get("model_version")
        version = told if isinstance(told, dict) else {}
        standing = {one: await ask_standing(self._tracking, one, visitor) for one in _moved(verb, fields)}
        archived = await self._archived(name, version, visitor) if verb[1] == _STAGED else ()
        done = _Done(verb, fields, version, standing, archived)
        model = Model(visitor.workspace_id, name, visitor.user_id)
        await asyncio.get_running_loop().run_in_executor(self._threads, self._write, model, done)

    async def _archived(self, name: str, moved: dict[str, Any], visitor: Visitor) -> tuple[str, ...]:
        """The versions that made way for the one that came into a stage: MLflow changes all at one moment."""
        quote_mark = "'" if "'" not in name else '"'
        if moved.get("current_stage") not in _ACTIVE or quote_mark in name:
            return ()
        asked = {
            "filter": f"name={quote_mark}{name}{quote_mark}",
            "max_results": _MOST_ARCHIVED,
            "order_by": "last_updated_timestamp DESC",
        }
        path = f"/api{_REGISTRY}model-versions/search?{urlencode(asked)}"
        reply = await self._tracking.ask("GET", path, visitor)
        found = (_fields(reply.body) or {}).get("model_versions") if reply.status == 200 else None
        at = str(moved.get("last_updated_timestamp"))
        return tuple(
            str(one.get("version"))
            for one in found or ()
            if one.get("current_stage") == _ARCHIVED and str(one.get("last_updated_timestamp")) == at
        )

    def _write(self, model: Model, done: _Done) -> None:
        try:
            with self._database.write() as tx:
                _write_down(tx, model, done)
                for name, aliases in done.standing.items():
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


def _names_in(fields: dict[str, Any]) -> list[str]:
    """The models that a request is about: one, or two where it is renamed."""
    found = (fields.get("name"), fields.get("new_name"), fields.get("newName"))
    return [str(name) for name in found if name]


def _moved(verb: tuple[str, str], fields: dict[str, Any]) -> list[str]:
    """The models whose aliases may stand elsewhere now, though the request does not name them."""
    if verb[1] == "registered-models/rename":
        return _names_in(fields)
    return [str(fields["name"])] if verb[1] in ("registered-models/delete", "model-versions/delete") else []


def _write_down(tx: Tx, model: Model, done: _Done) -> None:
    fields = done.fields
    version = _plain(fields["version"]) if "version" in fields else None
    if done.verb[1] == "registered-models/alias":
        note_move(tx, model, str(fields.get("alias", "")), version if done.verb[0] == "POST" else None)
    elif done.verb[1] == _STAGED:
        for archived in sorted(done.archived, key=int):
            note_stage(tx, model, archived, _ARCHIVED)
        note_stage(tx, model, str(done.version.get("version")), str(done.version.get("current_stage")))
    elif done.verb[1] == "model-versions/delete":
        note_version(tx, model, deleted=version)
    elif done.verb[1] == "model-versions/create":
        note_version(tx, model, made=str(done.version.get("version", "")))


def _plain(version: object) -> str:
    """A version as MLflow tells it, which takes "007" for 7."""
    text = str(version)
    try:
        return str(int(text))
    except ValueError:
        return text


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


async def _read_soon(receive: Receive) -> bytes:
    try:
        # All of it: whoever is let in now may not be any more when the last byte comes.
        with Patience(STALL_S):
            return await _read(receive)
    except asyncio.TimeoutError as error:
        raise stalled() from error


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
