"""Recording and reading events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, insert, select

from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.schema import events

_INSERT = Prepared(insert(events), keys=("at", "kind", "actor_id", "project_id", "subject_id", "payload"))
_AFTER = (
    select(events).where(events.c.id > bindparam("after")).order_by(events.c.id).limit(bindparam("limit"))
)


@dataclass(frozen=True)
class Event:
    """One thing that happened: ``kind`` is ``noun.verb`` in the past, such as ``annotation.created``."""

    id: int
    at: datetime
    kind: str
    actor_id: int | None
    project_id: int | None
    subject_id: int | None
    payload: str


def record(
    tx: Tx,
    kind: str,
    *,
    actor_id: int | None,
    project_id: int | None = None,
    subject_id: int | None = None,
    payload: Mapping[str, object] | None = None,
) -> None:
    """Write down, with the change and in its transaction, that it happened."""
    tx.execute(
        _INSERT,
        {
            "at": tx.now,
            "kind": kind,
            "actor_id": actor_id,
            "project_id": project_id,
            "subject_id": subject_id,
            "payload": msgspec.json.encode(payload or {}).decode(),
        },
    )


def read_events(tx: Tx, after: int, limit: int = 1000) -> list[Event]:
    """The events with an id above ``after``, oldest first, at most ``limit``."""
    return [Event(**row) for row in tx.execute(_AFTER, {"after": after, "limit": limit}).mappings()]
