"""What is asked of our own reads, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass

from treadle.tracking.visitor import Visitor

JSON_TYPE = "application/json"


@dataclass(frozen=True)
class ReadRequest:
    """One request that came through the door; ``path`` without the server's prefix, ``query`` as sent."""

    method: str
    path: str
    query: str
    body: bytes
    visitor: Visitor


@dataclass(frozen=True)
class ReadAnswer:
    """The whole answer to one."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
