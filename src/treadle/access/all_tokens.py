"""Everybody's tokens and S3 keys, without their secrets, for those who administer the installation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Join,
    Select,
    Table,
    bindparam,
    func,
    literal,
    null,
    select,
    true,
    union_all,
    update,
)

from treadle.access.audit import write_audit
from treadle.access.grants import Grant, TokenScope
from treadle.db import Tx
from treadle.db.key_tables import s3_keys
from treadle.db.schema import tokens, users, workspaces
from treadle.errors import NotFound
from treadle.permissions import Role

S3 = "s3"

_t, _k, _u = tokens.c, s3_keys.c, users.c


@dataclass(frozen=True)
class AnybodysToken:
    """A token or an S3 key that works, and whose it is.

    kind: personal, refresh, legacy or s3.  access_key_id, role: of an S3 key; the role is its most.
    """

    id: int
    kind: str
    name: str
    access_key_id: str | None
    scope: TokenScope
    role: Role | None
    workspace_id: int | None
    workspace: str | None
    owner_id: int
    owner: str
    is_service: bool
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True)
class TokenFilter:
    """Only those of this owner; only those whose name, owner or access key id holds this text."""

    owner_id: int | None = None
    search: str = ""


def _owned(table: Table) -> Join:
    return table.join(users, _u.id == table.c.user_id).outerjoin(
        workspaces, workspaces.c.id == table.c.workspace_id
    )


_FROM_TOKENS, _FROM_KEYS = _owned(tokens), _owned(s3_keys)
_TOKEN_WORKS = (
    _t.revoked_at.is_(None)
    & (_t.expires_at.is_(None) | (_t.expires_at > bindparam("instant")))
    & _u.is_active.is_(true())
)
_KEY_WORKS = _k.revoked_at.is_(None) & _u.is_active.is_(true())
_OWNER = (
    workspaces.c.name.label("workspace"),
    _u.id.label("owner_id"),
    _u.email.label("owner"),
    _u.is_service,
)
_TOKENS: Select[Any] = select(
    _t.id,
    _t.kind,
    _t.name,
    null().label("access_key_id"),
    _t.scope,
    null().label("role"),
    _t.workspace_id,
    *_OWNER,
    _t.created_at,
    _t.expires_at,
    _t.last_used_at,
).select_from(_FROM_TOKENS)
_KEYS: Select[Any] = select(
    _k.id,
    literal(S3).label("kind"),
    _k.name,
    _k.access_key_id,
    literal(TokenScope.ALL.value).label("scope"),
    _k.role,
    _k.workspace_id,
    *_OWNER,
    _k.created_at,
    null().label("expires_at"),
    _k.last_used_at,
).select_from(_FROM_KEYS)
_ONE = select(_t.user_id, _t.name, _t.workspace_id).where(
    _t.id == bindparam("token_id"), _t.revoked_at.is_(None)
)
_REVOKE = update(tokens).where(_t.id == bindparam("token_id")).values(revoked_at=bindparam("instant"))
_ONE_KEY = select(_k.id, _k.user_id, _k.name, _k.workspace_id).where(
    _k.access_key_id == bindparam("access_key_id"), _k.revoked_at.is_(None)
)
_REVOKE_KEY = update(s3_keys).where(_k.id == bindparam("row_id")).values(revoked_at=bindparam("instant"))


def list_all_tokens(
    tx: Tx, _grant: Grant, only: TokenFilter, *, limit: int, offset: int
) -> tuple[int, list[AnybodysToken]]:
    """How many there are, and a page of them, newest first; the grant is an admin's."""
    of_tokens = _TOKEN_WORKS & _meets(only, (_t.name,))
    of_keys = _KEY_WORKS & _meets(only, (_k.name, _k.access_key_id))
    counted = (
        select(func.count()).select_from(_FROM_TOKENS).where(of_tokens),
        select(func.count()).select_from(_FROM_KEYS).where(of_keys),
    )
    total = sum(int(tx.execute(each, {"instant": tx.now}).scalar_one()) for each in counted)
    both = union_all(_TOKENS.where(of_tokens), _KEYS.where(of_keys)).subquery()
    found = select(both).order_by(both.c.created_at.desc(), both.c.kind, both.c.id.desc())
    rows = tx.rows(found.limit(limit).offset(offset), {"instant": tx.now})
    return total, [_to_token(row) for row in rows]


def revoke_any_token(tx: Tx, grant: Grant, token_id: int) -> None:
    """It works no longer, whosever it is. Raises NotFound("token-not-found")."""
    row = tx.execute(_ONE, {"token_id": token_id}).first()
    if row is None:
        raise NotFound("token-not-found", f"There is no token {token_id} that still works.")
    tx.execute(_REVOKE, {"token_id": token_id, "instant": tx.now})
    write_audit(
        tx,
        "token.revoked",
        actor_id=grant.actor.user_id,
        subject=f"token:{token_id}",
        workspace_id=row.workspace_id,
        detail={"name": row.name, "owner": row.user_id},
    )


def revoke_any_key(tx: Tx, grant: Grant, access_key_id: str) -> None:
    """It works no longer, whosever it is, nor do addresses that were signed with it.

    Raises NotFound("s3-key-not-found").
    """
    row = tx.execute(_ONE_KEY, {"access_key_id": access_key_id}).first()
    if row is None:
        raise NotFound("s3-key-not-found", f"There is no S3 key {access_key_id[:40]!r} that still works.")
    tx.execute(_REVOKE_KEY, {"row_id": row.id, "instant": tx.now})
    write_audit(
        tx,
        "s3-key.revoked",
        actor_id=grant.actor.user_id,
        subject=f"s3-key:{row.id}",
        workspace_id=row.workspace_id,
        detail={"name": row.name, "owner": row.user_id, "access_key_id": access_key_id},
    )


def _meets(only: TokenFilter, texts: Sequence[Column[Any]]) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = true()
    if only.owner_id is not None:
        condition &= _u.id == only.owner_id
    text = only.search.strip().lower()
    if text:
        holds = _u.email.contains(text, autoescape=True)
        for column in texts:
            holds |= func.lower(column).contains(text, autoescape=True)
        condition &= holds
    return condition


def _to_token(row: Any) -> AnybodysToken:
    role = Role(row["role"]) if row["role"] else None
    return AnybodysToken(**{**row, "scope": TokenScope(row["scope"]), "role": role})
