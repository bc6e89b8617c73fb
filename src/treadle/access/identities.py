"""From a credential to the person who holds it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.sql.expression import false, true

from treadle.access.grants import Actor, TokenScope
from treadle.access.jwt_settings import LEGACY_TOKENS_ENABLED
from treadle.access.signed_tokens import read_access_token
from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.schema import installation, sessions, tokens, users
from treadle.settings import Secret

#: How exact "last used" and "last activity" are.
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Identity:
    """A person as a credential showed them."""

    actor: Actor
    #: None: signed in by session or password.
    token_id: int | None
    #: "Last used" is older than a minute: worth a `touch`.
    is_stale: bool
    #: When the credential ends by itself; None: it does not.
    expires_at: datetime | None = None

    @property
    def token_scope(self) -> TokenScope:
        """How much the credential lets through."""
        return self.actor.token_scope

    @property
    def token_workspace_id(self) -> int | None:
        """The only workspace that the credential reaches; None: all of the person's."""
        return self.actor.token_workspace_id


_PERSON = (users.c.id, users.c.email, users.c.is_admin, users.c.is_service, users.c.last_activity_at)
_LEGACY_SWITCH = (
    select(installation.c.value)
    .where(installation.c.key == LEGACY_TOKENS_ENABLED)
    .scalar_subquery()
    .label("legacy")
)
_BY_TOKEN = Prepared(
    select(
        *_PERSON,
        tokens.c.id.label("token_id"),
        tokens.c.kind,
        tokens.c.scope,
        tokens.c.workspace_id,
        tokens.c.expires_at,
        tokens.c.last_used_at,
    )
    .add_columns(_LEGACY_SWITCH)
    .select_from(tokens.join(users, users.c.id == tokens.c.user_id))
    .where(
        tokens.c.token_hash == bindparam("token_hash"),
        tokens.c.revoked_at.is_(None),
        users.c.is_active.is_(true()),
    )
)
_BY_SESSION = Prepared(
    select(*_PERSON, sessions.c.expires_at)
    .select_from(sessions.join(users, users.c.id == sessions.c.user_id))
    .where(
        sessions.c.token_hash == bindparam("token_hash"),
        sessions.c.expires_at > bindparam("now"),
        users.c.is_active.is_(true()),
    )
)
_BY_ID = Prepared(select(*_PERSON).where(users.c.id == bindparam("user_id"), users.c.is_active.is_(true())))
_BY_EMAIL = Prepared(
    select(*_PERSON).where(
        users.c.email == bindparam("email"), users.c.is_active.is_(true()), users.c.is_service.is_(false())
    )
)
_OWNER = Prepared(
    select(*_PERSON)
    .where(users.c.is_admin.is_(true()), users.c.is_active.is_(true()))
    .order_by(users.c.id)
    .limit(1)
)
_TOUCH_TOKEN = (
    update(tokens)
    .where(tokens.c.id == bindparam("token_id"))
    .where((tokens.c.last_used_at.is_(None)) | (tokens.c.last_used_at < bindparam("before")))
    .values(last_used_at=bindparam("now"))
)
_TOUCH_USER = (
    update(users)
    .where(users.c.id == bindparam("user_id"))
    .where((users.c.last_activity_at.is_(None)) | (users.c.last_activity_at < bindparam("before")))
    .values(last_activity_at=bindparam("now"))
)


def hash_secret(text: str) -> str:
    """What is kept of a random secret: enough to know it again, not to use it."""
    return hashlib.sha256(text.encode()).hexdigest()


def identify_by_token(tx: Tx, text: str) -> Identity | None:
    """Who holds a legacy or personal token; None when it is unknown, revoked, expired or switched off."""
    row = tx.execute(_BY_TOKEN, {"token_hash": hash_secret(text)}).first()
    if row is None or row["kind"] == "refresh" or _is_over(row, tx.now):
        return None
    if row["kind"] == "legacy" and row["legacy"] == "false":
        return None
    return _by_token(row, tx.now)


def identify_by_access_token(tx: Tx, text: str, key: Secret) -> Identity | None:
    """Who holds a signed access token; None when it is not ours, over, or its refresh token is revoked."""
    claims = read_access_token(text, key, tx.now)
    if claims is None:
        return None
    row = tx.execute(_BY_TOKEN, {"token_hash": hash_secret(claims.refresh_jti)}).first()
    if row is None or row["id"] != claims.user_id or _is_over(row, tx.now):
        return None
    return replace(_by_token(row, tx.now), expires_at=claims.expires_at)


def identify_by_session(tx: Tx, text: str) -> Identity | None:
    """Who is signed in with this cookie; None when the session is over."""
    return _first(tx, _BY_SESSION, {"token_hash": hash_secret(text), "now": tx.now})


def identify_by_id(tx: Tx, user_id: int) -> Identity | None:
    """The active person ``user_id``, of whom something else has shown that it is they."""
    return _first(tx, _BY_ID, {"user_id": user_id})


def identify_by_email(tx: Tx, email: str) -> Identity | None:
    """The active person with this e-mail address, in lower case, of whom something else has shown that it is
    they; no service account."""
    return _first(tx, _BY_EMAIL, {"email": email})


def identify_owner(tx: Tx) -> Identity | None:
    """The first administrator that is left, for who holds the data folder; None before there is one."""
    return _first(tx, _OWNER, {})


def touch(tx: Tx, identity: Identity) -> None:
    """Note that the person and the token were here, unless that was noted within the last minute."""
    times = {"before": tx.now - TOUCH_EVERY, "now": tx.now}
    tx.execute(_TOUCH_USER, {"user_id": identity.actor.user_id, **times})
    if identity.token_id is not None:
        tx.execute(_TOUCH_TOKEN, {"token_id": identity.token_id, **times})


def _first(tx: Tx, statement: Prepared, parameters: Mapping[str, object]) -> Identity | None:
    row = tx.execute(statement, parameters).first()
    if row is None:
        return None
    actor = Actor(row["id"], row["email"], row["is_admin"], is_service=row["is_service"])
    return Identity(actor, None, _is_stale(row["last_activity_at"], tx.now), row.get("expires_at"))


def _by_token(row: Mapping[Any, Any], now: datetime) -> Identity:
    is_admin, there = row["is_admin"], row["workspace_id"]
    actor = Actor(
        row["id"],
        row["email"],
        is_admin and there is None,
        TokenScope(row["scope"]),
        there,
        is_admin and there is not None,
        row["is_service"],
    )
    return Identity(actor, row["token_id"], _is_stale(row["last_used_at"], now), row["expires_at"])


def _is_stale(last_used_at: datetime | None, now: datetime) -> bool:
    return last_used_at is None or last_used_at < now - TOUCH_EVERY


def _is_over(row: Mapping[Any, Any], now: datetime) -> bool:
    return row["expires_at"] is not None and row["expires_at"] <= now
