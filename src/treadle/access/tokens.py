"""Tokens of people: Label Studio's legacy and refresh tokens, and our own personal ones.

A personal token may do less than its person: only read, or reach only one workspace. `grants.allow` holds it
to that behind every door.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update

from treadle.access.audit import write_audit
from treadle.access.grants import Actor, TokenScope, WorkspaceScope, allow
from treadle.access.identities import hash_secret
from treadle.access.jwt_settings import read_jwt_settings
from treadle.access.signed_tokens import (
    SignedToken,
    read_refresh_token,
    sign_access_token,
    sign_refresh_token,
)
from treadle.db import Tx
from treadle.db.schema import tokens, workspaces
from treadle.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from treadle.ids import new_legacy_token, new_secret
from treadle.permissions import Permission
from treadle.settings import Secret

PERSONAL_PREFIX = "tdl_"
DEFAULT_NAME = "default"
_SIGNED_PREFIX = "eyJ"  # as every JSON object in base64 begins
_NAME_LENGTH = 100
_MAX_DAYS = 3650


@dataclass(frozen=True)
class Token:
    """What is shown of a personal or refresh token after it was made."""

    id: int
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    scope: TokenScope = TokenScope.ALL
    workspace_id: int | None = None
    #: The name of that workspace.
    workspace: str | None = None


@dataclass(frozen=True)
class NewToken:
    """A personal token to be made; without days it works until it is revoked."""

    name: str
    expires_in_days: int | None = None
    scope: TokenScope = TokenScope.ALL
    #: The only workspace that it reaches; None: all of the person's.
    workspace_id: int | None = None


_COLUMNS = (
    *(tokens.c[name] for name in Token.__dataclass_fields__ if name != "workspace"),
    workspaces.c.name.label("workspace"),
)
_WITH_WORKSPACE = tokens.outerjoin(workspaces, workspaces.c.id == tokens.c.workspace_id)
_THEIRS = (
    (tokens.c.user_id == bindparam("person_id"))
    & tokens.c.revoked_at.is_(None)
    & or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > bindparam("instant"))
)
_LIST = (
    select(*_COLUMNS)
    .select_from(_WITH_WORKSPACE)
    .where(_THEIRS, tokens.c.kind != "legacy")
    .order_by(tokens.c.id.desc())
)
_ONE = select(*_COLUMNS).select_from(_WITH_WORKSPACE).where(tokens.c.id == bindparam("token_id"))
_LEGACY = select(tokens.c.plain).where(_THEIRS, tokens.c.kind == "legacy").order_by(tokens.c.id.desc())
_REFRESH = select(tokens.c.plain).where(_THEIRS, tokens.c.kind == "refresh").order_by(tokens.c.id.desc())
_BY_HASH = select(tokens.c.id, tokens.c.user_id, tokens.c.revoked_at, tokens.c.kind).where(
    tokens.c.token_hash == bindparam("hash")
)
_NAME = select(tokens.c.name).where(tokens.c.id == bindparam("token_id"))
_INSERT = insert(tokens).returning(tokens.c.id)
_REVOKE = (
    update(tokens)
    .where(tokens.c.id == bindparam("token_id"), tokens.c.user_id == bindparam("person_id"))
    .where(tokens.c.revoked_at.is_(None), tokens.c.kind != "legacy")
    .values(revoked_at=bindparam("instant"))
)
_REVOKE_LEGACY = (
    update(tokens)
    .where(tokens.c.user_id == bindparam("person_id"), tokens.c.kind == "legacy")
    .where(tokens.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("instant"))
)


def list_tokens(tx: Tx, actor: Actor) -> list[Token]:
    """The actor's tokens that still work, newest first; the legacy one is not among them."""
    return list_tokens_of(tx, actor.user_id)


def list_tokens_of(tx: Tx, user_id: int) -> list[Token]:
    """Somebody's tokens that still work, newest first, for whoever may look."""
    rows = tx.execute(_LIST, {"person_id": user_id, "instant": tx.now}).mappings()
    return [to_token(row) for row in rows]


def create_token(tx: Tx, actor: Actor, new: NewToken) -> tuple[Token, str]:
    """A named personal token and its text, shown once.

    Raises Invalid("token-invalid"), NotFound("workspace-not-found") for a workspace that the actor does not
    see, Forbidden("tokens-off").
    """
    if new.workspace_id is not None:
        allow(tx, actor, Permission.WORKSPACE_READ, WorkspaceScope(new.workspace_id))
    _check_api_tokens(tx)
    return add_personal_token(tx, actor.user_id, new, by=actor.user_id)


def add_personal_token(tx: Tx, user_id: int, new: NewToken, *, by: int) -> tuple[Token, str]:
    """A personal token of ``user_id``, whose workspace was checked, and its text.

    by: who makes it. Raises Invalid("token-invalid").
    """
    cleaned = new.name.strip()
    if not 1 <= len(cleaned) <= _NAME_LENGTH:
        raise _invalid("name", f"Give the token a name of 1 to {_NAME_LENGTH} characters.")
    if new.expires_in_days is not None and not 1 <= new.expires_in_days <= _MAX_DAYS:
        raise _invalid("expires_in_days", f"Give 1 to {_MAX_DAYS} days, or leave it out.")
    text = PERSONAL_PREFIX + new_secret()
    values = {
        "user_id": user_id,
        "kind": "personal",
        "name": cleaned,
        "token_hash": hash_secret(text),
        "expires_at": tx.now + timedelta(days=new.expires_in_days) if new.expires_in_days else None,
        "scope": new.scope.value,
        "workspace_id": new.workspace_id,
    }
    return _add(tx, values, by=by), text


def revoke_token(tx: Tx, actor: Actor, token_id: int) -> None:
    """It works no longer, nor do access tokens made from it. Raises NotFound("token-not-found")."""
    end_token(tx, token_id, owner_id=actor.user_id, by=actor.user_id)


def end_token(tx: Tx, token_id: int, *, owner_id: int, by: int, workspace_id: int | None = None) -> None:
    """Somebody's token works no longer. Raises NotFound("token-not-found").

    by: who ends it.  workspace_id: in whose log it stands, too.
    """
    values = {"token_id": token_id, "person_id": owner_id, "instant": tx.now}
    if tx.execute(_REVOKE, values).rowcount == 0:
        whose = "yours" if by == owner_id else "theirs"
        raise NotFound("token-not-found", f"There is no token {token_id} of {whose} that still works.")
    detail = {"name": tx.execute(_NAME, {"token_id": token_id}).scalar_one()}
    subject = f"token:{token_id}"
    write_audit(tx, "token.revoked", actor_id=by, subject=subject, workspace_id=workspace_id, detail=detail)


def find_legacy_token(tx: Tx, actor: Actor) -> str | None:
    """The actor's legacy token; None: they have none yet."""
    return tx.execute(_LEGACY, {"person_id": actor.user_id, "instant": tx.now}).scalars().first()


def set_legacy_token(tx: Tx, actor: Actor, text: str | None = None) -> str:
    """A new legacy token in place of the one there was; ``text``, or a random one."""
    chosen = text or new_legacy_token()
    tx.execute(_REVOKE_LEGACY, {"person_id": actor.user_id, "instant": tx.now})
    values = {"user_id": actor.user_id, "kind": "legacy", "name": DEFAULT_NAME}
    _add(tx, {**values, "token_hash": hash_secret(chosen), "plain": chosen}, by=actor.user_id)
    return chosen


def is_known_token(tx: Tx, text: str) -> bool:
    """Was this token ever made here, whether or not it still works?"""
    return tx.execute(_BY_HASH, {"hash": hash_secret(text)}).first() is not None


def is_token_text(tx: Tx, text: str) -> bool:
    """Is this a token, whether or not it works or ever did, and so nobody's password?"""
    is_signed = text.startswith(_SIGNED_PREFIX) and text.count(".") == 2
    return text.startswith(PERSONAL_PREFIX) or is_signed or is_known_token(tx, text)


def list_refresh_tokens(tx: Tx, actor: Actor) -> list[str]:
    """The actor's refresh tokens without their signatures: to recognise, not to use."""
    return list(tx.execute(_REFRESH, {"person_id": actor.user_id, "instant": tx.now}).scalars())


def create_refresh_token(tx: Tx, actor: Actor, key: Secret) -> str:
    """The one refresh token of the actor. Raises Conflict("token-exists"), Forbidden("tokens-off")."""
    _check_api_tokens(tx)
    if list_refresh_tokens(tx, actor):
        raise Conflict(
            "token-exists",
            "You already have a valid token. Revoke it first, or make a named one at /api/tokens.",
        )
    return _add_refresh(tx, actor.user_id, key).text


def refresh(tx: Tx, text: str, key: Secret) -> str:
    """An access token of 300 seconds for a refresh token.

    Raises Unauthenticated("token-invalid", "token-revoked").
    """
    user_id, jti, _ = _open_refresh(tx, text, key)
    return sign_access_token(user_id, jti, key, tx.now).text


def blacklist(tx: Tx, actor: Actor, text: str, key: Secret) -> None:
    """Revoke the actor's own refresh token. Raises NotFound("token-not-found"), Unauthenticated."""
    user_id, _, token_id = _open_refresh(tx, text, key)
    if user_id != actor.user_id:
        raise NotFound("token-not-found", "This is no token of yours.")
    revoke_token(tx, actor, token_id)


def rotate(tx: Tx, actor: Actor, text: str, key: Secret) -> str:
    """A new refresh token in place of the actor's own. Raises as `blacklist`."""
    blacklist(tx, actor, text, key)
    return _add_refresh(tx, actor.user_id, key).text


def _add_refresh(tx: Tx, user_id: int, key: Secret) -> SignedToken:
    signed = sign_refresh_token(user_id, key, tx.now)
    values = {
        "user_id": user_id,
        "kind": "refresh",
        "name": DEFAULT_NAME,
        "token_hash": hash_secret(signed.jti),
        "expires_at": signed.expires_at,
        "plain": signed.without_signature,
    }
    _add(tx, values, by=user_id)
    return signed


def _open_refresh(tx: Tx, text: str, key: Secret) -> tuple[int, str, int]:
    """User, jti and row of a refresh token that works."""
    jti = read_refresh_token(text, key, tx.now)
    row = tx.execute(_BY_HASH, {"hash": hash_secret(jti)}).first() if jti else None
    if jti is None or row is None or row.kind != "refresh":
        raise Unauthenticated("token-invalid", "Token is invalid or expired")
    if row.revoked_at is not None:
        raise Unauthenticated("token-revoked", "Token is blacklisted")
    return row.user_id, jti, row.id


def _add(tx: Tx, values: Mapping[str, object], *, by: int) -> Token:
    token_id = tx.execute(_INSERT, {**values, "created_at": tx.now}).scalar_one()
    token = to_token(tx.execute(_ONE, {"token_id": token_id}).mappings().one())
    write_audit(
        tx,
        "token.created",
        actor_id=by,
        subject=f"token:{token.id}",
        workspace_id=token.workspace_id,
        detail={"kind": values["kind"], "name": token.name, "scope": token.scope.value},
    )
    return token


def to_token(row: Mapping[Any, Any]) -> Token:
    """A row of the columns of a token as what is shown of it."""
    return Token(**{**row, "scope": TokenScope(row["scope"])})


def _check_api_tokens(tx: Tx) -> None:
    if not read_jwt_settings(tx).api_tokens_enabled:
        raise Forbidden("tokens-off", "Personal tokens are switched off here. Ask an organisation admin.")


def _invalid(field: str, text: str) -> Invalid:
    return Invalid("token-invalid", text, fields={field: [text]})
