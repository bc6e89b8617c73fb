"""Whom a request comes from, for as long as it is answered."""

from __future__ import annotations

from contextvars import ContextVar

from starlette.types import Scope

from treadle.tracking.exchanges import WORKSPACE_HEADER
from treadle.tracking.names import internal_name
from treadle.tracking.signing import VISITOR_HEADER, read_visitor
from treadle.tracking.visitor import Visitor

_VISITOR: ContextVar[Visitor | None] = ContextVar("visitor", default=None)
_OF_THE_DOOR = frozenset({VISITOR_HEADER, WORKSPACE_HEADER})


def visitor_in(scope: Scope, key: bytes) -> Visitor:
    """Whom the door let in to this request. Raises Forbidden("not-signed") where it did not say so."""
    told = next((value for name, value in scope["headers"] if name == VISITOR_HEADER), b"")
    query = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    return read_visitor(key, told, scope["method"], target)


def for_mlflow(scope: Scope) -> Scope:
    """The request as MLflow is to see it: the workspace is the visitor's, whatever its headers name."""
    headers = [pair for pair in scope["headers"] if pair[0] not in _OF_THE_DOOR]
    workspace = current_workspace()
    if workspace is not None:
        headers.append((WORKSPACE_HEADER, workspace.encode()))
    return {**scope, "headers": headers}


def answer_for(visitor: Visitor) -> None:
    """Let everything that this request's task and threads do be for ``visitor``."""
    _VISITOR.set(visitor)


def current_visitor() -> Visitor | None:
    """Whom the request comes from; None outside of requests."""
    return _VISITOR.get()


def current_workspace() -> str | None:
    """What MLflow calls the workspace that the request is let into; None: into none."""
    visitor = _VISITOR.get()
    return None if visitor is None or visitor.workspace_id is None else internal_name(visitor.workspace_id)
