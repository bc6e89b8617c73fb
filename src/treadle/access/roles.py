"""Giving and taking roles, in a workspace and in one project of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, insert, select, update

from treadle.access.audit import write_audit
from treadle.access.grants import Grant
from treadle.db import Tx
from treadle.db.identity_tables import service_accounts
from treadle.db.schema import memberships, project_roles, users, workspaces
from treadle.errors import Conflict, Defect, Forbidden, Invalid, NotFound
from treadle.permissions import ROLE_ORDER, Role


@dataclass(frozen=True)
class Member:
    """A person with their role."""

    user_id: int
    email: str
    first_name: str
    last_name: str
    role: Role
    created_at: datetime
    is_service: bool = False


def _members_of(table: Any, column: Any) -> Select[Any]:
    return (
        select(
            users.c.id.label("user_id"),
            users.c.email,
            users.c.first_name,
            users.c.last_name,
            table.c.role,
            table.c.created_at,
            users.c.is_service,
        )
        .select_from(table.join(users, users.c.id == table.c.user_id))
        .where(column == bindparam("place_id"))
        .order_by(users.c.email)
    )


_MEMBERS = _members_of(memberships, memberships.c.workspace_id)
_PROJECT_MEMBERS = _members_of(project_roles, project_roles.c.project_id)

_THEIRS = (memberships.c.workspace_id == bindparam("place_id")) & (
    memberships.c.user_id == bindparam("person_id")
)
_ROLE = select(memberships.c.role).where(_THEIRS)
_INSERT = insert(memberships)
_UPDATE = update(memberships).where(_THEIRS).values(role=bindparam("new_role"))
_DELETE = delete(memberships).where(_THEIRS)
_OWNERS = (
    select(func.count())
    .select_from(memberships)
    .where(memberships.c.workspace_id == bindparam("place_id"), memberships.c.role == Role.OWNER.value)
)
# PostgreSQL: two owners who remove each other at once take turns here. SQLite takes turns anyway.
_LOCK = select(workspaces.c.id).where(workspaces.c.id == bindparam("place_id")).with_for_update()

_THEIRS_HERE = (project_roles.c.project_id == bindparam("place_id")) & (
    project_roles.c.user_id == bindparam("person_id")
)
_PROJECT_ROLE = select(project_roles.c.role).where(_THEIRS_HERE)
_PROJECT_INSERT = insert(project_roles)
_PROJECT_DELETE = delete(project_roles).where(_THEIRS_HERE)
_PERSON = (
    select(users.c.id, users.c.is_service, service_accounts.c.workspace_id)
    .select_from(users.outerjoin(service_accounts, service_accounts.c.user_id == users.c.id))
    .where(users.c.id == bindparam("person_id"))
)


def list_members(tx: Tx, grant: Grant) -> list[Member]:
    """Who has a role in the workspace of the grant, by e-mail."""
    return _read(tx, _MEMBERS, workspace_of_grant(grant))


def list_project_members(tx: Tx, grant: Grant) -> list[Member]:
    """Who has a role of their own in the project of the grant, by e-mail."""
    return _read(tx, _PROJECT_MEMBERS, _project_of(grant))


def give_role(tx: Tx, grant: Grant, user_id: int, role: Role) -> None:
    """Make somebody a member, or change their role.

    Raises NotFound("user-not-found"), Forbidden("role-too-high") for a role, given or taken, above
    the giver's own, Conflict("last-owner").
    """
    workspace_id = workspace_of_grant(grant)
    _check_person(tx, user_id, workspace_id, role)
    tx.execute(_LOCK, {"place_id": workspace_id})
    had = _role_of(tx, workspace_id, user_id)
    _check_rank(grant, role, had)
    if had is None:
        values = {"workspace_id": workspace_id, "user_id": user_id, "role": role.value, "created_at": tx.now}
        tx.execute(_INSERT, values)
    else:
        _check_owner_stays(tx, workspace_id, had, role)
        tx.execute(_UPDATE, {"place_id": workspace_id, "person_id": user_id, "new_role": role.value})
    _audit(tx, grant, "role.granted", user_id, {"role": role.value, "before": had.value if had else None})


def remove_member(tx: Tx, grant: Grant, user_id: int) -> None:
    """Take the role away.

    Raises NotFound("member-not-found"), Forbidden("role-too-high"), Conflict("last-owner").
    """
    workspace_id = workspace_of_grant(grant)
    tx.execute(_LOCK, {"place_id": workspace_id})
    had = _role_of(tx, workspace_id, user_id)
    if had is None:
        raise NotFound("member-not-found", f"User {user_id} is no member of workspace {workspace_id}.")
    _check_rank(grant, had, had)
    _check_owner_stays(tx, workspace_id, had, None)
    tx.execute(_DELETE, {"place_id": workspace_id, "person_id": user_id})
    _audit(tx, grant, "role.removed", user_id, {"before": had.value})


def give_project_role(tx: Tx, grant: Grant, user_id: int, role: Role) -> None:
    """A role in this project alone, in place of the one in the workspace.

    Raises NotFound("user-not-found"), Forbidden("role-too-high").
    """
    place = {"place_id": _project_of(grant), "person_id": user_id}
    _check_person(tx, user_id, workspace_of_grant(grant), role)
    _check_rank(grant, role, _effective_role(tx, grant, user_id))
    tx.execute(_PROJECT_DELETE, place)
    tx.execute(
        _PROJECT_INSERT,
        {"project_id": grant.project_id, "user_id": user_id, "role": role.value, "created_at": tx.now},
    )
    _audit(tx, grant, "role.granted", user_id, {"role": role.value, "project": grant.project_id})


def remove_project_role(tx: Tx, grant: Grant, user_id: int) -> None:
    """Only the role in the workspace counts again.

    Raises NotFound("member-not-found"), Forbidden("role-too-high").
    """
    place = {"place_id": _project_of(grant), "person_id": user_id}
    had = tx.execute(_PROJECT_ROLE, place).scalar_one_or_none()
    if had is None:
        raise NotFound(
            "member-not-found", f"User {user_id} has no role of their own in project {grant.project_id}."
        )
    before = _role_of(tx, workspace_of_grant(grant), user_id)
    _check_rank(grant, Role(had), before)
    tx.execute(_PROJECT_DELETE, place)
    _audit(tx, grant, "role.removed", user_id, {"before": had, "project": grant.project_id})


def check_may_give(grant: Grant, role: Role) -> None:
    """Raises Forbidden("role-too-high") for a role above the giver's own."""
    _check_rank(grant, role, None)


def _read(tx: Tx, statement: Select[Any], place_id: int) -> list[Member]:
    rows = tx.execute(statement, {"place_id": place_id}).mappings()
    return [Member(**{**row, "role": Role(row["role"])}) for row in rows]


def _role_of(tx: Tx, workspace_id: int, user_id: int) -> Role | None:
    role = tx.execute(_ROLE, {"place_id": workspace_id, "person_id": user_id}).scalar_one_or_none()
    return Role(role) if role else None


def _effective_role(tx: Tx, grant: Grant, user_id: int) -> Role | None:
    place = {"place_id": grant.project_id, "person_id": user_id}
    role = tx.execute(_PROJECT_ROLE, place).scalar_one_or_none()
    return Role(role) if role else _role_of(tx, workspace_of_grant(grant), user_id)


def _check_person(tx: Tx, user_id: int, workspace_id: int, role: Role) -> None:
    """A service account stays in its workspace, and owns nothing."""
    row = tx.execute(_PERSON, {"person_id": user_id}).first()
    if row is None or (row.is_service and row.workspace_id != workspace_id):
        raise NotFound("user-not-found", f"There is no user {user_id}. Invite them by a link instead.")
    if row.is_service and role is Role.OWNER:
        text = "A service account owns no workspace. Give it a role up to manager."
        raise Invalid("service-account-owner", text, fields={"role": [text]})


def _check_rank(grant: Grant, *roles: Role | None) -> None:
    if grant.role is None:
        return
    own = ROLE_ORDER.index(grant.role)
    for role in roles:
        if role is not None and ROLE_ORDER.index(role) > own:
            raise Forbidden(
                "role-too-high",
                f"A {grant.role.value} gives and takes roles up to their own, not {role.value}.",
            )


def _check_owner_stays(tx: Tx, workspace_id: int, had: Role, becomes: Role | None) -> None:
    if had is not Role.OWNER or becomes is Role.OWNER:
        return
    if tx.execute(_OWNERS, {"place_id": workspace_id}).scalar_one() <= 1:
        raise Conflict(
            "last-owner",
            "This is the workspace's last owner. Make somebody else an owner first, then try again.",
        )


def _audit(tx: Tx, grant: Grant, action: str, user_id: int, detail: dict[str, object]) -> None:
    write_audit(
        tx,
        action,
        actor_id=grant.actor.user_id,
        subject=f"user:{user_id}",
        workspace_id=grant.workspace_id,
        detail=detail,
    )


def workspace_of_grant(grant: Grant) -> int:
    """The workspace of a grant that has one."""
    if grant.workspace_id is None:
        raise Defect(
            "grant-without-workspace", "A grant for the whole installation came where a workspace's belongs."
        )
    return grant.workspace_id


def _project_of(grant: Grant) -> int:
    if grant.project_id is None:
        raise Defect("grant-without-project", "A grant for a workspace came where a project's belongs.")
    return grant.project_id
