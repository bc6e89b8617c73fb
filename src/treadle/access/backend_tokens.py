"""Tokens of model backends: what a backend reads the tasks of its one project by, and writes predictions.

A token is signed, not kept: whoever holds the installation's key makes the same one again on the same day. It
names the backend, and counts as long as that is connected, has not moved, and the person who connected it
still may; it does no more than `BACKEND_PERMISSIONS` in that project, whatever the person may.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.sql.expression import true

from treadle.access.grants import Actor
from treadle.access.identities import Identity
from treadle.db import Tx
from treadle.db.learning_tables import ml_backends
from treadle.db.prepared import Prepared
from treadle.db.schema import users
from treadle.permissions import Permission
from treadle.settings import Secret

#: All that a backend may in its project.
BACKEND_PERMISSIONS = frozenset(
    {
        Permission.PROJECT_READ,
        Permission.TASK_READ,
        Permission.ANNOTATION_READ,
        Permission.EXPORT,
        Permission.PREDICTION_WRITE,
    }
)
BACKEND_PREFIX = "tdlb_"
#: How long one works after the day it was made on: backends are told a new one long before.
LIFE = timedelta(days=90)
RENEWED_AFTER = timedelta(days=7)
_PURPOSE = b"treadle backend token v1"
_EPOCH = date(1970, 1, 1)
_b = ml_backends.c
_HOLDER = Prepared(
    select(
        users.c.id,
        users.c.email,
        users.c.is_admin,
        users.c.is_service,
        _b.project_id,
        _b.token_serial,
    )
    .select_from(ml_backends.join(users, users.c.id == _b.created_by))
    .where(_b.id == bindparam("backend_id"), users.c.is_active.is_(true()))
)


@dataclass(frozen=True)
class _Claims:
    backend_id: int
    serial: int
    last_day: int

    @property
    def expires_at(self) -> datetime:
        day = _EPOCH + timedelta(days=self.last_day + 1)
        return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def sign_backend_token(key: Secret, backend_id: int, serial: int, now: datetime) -> Secret:
    """The token of a backend, the same for `RENEWED_AFTER`; it works for `LIFE` from the first of these days.

    serial: the backend's ``token_serial``; a token of another one does not work.
    """
    day = (now.date() - _EPOCH).days
    first_day = day - day % RENEWED_AFTER.days
    claims = _Claims(backend_id, serial, first_day + LIFE.days)
    return Secret(f"{_text(claims)}_{_signature(key, claims)}")


def identify_by_backend_token(tx: Tx, text: str, key: Secret) -> Identity | None:
    """For whom the backend works that holds this token; None when it is over, or no token of ours."""
    claims = _read(text, key)
    if claims is None or claims.expires_at <= tx.now:
        return None
    row = tx.execute(_HOLDER, {"backend_id": claims.backend_id}).first()
    if row is None or row["token_serial"] != claims.serial:
        return None
    return Identity(_actor(row), None, False, claims.expires_at)


def _actor(row: Mapping[str, Any]) -> Actor:
    return Actor(
        row["id"],
        row["email"],
        is_admin=False,
        is_admin_there=row["is_admin"],
        is_service=row["is_service"],
        token_project_id=row["project_id"],
        token_permissions=BACKEND_PERMISSIONS,
    )


def _read(text: str, key: Secret) -> _Claims | None:
    parts = text.removeprefix(BACKEND_PREFIX).split("_", 3)
    if len(parts) != 4 or not all(part.isascii() and part.isdecimal() for part in parts[:3]):
        return None
    claims = _Claims(*(int(part[:18]) for part in parts[:3]))
    is_ours = hmac.compare_digest(_signature(key, claims).encode(), parts[3].encode())
    return claims if is_ours and text == f"{_text(claims)}_{parts[3]}" else None


def _text(claims: _Claims) -> str:
    return f"{BACKEND_PREFIX}{claims.backend_id}_{claims.serial}_{claims.last_day}"


def _signature(key: Secret, claims: _Claims) -> str:
    own_key = hmac.digest(key.reveal().encode(), _PURPOSE, hashlib.sha256)
    signed = hmac.digest(own_key, _text(claims).encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")
