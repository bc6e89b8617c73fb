"""Routes as values: an explicit tuple of them, and the tree that finds one by its path."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

import msgspec

from treadle.errors import Defect
from treadle.permissions import Permission
from treadle.web.call import Call

JSON = "application/json"


class Open(Enum):
    """What a route asks for that is not a permission."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"
    #: About the account itself: not by a token that only reads or is held to one workspace.
    OWN_ACCOUNT = "own-account"


PUBLIC = Open.PUBLIC
SIGNED_IN = Open.SIGNED_IN
OWN_ACCOUNT = Open.OWN_ACCOUNT

Access = Permission | Open


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Values of Set-Cookie.
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True)
class StreamReply:
    """An answer that is sent while it is read; a plain iterator runs in threads."""

    chunks: Iterator[bytes] | AsyncIterator[bytes]
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


AnyReply = Reply | StreamReply
Handler = Callable[[Call], AnyReply]
StreamHandler = Callable[[Call], Awaitable[AnyReply]]


@dataclass(frozen=True)
class Route:
    """One operation: how it is asked for, who may, and what goes in and out."""

    method: str
    #: With a slash at the end where Label Studio has one; both forms answer. ``{id}`` is one
    #: segment, ``{path...}`` at the end is the rest.
    path: str
    handler: Handler | StreamHandler
    #: A handler of a route with a permission asks for it by `Call.allow` or `Call.allow_anywhere`.
    access: Access
    summary: str
    request: Any = None
    response: Any = None
    status: int = 200
    #: The handler is ``async`` and reads the body by `Call.chunks`.
    stream: bool = False
    #: Changes nothing, though it is no GET: a token that only reads may ask it.
    only_reads: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in the path, in order."""
        return tuple(part.strip("{}.") for part in split_path(self.path) if part.startswith("{"))


@dataclass
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    rest: _Node | None = None
    routes: dict[str, Route] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What answers at a path: its routes by method, and the texts of the path's parameters."""

    routes: Mapping[str, Route]
    values: tuple[str, ...]


class Routes(Protocol):
    """What finds the routes of a path."""

    def is_ready(self, path: str) -> bool:
        """Whether `find` may be asked for ``path``."""

    def prepare(self, path: str) -> None:
        """Get ready for ``path``, in a thread: it takes its time."""

    def find(self, path: str) -> Found | None:
        """What answers at ``path``; None: nothing."""


class RouteTree:
    """Finds the routes of a path in one walk over its segments, a literal before a parameter."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def is_ready(self, _path: str) -> bool:
        """Always."""
        return True

    def prepare(self, path: str) -> None:
        """There is nothing to do."""

    def find(self, path: str) -> Found | None:
        """What answers at ``path``, with or without the slash at the end; None: nothing."""
        return _find(self._root, split_path(path), 0, ())

    def _add(self, route: Route) -> None:
        node = self._root
        for part in split_path(route.path):
            node = _descend(node, part)
        if route.method in node.routes:
            raise Defect("route-twice", f"{route.method} {route.path} is declared twice.")
        node.routes[route.method] = route


def json_reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """``value`` as JSON; aware instants as Label Studio writes them."""
    return Reply(status, msgspec.json.encode(value), headers=headers or {})


def raw_json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Bytes that are JSON already."""
    return Reply(status, body, headers=headers or {})


def empty(status: int = 204) -> Reply:
    """No body at all."""
    return Reply(status, b"", content_type="")


def deleted(deletion_id: int) -> Reply:
    """No body, and by which deletion what was deleted can be restored."""
    return Reply(204, b"", content_type="", headers={"Treadle-Deletion": str(deletion_id)})


def split_path(path: str) -> list[str]:
    """The segments of a path, with or without the slash at the end."""
    return path.strip("/").split("/")


def _descend(node: _Node, part: str) -> _Node:
    if not part.startswith("{"):
        return node.literals.setdefault(part, _Node())
    if part.endswith("...}"):
        node.rest = node.rest or _Node()
        return node.rest
    node.parameter = node.parameter or _Node()
    return node.parameter


def _find(node: _Node, parts: list[str], at: int, values: tuple[str, ...]) -> Found | None:
    if at == len(parts):
        return Found(node.routes, values) if node.routes else None
    literal = node.literals.get(parts[at])
    found = _find(literal, parts, at + 1, values) if literal else None
    if found is None and node.parameter is not None and parts[at]:
        found = _find(node.parameter, parts, at + 1, (*values, parts[at]))
    if found is None and node.rest is not None:
        found = Found(node.rest.routes, (*values, "/".join(parts[at:])))
    return found
