"""Which request is being answered, for whoever writes to the log meanwhile."""

from __future__ import annotations

import re
from contextvars import ContextVar

#: What proxies and clients give requests as their name.
_NAME = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """The id of the request that this thread or task answers; empty: of none."""
    return _current.get()


def begin_request(request_id: str) -> None:
    """From here on this task, and the threads that it asks, answer that request."""
    _current.set(request_id)


def is_request_id(text: str) -> bool:
    """Whether a proxy's id can stand in a log and an answer as it is."""
    return _NAME.fullmatch(text) is not None
