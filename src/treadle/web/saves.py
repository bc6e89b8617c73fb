"""Saves over HTTP: ``Idempotency-Key`` and ``If-Match`` in, ``ETag`` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from treadle.db import Tx
from treadle.errors import Invalid
from treadle.labeling import saving
from treadle.web.call import Call
from treadle.web.routing import Reply

_LONGEST_KEY = 200


def save_once(call: Call, tx: Tx, save: Callable[[], tuple[Mapping[str, Any], int]], *, status: int) -> Reply:
    """Do ``save`` and answer its object with the ETag of its version, once for each Idempotency-Key.

    ``save`` returns the object as it goes out, and its version. Raises Conflict("idempotency-key-reused").
    """
    key = call.headers.get("idempotency-key")
    if key is None:
        return _answer(_done(save, status))
    if not 0 < len(key) <= _LONGEST_KEY:
        raise Invalid(
            "idempotency-key",
            f"Idempotency-Key has {len(key)} characters; send 1 to {_LONGEST_KEY}.",
            fields={"Idempotency-Key": [f"1 to {_LONGEST_KEY} characters."]},
        )
    route = f"{call.method} {call.path.rstrip('/')}"
    identity = saving.save_key(call.actor.user_id, route, key, call.body)
    known = saving.find_answer(tx, identity)
    if known is None:
        known = _done(save, status)
        saving.keep_answer(tx, identity, known)
    return _answer(known)


def _done(save: Callable[[], tuple[Mapping[str, Any], int]], status: int) -> saving.Answer:
    value, version = save()
    return saving.Answer(status, msgspec.json.encode(value).decode(), saving.etag(version))


def _answer(answer: saving.Answer) -> Reply:
    headers = {"ETag": answer.etag} if answer.etag else {}
    return Reply(answer.status, answer.response.encode(), headers=headers)
