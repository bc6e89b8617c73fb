"""Service accounts: programs that a workspace's managers let in, under a name of their own.

Each belongs to one workspace and acts by tokens that its managers make: it has no password, signs in nowhere,
never owns a workspace, and holds a role up to its maker's. Disabling one ends its tokens and keys for good.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, update

from treadle.access.audit import write_audit
from treadle.access.endings import end_credentials
from treadle.access.grants import Grant
from treadle.access.lengths import check_length
from treadle.access.roles import check_may_give, give_role, workspace_of_grant
from treadle.access.tokens import NewToken, Token, add_personal_token, end_token, list_tokens_of
from treadle.db import Tx
from treadle.db.identity_tables import service_accounts
from treadle.db.schema import memberships, tokens, users, workspaces
from treadle.errors import Conflict, Forbidden, Invalid, NotFound
from treadle.ids import SERVICE_DOMAIN, WORKSPACE_NAME
from treadle.permissions import ROLE_ORDER, Role

_DESCRIPTION_LENGTH = 500


@dataclass(frozen=True)
class NewServiceAccount:
    """A service account to be made."""

    name: str
    role: Role
    description: str = ""


@dataclass(frozen=True)
class ServiceAccount:
    """A service account; ``id`` is its user's.  role: None where it was taken away."""

    id: int
    name: str
    email: str
    description: str
    workspace_id: int
    workspace: str
    role: Role | None
    is_active: bool
    created_at: datetime
    #: The e-mail address of who made it; None: somebody who is gone.
    created_by: str | None
    token_count: int
    last_used_at: datetime | None


_s = service_accounts.c
_maker = users.alias("maker")
_OF_ACCOUNT = (tokens.c.user_id == _s.user_id) & tokens.c.revoked_at.is_(None)
_ALL: Select[Any] = (
    select(
        _s.user_id.label("id"),
        users.c.first_name.label("name"),
        users.c.email,
        _s.description,
        _s.workspace_id,
        workspaces.c.name.label("workspace"),
        memberships.c.role,
        users.c.is_active,
        _s.created_at,
        _maker.c.email.label("created_by"),
        select(func.count())
        .where(_OF_ACCOUNT)
        .correlate(service_accounts)
        .scalar_subquery()
        .label("token_count"),
        users.c.last_activity_at.label("last_used_at"),
    )
    .select_from(
        service_accounts.join(users, users.c.id == _s.user_id)
        .join(workspaces, workspaces.c.id == _s.workspace_id)
        .outerjoin(_maker, _maker.c.id == _s.created_by)
        .outerjoin(
            memberships,
            (memberships.c.user_id == _s.user_id) & (memberships.c.workspace_id == _s.workspace_id),
        )
    )
    .order_by(workspaces.c.name, users.c.first_name)
)
_OF_WORKSPACE = _ALL.where(_s.workspace_id == bindparam("place_id"))
_ONE = _ALL.where(_s.user_id == bindparam("account_id"))
_TAKEN = select(users.c.id).where(users.c.email == bindparam("email"))
_INSERT_USER = insert(users).returning(users.c.id)
_INSERT = insert(service_accounts)
_SET_ACTIVE = update(users).where(users.c.id == bindparam("account_id")).values(is_active=bindparam("active"))
_SET_DISABLED = (
    update(service_accounts)
    .where(_s.user_id == bindparam("account_id"))
    .values(disabled_at=bindparam("instant"))
)
_DESCRIBE = (
    update(service_accounts)
    .where(_s.user_id == bindparam("account_id"))
    .values(description=bindparam("about"))
)


def list_service_accounts(tx: Tx, grant: Grant) -> list[ServiceAccount]:
    """Those of the workspace of the grant, or for an organisation's grant all, by workspace and name."""
    if grant.workspace_id is None:
        return [_to_account(row) for row in tx.rows(_ALL)]
    return [_to_account(row) for row in tx.rows(_OF_WORKSPACE, {"place_id": grant.workspace_id})]


def read_service_account(tx: Tx, grant: Grant, account_id: int) -> ServiceAccount:
    """One of the workspace of the grant. Raises NotFound("service-account-not-found")."""
    rows = tx.rows(_ONE, {"account_id": account_id})
    if not rows or grant.workspace_id not in (None, rows[0]["workspace_id"]):
        raise NotFound(
            "service-account-not-found", f"There is no service account {account_id} in this workspace."
        )
    return _to_account(rows[0])


def create_service_account(tx: Tx, grant: Grant, new: NewServiceAccount) -> ServiceAccount:
    """A new one in the workspace of the grant.

    Raises Invalid("service-account-name", "too-long", "service-account-owner"), Forbidden("role-too-high"),
    Conflict("service-account-taken").
    """
    workspace_id = workspace_of_grant(grant)
    name, about = _check_name(new.name), _check_description(new.description)
    check_may_give(grant, new.role)
    email = f"{name}@ws-{workspace_id}.{SERVICE_DOMAIN}"
    if tx.execute(_TAKEN, {"email": email}).first() is not None:
        text = f"There is a service account {name!r} in this workspace already. Choose another name."
        raise Conflict("service-account-taken", text)
    values = {"email": email, "first_name": name, "is_service": True, "created_at": tx.now}
    account_id = int(tx.execute(_INSERT_USER, values).scalar_one())
    tx.execute(
        _INSERT,
        {
            "user_id": account_id,
            "workspace_id": workspace_id,
            "description": about,
            "created_by": grant.actor.user_id,
            "created_at": tx.now,
        },
    )
    _audit(tx, grant, "service-account.created", account_id, workspace_id, name)
    give_role(tx, grant, account_id, new.role)
    return read_service_account(tx, grant, account_id)


def describe_service_account(tx: Tx, grant: Grant, account_id: int, description: str) -> ServiceAccount:
    """What it is for, anew. Raises as `read_service_account`, Invalid("too-long")."""
    _manage(tx, grant, account_id)
    tx.execute(_DESCRIBE, {"account_id": account_id, "about": _check_description(description)})
    return read_service_account(tx, grant, account_id)


def disable_service_account(tx: Tx, grant: Grant, account_id: int) -> ServiceAccount:
    """Nothing comes in as it any more, from this moment; its tokens and keys are gone for good.

    Raises as `read_service_account`, Forbidden("role-too-high").
    """
    account = _manage(tx, grant, account_id)
    end_credentials(tx, account_id)
    tx.execute(_SET_ACTIVE, {"account_id": account_id, "active": False})
    tx.execute(_SET_DISABLED, {"account_id": account_id, "instant": tx.now})
    _audit(tx, grant, "service-account.disabled", account_id, account.workspace_id, account.name)
    return read_service_account(tx, grant, account_id)


def enable_service_account(tx: Tx, grant: Grant, account_id: int) -> ServiceAccount:
    """It may get tokens again. Raises as `disable_service_account`."""
    account = _manage(tx, grant, account_id)
    tx.execute(_SET_ACTIVE, {"account_id": account_id, "active": True})
    tx.execute(_SET_DISABLED, {"account_id": account_id, "instant": None})
    _audit(tx, grant, "service-account.enabled", account_id, account.workspace_id, account.name)
    return read_service_account(tx, grant, account_id)


def list_service_tokens(tx: Tx, grant: Grant, account_id: int) -> list[Token]:
    """Its tokens that still work, newest first. Raises as `read_service_account`."""
    return list_tokens_of(tx, read_service_account(tx, grant, account_id).id)


def create_service_token(tx: Tx, grant: Grant, account_id: int, new: NewToken) -> tuple[Token, str]:
    """A token for it and its text, shown once.

    Raises as `disable_service_account`, Invalid("token-invalid"), Conflict("service-account-disabled").
    """
    account = _manage(tx, grant, account_id)
    if not account.is_active:
        text = f"The service account {account.name!r} is disabled. Enable it first."
        raise Conflict("service-account-disabled", text)
    held = NewToken(new.name, new.expires_in_days, new.scope, account.workspace_id)
    return add_personal_token(tx, account_id, held, by=grant.actor.user_id)


def revoke_service_token(tx: Tx, grant: Grant, account_id: int, token_id: int) -> None:
    """It works no longer. Raises as `disable_service_account`, NotFound("token-not-found")."""
    account = _manage(tx, grant, account_id)
    end_token(tx, token_id, owner_id=account.id, by=grant.actor.user_id, workspace_id=account.workspace_id)


def _manage(tx: Tx, grant: Grant, account_id: int) -> ServiceAccount:
    """Who acts for it could act by its role, so that must not be above their own."""
    account = read_service_account(tx, grant, account_id)
    own, theirs = grant.role, account.role
    if own is not None and theirs is not None and ROLE_ORDER.index(theirs) > ROLE_ORDER.index(own):
        text = f"{account.name!r} is a {theirs.value}, which is above your own role."
        raise Forbidden("role-too-high", text)
    return account


def _to_account(row: Any) -> ServiceAccount:
    return ServiceAccount(**{**row, "role": Role(row["role"]) if row["role"] else None})


def _check_name(name: str) -> str:
    cleaned = name.strip()
    if not WORKSPACE_NAME.fullmatch(cleaned):
        text = "Name it with 1 to 63 lower-case letters, digits and hyphens, such as nightly-training."
        raise Invalid("service-account-name", text, fields={"name": [text]})
    return cleaned


def _check_description(text: str) -> str:
    return check_length("description", text.strip(), _DESCRIPTION_LENGTH)


def _audit(tx: Tx, grant: Grant, action: str, account_id: int, workspace_id: int, name: str) -> None:
    write_audit(
        tx,
        action,
        actor_id=grant.actor.user_id,
        subject=f"user:{account_id}",
        workspace_id=workspace_id,
        detail={"name": name},
    )
