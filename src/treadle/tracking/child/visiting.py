"""Whom a request comes from, for as long as it is answered."""

from __future__ import annotations

from contextvars import ContextVar
from functools import lru_cache

import msgspec

from treadle.errors import Defect
from treadle.tracking.exchanges import VISITOR_HEADER
from treadle.tracking.names import internal_name
from treadle.tracking.visitor import Visitor

_VISITOR: ContextVar[Visitor | None] = ContextVar("visitor", default=None)


def visitor_in(headers: list[tuple[bytes, bytes]]) -> Visitor:
    """Whom the door let in. Raises Defect for a request that did not pass it."""
    told = next((value for name, value in headers if name == VISITOR_HEADER), None)
    if told is None:
        raise Defect("no-visitor", "A request reached the tracking process that did not pass the door.")
    return _decode(told)


@lru_cache(maxsize=1024)
def _decode(told: bytes) -> Visitor:
    return msgspec.json.decode(told, type=Visitor)


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
