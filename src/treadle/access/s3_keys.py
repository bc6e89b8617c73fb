"""Access keys of the S3 gateway: each belongs to a person, and may be held to one workspace and a role.

A signature is checked with the secret itself, so the secret is kept, sealed; it is shown once.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.sql.expression import true

from treadle.access.audit import write_audit
from treadle.access.grants import (
    Actor,
    Grant,
    Scope,
    WorkspaceScope,
    allow,
    allow_anywhere,
)
from treadle.access.identities import TOUCH_EVERY
from treadle.access.jwt_settings import read_jwt_settings
from treadle.access.sealing import seal, unseal
from treadle.db import Tx
from treadle.db.key_tables import s3_keys
from treadle.db.prepared import Prepared
from treadle.db.schema import users, workspaces
from treadle.errors import Forbidden, Invalid, NotFound
from treadle.permissions import ROLE_ORDER, ROLE_PERMISSIONS, Permission, Role
from treadle.settings import Secret

_NAME_LENGTH = 100
_ID_PREFIX = "TDL"
_ID_LETTERS = string.ascii_uppercase + string.digits
_ID_LENGTH = 17
_SECRET_BYTES = 30  # 40 characters, as S3's own have


@dataclass(frozen=True)
class S3Key:
    """What is shown of a key after it was made; ``role`` None: all that the person may."""

    id: int
    name: str
    access_key_id: str
    workspace_id: int | None
    workspace: str | None
    role: Role | None
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True)
class KeyHolder:
    """Who stands behind an access key, as of this request, and how far the key reaches."""

    key_id: int
    actor: Actor
    workspace_id: int | None
    role: Role | None
    sealed_secret: str
    #: "Last used" is older than a minute: worth a `touch_key`.
    is_stale: bool

    def reveal_secret(self, key: Secret) -> str:
        """What the holder signs with. Raises Unavailable("sealed-elsewhere")."""
        return unseal(key, self.sealed_secret).reveal()


_k = s3_keys.c
_MINE = (_k.user_id == bindparam("person_id")) & _k.revoked_at.is_(None)
_LIST = (
    select(
        _k.id,
        _k.name,
        _k.access_key_id,
        _k.workspace_id,
        workspaces.c.name.label("workspace"),
        _k.role,
        _k.created_at,
        _k.last_used_at,
    )
    .select_from(s3_keys.outerjoin(workspaces, workspaces.c.id == _k.workspace_id))
    .where(_MINE)
    .order_by(_k.id.desc())
)
_REVOKE = (
    update(s3_keys)
    .where(_MINE, _k.id == bindparam("row_id"))
    .values(revoked_at=bindparam("instant"))
    .returning(_k.name, _k.access_key_id, _k.workspace_id)
)
_HOLDER = Prepared(
    select(
        _k.id.label("key_id"),
        _k.workspace_id,
        _k.role,
        _k.sealed_secret,
        _k.last_used_at,
        users.c.id,
        users.c.email,
        users.c.is_admin,
    )
    .select_from(s3_keys.join(users, users.c.id == _k.user_id))
    .where(
        _k.access_key_id == bindparam("access_key_id"),
        _k.revoked_at.is_(None),
        users.c.is_active.is_(true()),
    )
)
_TOUCH = (
    update(s3_keys)
    .where(_k.id == bindparam("row_id"))
    .where(or_(_k.last_used_at.is_(None), _k.last_used_at < bindparam("before")))
    .values(last_used_at=bindparam("instant"))
)


def list_keys(tx: Tx, actor: Actor) -> list[S3Key]:
    """The actor's keys that work, newest first."""
    return [_to_key(row) for row in tx.rows(_LIST, {"person_id": actor.user_id})]


def create_key(
    tx: Tx, actor: Actor, key: Secret, *, name: str, workspace_id: int | None = None, role: Role | None = None
) -> tuple[S3Key, Secret]:
    """A new access key and its secret, which is shown once.

    key: the installation's.  workspace_id: the only workspace that it reaches.  role: the most that it
    may, whatever the person may.
    Raises Invalid("s3-key-name"), NotFound("workspace-not-found"), Forbidden("tokens-off").
    """
    if not read_jwt_settings(tx).api_tokens_enabled:
        raise Forbidden(
            "tokens-off", "Personal tokens and keys are switched off here. Ask an organisation admin."
        )
    if workspace_id is not None:
        allow(tx, actor, Permission.WORKSPACE_READ, WorkspaceScope(workspace_id))
    secret = Secret(secrets.token_urlsafe(_SECRET_BYTES))
    values = {
        "user_id": actor.user_id,
        "workspace_id": workspace_id,
        "role": role.value if role else None,
        "name": _check_name(name),
        "access_key_id": _ID_PREFIX + "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH)),
        "sealed_secret": seal(key, secret.reveal()),
        "created_at": tx.now,
    }
    key_id = tx.execute(insert(s3_keys).returning(_k.id), values).scalar_one()
    detail = {"name": values["name"], "role": values["role"], "access_key_id": values["access_key_id"]}
    _audit(tx, actor, "s3-key.created", key_id, workspace_id, detail)
    return next(made for made in list_keys(tx, actor) if made.id == key_id), secret


def revoke_key(tx: Tx, actor: Actor, key_id: int) -> None:
    """It works no longer, nor do addresses that were signed with it. Raises NotFound("s3-key-not-found")."""
    row = tx.execute(_REVOKE, {"row_id": key_id, "person_id": actor.user_id, "instant": tx.now}).first()
    if row is None:
        raise NotFound("s3-key-not-found", f"There is no S3 key {key_id} of yours that still works.")
    detail = {"name": row.name, "access_key_id": row.access_key_id}
    _audit(tx, actor, "s3-key.revoked", key_id, row.workspace_id, detail)


def find_workspace_id(tx: Tx, actor: Actor, name: str) -> int:
    """The workspace of that name, seen by the actor. Raises NotFound("workspace-not-found")."""
    found = tx.execute(select(workspaces.c.id).where(workspaces.c.name == name)).scalar_one_or_none()
    if found is None:
        raise NotFound("workspace-not-found", f"There is no workspace {name[:100]!r} that you can see.")
    allow(tx, actor, Permission.WORKSPACE_READ, WorkspaceScope(found))
    return int(found)


def find_holder(tx: Tx, access_key_id: str) -> KeyHolder | None:
    """Who holds the key; None when it is unknown or revoked, or the person is no longer active."""
    row = tx.execute(_HOLDER, {"access_key_id": access_key_id}).first()
    if row is None:
        return None
    used = row["last_used_at"]
    return KeyHolder(
        row["key_id"],
        Actor(row["id"], row["email"], row["is_admin"]),
        row["workspace_id"],
        Role(row["role"]) if row["role"] else None,
        row["sealed_secret"],
        used is None or used < tx.now - TOUCH_EVERY,
    )


def touch_key(tx: Tx, holder: KeyHolder) -> None:
    """Note that the key was used, unless that was noted within the last minute."""
    tx.execute(_TOUCH, {"row_id": holder.key_id, "before": tx.now - TOUCH_EVERY, "instant": tx.now})


def allow_by_key(tx: Tx, holder: KeyHolder, permission: Permission, scope: Scope) -> Grant:
    """The grant that the person has and the key lets through.

    Raises NotFound where the person has no role or the key does not reach, Forbidden.
    """
    grant = allow(tx, holder.actor, permission, scope)
    if holder.workspace_id not in (None, grant.workspace_id):
        raise NotFound("workspace-not-found", "There is nothing of that name that this key can see.")
    if holder.role is not None and permission not in ROLE_PERMISSIONS[holder.role]:
        raise Forbidden(
            "not-allowed", f"This access key is held to the role {holder.role.value}, which may not do this."
        )
    return replace(grant, role=_lower(grant.role, holder.role))


def allow_by_key_anywhere(tx: Tx, holder: KeyHolder, permission: Permission) -> dict[int, Grant]:
    """The grants for ``permission`` in every workspace that the key reaches, by workspace."""
    if holder.role is not None and permission not in ROLE_PERMISSIONS[holder.role]:
        return {}
    return {
        workspace_id: replace(grant, role=_lower(grant.role, holder.role))
        for workspace_id, grant in allow_anywhere(tx, holder.actor, permission).items()
        if holder.workspace_id in (None, workspace_id)
    }


def _lower(one: Role | None, other: Role | None) -> Role | None:
    """The role that is less; None is the most."""
    held = [role for role in (one, other) if role is not None]
    return min(held, key=ROLE_ORDER.index) if held else None


def _to_key(row: Any) -> S3Key:
    return S3Key(**{**row, "role": Role(row["role"]) if row["role"] else None})


def _check_name(name: str) -> str:
    cleaned = name.strip()
    if not 1 <= len(cleaned) <= _NAME_LENGTH:
        text = f"Give the key a name of 1 to {_NAME_LENGTH} characters."
        raise Invalid("s3-key-name", text, fields={"name": [text]})
    return cleaned


def _audit(
    tx: Tx, actor: Actor, action: str, key_id: int, workspace_id: int | None, detail: Mapping[str, object]
) -> None:
    write_audit(
        tx,
        action,
        actor_id=actor.user_id,
        subject=f"s3-key:{key_id}",
        workspace_id=workspace_id,
        detail=detail,
    )
