"""What the door tells of a visitor, signed: a request that did not pass it speaks for nobody.

The signature holds for one method and one address. Where one request ends and the next begins is thus not all
that stands between a body and somebody's rights: a head that is taken out of its place says nothing.
"""

from __future__ import annotations

import hmac
import json
from functools import lru_cache
from hashlib import blake2b

import msgspec

from treadle.errors import Forbidden
from treadle.tracking.visitor import Visitor

VISITOR_HEADER = b"x-treadle-visitor"
KEY_BYTES = 32
_MEMBERSHIPS = b"/mlflow/workspaces"


def tell_visitor(key: bytes, visitor: Visitor, method: str, target: bytes) -> bytes:
    """The header's value. target: path and query as they stand in the request's first line."""
    # Of all the names only MLflow's list of workspaces makes use, and they may be a thousand.
    shown = visitor.workspaces if _MEMBERSHIPS in target else ()
    told = _encoded(visitor.user_id, visitor.email, visitor.workspace_id, visitor.level, shown)
    return _signature(key, method, target, told) + b" " + told


def read_visitor(key: bytes, value: bytes, method: str, target: bytes) -> Visitor:
    """Whom the door let in. Raises Forbidden("not-signed") for what it did not say of this very request."""
    signature, _, told = value.partition(b" ")
    if not hmac.compare_digest(signature, _signature(key, method, target, told)):
        raise Forbidden("not-signed", "A request reached the tracking process that did not pass the door.")
    return _decoded(told)


def _signature(key: bytes, method: str, target: bytes, told: bytes) -> bytes:
    # None of the first two holds a line's end, so that no other request reads the same.
    # BLAKE2 with a key is a MAC by itself, and takes a tenth of the time of HMAC for so few bytes (RFC 7693).
    signed = b"%b\n%b\n%b" % (method.encode(), target, told)
    return blake2b(signed, key=key, digest_size=KEY_BYTES).hexdigest().encode()


@lru_cache(maxsize=4096)
def _encoded(
    user_id: int, email: str, workspace_id: int | None, level: str, workspaces: tuple[tuple[int, str], ...]
) -> bytes:
    told = {
        "user_id": user_id,
        "email": email,
        "workspace_id": workspace_id,
        "level": level,
        "workspaces": workspaces,
    }
    return json.dumps(told).encode()


@lru_cache(maxsize=1024)
def _decoded(told: bytes) -> Visitor:
    return msgspec.json.decode(told, type=Visitor)
