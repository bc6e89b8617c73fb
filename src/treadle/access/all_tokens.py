"""The tokens of everybody, without their secrets, for those who administer the installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select, true, update

from treadle.access.audit import write_audit
from treadle.access.grants import Grant, TokenScope
from treadle.db import Tx
from treadle.db.schema import tokens, users, workspaces
from treadle.errors import NotFound

_t, _u = tokens.c, users.c


@dataclass(frozen=True)
class AnybodysToken:
    """A token that works, and whose it is."""

    id: int
    kind: str
    name: str
    scope: TokenScope
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
    """Only those of this owner; only those whose name or owner holds this text."""

    owner_id: int | None = None
    search: str = ""


_WORKS = (
    _t.revoked_at.is_(None)
    & (_t.expires_at.is_(None) | (_t.expires_at > bindparam("instant")))
    & _u.is_active.is_(true())
)
_FROM = tokens.join(users, _u.id == _t.user_id).outerjoin(workspaces, workspaces.c.id == _t.workspace_id)
_ALL: Select[Any] = (
    select(
        _t.id,
        _t.kind,
        _t.name,
        _t.scope,
        _t.workspace_id,
        workspaces.c.name.label("workspace"),
        _u.id.label("owner_id"),
        _u.email.label("owner"),
        _u.is_service,
        _t.created_at,
        _t.expires_at,
        _t.last_used_at,
    )
    .select_from(_FROM)
    .where(_WORKS)
)
_ONE = select(_t.user_id, _t.name, _t.workspace_id).where(
    _t.id == bindparam("token_id"), _t.revoked_at.is_(None)
)
_REVOKE = update(tokens).where(_t.id == bindparam("token_id")).values(revoked_at=bindparam("instant"))


def list_all_tokens(
    tx: Tx, _grant: Grant, only: TokenFilter, *, limit: int, offset: int
) -> tuple[int, list[AnybodysToken]]:
    """How many there are, and a page of them, newest first; the grant is an admin's."""
    condition = _meets(only)
    counted = select(func.count()).select_from(_FROM).where(_WORKS, condition)
    found = _ALL.where(condition).order_by(_t.id.desc()).limit(limit).offset(offset)
    rows = tx.rows(found, {"instant": tx.now})
    total = int(tx.execute(counted, {"instant": tx.now}).scalar_one())
    return total, [AnybodysToken(**{**row, "scope": TokenScope(row["scope"])}) for row in rows]


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


def _meets(only: TokenFilter) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = true()
    if only.owner_id is not None:
        condition &= _u.id == only.owner_id
    text = only.search.strip().lower()
    if text:
        in_name = func.lower(_t.name).contains(text, autoescape=True)
        condition &= in_name | _u.email.contains(text, autoescape=True)
    return condition
