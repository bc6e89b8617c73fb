"""A save sent twice is done once, and a save over somebody else's is a clear conflict."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, delete, insert, select, text

from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.schema import idempotency
from treadle.errors import Conflict

KEPT = timedelta(days=7)

_i = idempotency.c
_FIND = Prepared(
    select(_i.body_sha256, _i.status, _i.response, _i.etag).where(
        _i.user_id == bindparam("user_id"), _i.route == bindparam("route"), _i.key == bindparam("key")
    )
)
# The same save that comes twice at once waits for its own answer. SQLite takes turns anyway.
_TAKE_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_KEEP = Prepared(insert(idempotency))
_FORGET = delete(idempotency).where(_i.created_at < bindparam("before"))


@dataclass(frozen=True)
class SaveKey:
    """Whose save it is, of what, under which ``Idempotency-Key``."""

    user_id: int
    route: str  # method and path
    key: str
    body_sha256: str


@dataclass(frozen=True)
class Answer:
    """What a save was answered."""

    status: int
    response: str
    etag: str | None


def save_key(user_id: int, route: str, key: str, body: bytes) -> SaveKey:
    """The identity of a save with this body."""
    return SaveKey(user_id, route, key, hashlib.sha256(body).hexdigest())


def find_answer(tx: Tx, save: SaveKey) -> Answer | None:
    """What this save was answered before, if it was.

    Raises Conflict("idempotency-key-reused") when the key came with another body.
    """
    if tx.dialect == "postgresql":
        tx.execute(_TAKE_TURN, {"name": f"{save.user_id} {save.route} {save.key}"})
    row = tx.execute(_FIND, {"user_id": save.user_id, "route": save.route, "key": save.key}).first()
    if row is None:
        return None
    if row["body_sha256"] != save.body_sha256:
        raise Conflict(
            "idempotency-key-reused",
            f"Idempotency-Key {save.key!r} was used for another body. Send a new key with a new save.",
        )
    return Answer(row["status"], row["response"], row["etag"])


def keep_answer(tx: Tx, save: SaveKey, answer: Answer) -> None:
    """Remember the answer, in the transaction of the save."""
    tx.execute(
        _KEEP,
        {
            "user_id": save.user_id,
            "route": save.route,
            "key": save.key,
            "body_sha256": save.body_sha256,
            "status": answer.status,
            "response": answer.response,
            "etag": answer.etag,
            "created_at": tx.now,
        },
    )


def forget_old_answers(tx: Tx) -> int:
    """Remove answers older than `KEPT`; how many there were."""
    return tx.execute(_FORGET, {"before": tx.now - KEPT}).rowcount


def etag(version: int) -> str:
    """The ETag of the given version of an object."""
    return f'"{version}"'


def check_version(if_match: str | None, version: int, current: Callable[[], Mapping[str, object]]) -> None:
    """Nothing, when the caller saw the current version or did not ask.

    Raises Conflict("stale") with the current object otherwise.
    """
    if if_match is None or if_match.strip() in ("*", etag(version), f"W/{etag(version)}"):
        return
    raise Conflict(
        "stale",
        "Somebody changed it after you loaded it. Look at the current state, then save again over it.",
        details={"current": current(), "etag": etag(version)},
    )
