"""Everybody with an account, for those who administer the installation. Service accounts are not people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select, true, update

from treadle.access.audit import write_audit
from treadle.access.endings import end_credentials
from treadle.access.grants import Grant
from treadle.access.users import NewUser, User, add_user, read_user
from treadle.db import Tx
from treadle.db.schema import memberships, tokens, users, workspaces
from treadle.errors import Conflict, Invalid, NotFound


class PeopleState(str, Enum):
    """Which people a list shows."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    ADMINS = "admins"
    ALL = "all"


@dataclass(frozen=True)
class RoleOfPerson:
    """A role that somebody holds in a workspace."""

    workspace_id: int
    workspace: str
    role: str


@dataclass(frozen=True)
class PersonLine:
    """A person as administrators see them."""

    id: int
    email: str
    first_name: str
    last_name: str
    is_admin: bool
    is_active: bool
    #: Signs in by a password; False: invited, and has not set one yet.
    has_password: bool
    created_at: datetime
    last_activity_at: datetime | None
    token_count: int
    roles: Sequence[RoleOfPerson] = ()


_u = users.c
_LIVE_TOKENS = (
    select(func.count())
    .where(tokens.c.user_id == _u.id, tokens.c.revoked_at.is_(None), tokens.c.kind != "legacy")
    .where(tokens.c.expires_at.is_(None) | (tokens.c.expires_at > bindparam("instant")))
    .correlate(users)
    .scalar_subquery()
)
_LINES: Select[Any] = select(
    _u.id,
    _u.email,
    _u.first_name,
    _u.last_name,
    _u.is_admin,
    _u.is_active,
    _u.password_hash.is_not(None).label("has_password"),
    _u.created_at,
    _u.last_activity_at,
    _LIVE_TOKENS.label("token_count"),
).where(_u.is_service.is_(False))
_ROLES = (
    select(memberships.c.user_id, memberships.c.workspace_id, workspaces.c.name, memberships.c.role)
    .select_from(memberships.join(workspaces, workspaces.c.id == memberships.c.workspace_id))
    .where(memberships.c.user_id.in_(bindparam("ids", expanding=True)))
    .order_by(workspaces.c.name)
)
# PostgreSQL: two admins who end each other's rights at once take turns here. SQLite takes turns anyway.
_ADMINS = (
    select(_u.id).where(_u.is_admin.is_(true()), _u.is_active.is_(true())).order_by(_u.id).with_for_update()
)
_SET_ACTIVE = update(users).where(_u.id == bindparam("person_id")).values(is_active=bindparam("active"))
_SET_ADMIN = update(users).where(_u.id == bindparam("person_id")).values(is_admin=bindparam("admin"))


def list_people(
    tx: Tx, _grant: Grant, *, search: str = "", state: PeopleState = PeopleState.ACTIVE, page: tuple[int, int]
) -> tuple[int, list[PersonLine]]:
    """How many people there are of that kind, and a page of them by e-mail; the grant is an admin's.

    search: in the e-mail address and the names, in any case.  page: from which one, and how many.
    """
    condition = _is_in(state) & _has(search.strip().lower())
    counted = select(func.count()).select_from(users).where(_u.is_service.is_(False), condition)
    offset, limit = page
    found = _LINES.where(condition).order_by(_u.email).limit(limit).offset(offset)
    rows = tx.rows(found, {"instant": tx.now})
    return int(tx.execute(counted).scalar_one()), _with_roles(tx, rows)


def read_person(tx: Tx, _grant: Grant, user_id: int) -> PersonLine:
    """One of them. Raises NotFound("user-not-found"), also for a service account."""
    rows = tx.rows(_LINES.where(_u.id == user_id), {"instant": tx.now})
    if not rows:
        raise NotFound("user-not-found", f"There is no person {user_id}.")
    return _with_roles(tx, rows)[0]


def invite_person(tx: Tx, grant: Grant, new: NewUser, *, is_admin: bool) -> User:
    """Somebody new, who sets a password by a link. Raises as `add_user`."""
    return add_user(tx, new, is_admin=is_admin, actor_id=grant.actor.user_id)


def deactivate_person(tx: Tx, grant: Grant, user_id: int) -> None:
    """Nobody comes in as this person any more; what they made keeps their name.

    Raises NotFound, Conflict("user-self", "last-admin").
    """
    person = read_user(tx, user_id)
    if grant.actor.user_id == user_id:
        raise Conflict("user-self", "You cannot remove yourself. Ask another organisation admin.")
    if person.is_service:
        raise _service(user_id)
    _check_admin_stays(tx, user_id)
    end_credentials(tx, user_id)
    tx.execute(_SET_ACTIVE, {"person_id": user_id, "active": False})
    write_audit(tx, "user.deactivated", actor_id=grant.actor.user_id, subject=f"user:{user_id}")


def reactivate_person(tx: Tx, grant: Grant, user_id: int) -> None:
    """They may sign in again, with the password and the roles they had; tokens are made anew."""
    read_person(tx, grant, user_id)
    tx.execute(_SET_ACTIVE, {"person_id": user_id, "active": True})
    write_audit(tx, "user.reactivated", actor_id=grant.actor.user_id, subject=f"user:{user_id}")


def grant_admin(tx: Tx, grant: Grant, user_id: int) -> None:
    """An organisation admin from now on. Raises NotFound, Conflict("user-inactive")."""
    if not read_person(tx, grant, user_id).is_active:
        raise Conflict("user-inactive", f"The account of user {user_id} is deactivated. Reactivate it first.")
    tx.execute(_SET_ADMIN, {"person_id": user_id, "admin": True})
    write_audit(tx, "admin.granted", actor_id=grant.actor.user_id, subject=f"user:{user_id}")


def withdraw_admin(tx: Tx, grant: Grant, user_id: int) -> None:
    """Only the roles that they hold count from now on. Raises NotFound, Conflict("last-admin")."""
    read_person(tx, grant, user_id)
    _check_admin_stays(tx, user_id)
    tx.execute(_SET_ADMIN, {"person_id": user_id, "admin": False})
    write_audit(tx, "admin.withdrawn", actor_id=grant.actor.user_id, subject=f"user:{user_id}")


def _check_admin_stays(tx: Tx, user_id: int) -> None:
    admins = set(tx.execute(_ADMINS).scalars())
    if admins == {user_id}:
        text = "This is the last organisation admin. Make somebody else one first, then try again."
        raise Conflict("last-admin", text)


def _is_in(state: PeopleState) -> ColumnElement[bool]:
    if state is PeopleState.ALL:
        return true()
    if state is PeopleState.ADMINS:
        return _u.is_admin.is_(true()) & _u.is_active.is_(true())
    return _u.is_active.is_(state is PeopleState.ACTIVE)


def _has(search: str) -> ColumnElement[bool]:
    if not search:
        return true()
    name = func.lower(_u.first_name + " " + _u.last_name)
    return _u.email.contains(search, autoescape=True) | name.contains(search, autoescape=True)


def _with_roles(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> list[PersonLine]:
    held: dict[int, list[RoleOfPerson]] = {row["id"]: [] for row in rows}
    if held:
        for row in tx.rows(_ROLES, {"ids": list(held)}):
            held[row["user_id"]].append(RoleOfPerson(row["workspace_id"], row["name"], row["role"]))
    return [PersonLine(**row, roles=held[row["id"]]) for row in rows]


def _service(user_id: int) -> Invalid:
    text = f"User {user_id} is a service account. It is disabled under Members of its workspace."
    return Invalid("service-account", text)
