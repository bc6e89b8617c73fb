"""Permission as a value one holds."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, bindparam, func, select, true

from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repos
from treadle.db.schema import memberships, project_roles, projects, workspaces
from treadle.errors import Forbidden, NotFound
from treadle.permissions import NARROW_ROLES, REVIEWING_ROLES, ROLE_PERMISSIONS, Permission, Role


@dataclass(frozen=True)
class Actor:
    """A signed-in person, as of this request."""

    user_id: int
    email: str
    is_admin: bool


@dataclass(frozen=True)
class WorkspaceScope:
    """Everything in one workspace."""

    workspace_id: int


@dataclass(frozen=True)
class ProjectScope:
    """One project."""

    project_id: int


@dataclass(frozen=True)
class DeletedProjectScope:
    """One project that is deleted, and that nobody sees until it is restored."""

    project_id: int


@dataclass(frozen=True)
class RepoScope:
    """One repo."""

    repo_id: int


@dataclass(frozen=True)
class DeletedRepoScope:
    """One repo that is deleted, and that nobody sees until it is restored."""

    repo_id: int


@dataclass(frozen=True)
class OrganizationScope:
    """The whole installation."""


Scope = WorkspaceScope | ProjectScope | DeletedProjectScope | RepoScope | DeletedRepoScope | OrganizationScope
ORGANIZATION = OrganizationScope()


@dataclass(frozen=True)
class Grant:
    """Proof that the actor may do ``permission`` in the scope it was asked for."""

    actor: Actor
    permission: Permission
    workspace_id: int | None
    project_id: int | None
    #: None for an organisation admin.
    role: Role | None
    repo_id: int | None = None

    @property
    def is_narrow(self) -> bool:
        """Sees and changes only what was handed to them and what they made."""
        return self.role in NARROW_ROLES

    @property
    def may_review(self) -> bool:
        """May change others' annotations and set ground truth."""
        return self.role is None or self.role in REVIEWING_ROLES


_WORKSPACE_WITH_ROLE = (
    select(workspaces.c.id, memberships.c.role)
    .select_from(
        workspaces.outerjoin(
            memberships,
            (memberships.c.workspace_id == workspaces.c.id) & (memberships.c.user_id == bindparam("user_id")),
        )
    )
    .where(workspaces.c.id == bindparam("workspace_id"))
)
# An override in the project replaces the role in its workspace, up or down.
_ANY_PROJECT_WITH_ROLE = (
    select(
        projects.c.workspace_id,
        func.coalesce(project_roles.c.role, memberships.c.role).label("role"),
    )
    .select_from(
        projects.outerjoin(
            memberships,
            (memberships.c.workspace_id == projects.c.workspace_id)
            & (memberships.c.user_id == bindparam("user_id")),
        ).outerjoin(
            project_roles,
            (project_roles.c.project_id == projects.c.id) & (project_roles.c.user_id == bindparam("user_id")),
        )
    )
    .where(projects.c.id == bindparam("project_id"))
)
# The one place that keeps what is deleted out of sight: whatever a project holds is asked for by `allow`.
_PROJECT_WITH_ROLE = Prepared(_ANY_PROJECT_WITH_ROLE.where(projects.c.deleted_at.is_(None)))
_DELETED_PROJECT_WITH_ROLE = Prepared(_ANY_PROJECT_WITH_ROLE.where(projects.c.deleted_at.is_not(None)))
_ANY_REPO_WITH_ROLE = (
    select(repos.c.workspace_id, memberships.c.role)
    .select_from(
        repos.outerjoin(
            memberships,
            (memberships.c.workspace_id == repos.c.workspace_id)
            & (memberships.c.user_id == bindparam("user_id")),
        )
    )
    .where(repos.c.id == bindparam("repo_id"))
)
_REPO_WITH_ROLE = Prepared(_ANY_REPO_WITH_ROLE.where(repos.c.deleted_at.is_(None)))
_DELETED_REPO_WITH_ROLE = Prepared(_ANY_REPO_WITH_ROLE.where(repos.c.deleted_at.is_not(None)))
_WORKSPACES_OF = select(memberships.c.workspace_id, memberships.c.role).where(
    memberships.c.user_id == bindparam("user_id")
)


def allow(tx: Tx, actor: Actor, permission: Permission, scope: Scope) -> Grant:
    """The grant to do ``permission`` in ``scope``.

    Raises NotFound where the actor has no role at all, Forbidden where the role does not hold it.
    """
    if isinstance(scope, ProjectScope):
        return _allow_project(tx, actor, permission, scope.project_id, _PROJECT_WITH_ROLE)
    if isinstance(scope, DeletedProjectScope):
        return _allow_project(tx, actor, permission, scope.project_id, _DELETED_PROJECT_WITH_ROLE)
    if isinstance(scope, WorkspaceScope):
        return _allow_workspace(tx, actor, permission, scope.workspace_id)
    if isinstance(scope, RepoScope):
        return _allow_repo(tx, actor, permission, scope.repo_id, _REPO_WITH_ROLE)
    if isinstance(scope, DeletedRepoScope):
        return _allow_repo(tx, actor, permission, scope.repo_id, _DELETED_REPO_WITH_ROLE)
    if actor.is_admin:
        return Grant(actor, permission, None, None, None)
    raise Forbidden("not-allowed", "Only an organisation admin may do this. Ask one of them.")


def allow_anywhere(tx: Tx, actor: Actor, permission: Permission) -> dict[int, Grant]:
    """The grants for ``permission`` in every workspace where the actor's own role holds it, by workspace.

    Roles in single projects are not in it: see `ListGrant`. An organisation admin's list is of
    workspaces they are a member of, too; what concerns them all is asked for by `ORGANIZATION`.
    """
    rows = tx.execute(_WORKSPACES_OF, {"user_id": actor.user_id}).all()
    return {
        row.workspace_id: Grant(
            actor, permission, row.workspace_id, None, None if actor.is_admin else Role(row.role)
        )
        for row in rows
        if actor.is_admin or permission in ROLE_PERMISSIONS[Role(row.role)]
    }


@dataclass(frozen=True)
class ListGrant:
    """The permission to list those projects where the actor's role holds ``permission``.

    A role in one project counts as `allow` counts it; an organisation admin sees all.
    """

    actor: Actor
    permission: Permission

    @property
    def condition(self) -> ColumnElement[bool]:
        """The condition on ``projects``, of which those that are deleted show to nobody."""
        return projects.c.deleted_at.is_(None) & self._held

    @property
    def deleted_condition(self) -> ColumnElement[bool]:
        """The condition on ``projects`` for those that are deleted."""
        return projects.c.deleted_at.is_not(None) & self._held

    @property
    def _held(self) -> ColumnElement[bool]:
        if self.actor.is_admin:
            return true()
        override = select(project_roles.c.role).where(
            project_roles.c.project_id == projects.c.id, project_roles.c.user_id == self.actor.user_id
        )
        membership = select(memberships.c.role).where(
            memberships.c.workspace_id == projects.c.workspace_id,
            memberships.c.user_id == self.actor.user_id,
        )
        held = func.coalesce(
            override.correlate(projects).scalar_subquery(), membership.correlate(projects).scalar_subquery()
        )
        holding = [role.value for role in Role if self.permission in ROLE_PERMISSIONS[role]]
        return held.in_(holding)


def _allow_project(
    tx: Tx, actor: Actor, permission: Permission, project_id: int, with_role: Prepared
) -> Grant:
    row = tx.execute(with_role, {"project_id": project_id, "user_id": actor.user_id}).first()
    if row is None:
        raise NotFound("project-not-found", f"There is no project {project_id} that you can see.")
    role = _check_role(actor, permission, row["role"], f"project {project_id}")
    return Grant(actor, permission, row["workspace_id"], project_id, role)


def _allow_repo(tx: Tx, actor: Actor, permission: Permission, repo_id: int, with_role: Prepared) -> Grant:
    row = tx.execute(with_role, {"repo_id": repo_id, "user_id": actor.user_id}).first()
    if row is None:
        raise NotFound("repo-not-found", f"There is no repo {repo_id} that you can see.")
    role = _check_role(actor, permission, row["role"], f"repo {repo_id}")
    return Grant(actor, permission, row["workspace_id"], None, role, repo_id)


def _allow_workspace(tx: Tx, actor: Actor, permission: Permission, workspace_id: int) -> Grant:
    place = {"workspace_id": workspace_id, "user_id": actor.user_id}
    row = tx.execute(_WORKSPACE_WITH_ROLE, place).first()
    if row is None:
        raise NotFound("workspace-not-found", f"There is no workspace {workspace_id} that you can see.")
    role = _check_role(actor, permission, row.role, f"workspace {workspace_id}")
    return Grant(actor, permission, workspace_id, None, role)


def _check_role(actor: Actor, permission: Permission, role: str | None, what: str) -> Role | None:
    if actor.is_admin:
        return None
    if role is None:
        raise NotFound(f"{what.split()[0]}-not-found", f"There is no {what} that you can see.")
    if permission not in ROLE_PERMISSIONS[Role(role)]:
        raise Forbidden(
            "not-allowed", f"A {role} may not do this in {what}. Ask a manager of the workspace for the role."
        )
    return Role(role)
