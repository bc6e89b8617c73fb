"""Permission as a value one holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, bindparam, false, func, select, true

from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repos
from treadle.db.schema import memberships, project_roles, projects, workspaces
from treadle.errors import Forbidden, NotFound
from treadle.permissions import NARROW_ROLES, READING, REVIEWING_ROLES, ROLE_PERMISSIONS, Permission, Role


class TokenScope(str, Enum):
    """How much of what its holder may do a token lets through."""

    ALL = "all"
    READ = "read"


@dataclass(frozen=True)
class Actor:
    """Who asks, as of this request, and what the credential that they came by lets through."""

    user_id: int
    email: str
    #: An organisation admin, by a credential that is not held to one workspace.
    is_admin: bool
    token_scope: TokenScope = TokenScope.ALL
    #: The only workspace that the token reaches; None: all of the person's.
    token_workspace_id: int | None = None
    #: An organisation admin whose token is held to one workspace: may all there, and nothing elsewhere.
    is_admin_there: bool = False
    #: A service account, which others make tokens for.
    is_service: bool = False
    #: The only project that the token reaches, and all that it lets through there; None: it is not held so.
    token_project_id: int | None = None
    token_permissions: frozenset[Permission] | None = None

    @property
    def is_held(self) -> bool:
        """Came by a token that may less than its person: nothing of the account is theirs to change."""
        return (
            self.token_scope is not TokenScope.ALL
            or self.token_workspace_id is not None
            or self.token_permissions is not None
        )


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


_WORKSPACE_WITH_ROLE = Prepared(
    select(workspaces.c.id.label("workspace_id"), memberships.c.role)
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

    Raises NotFound where the actor has no role at all or the token does not reach, Forbidden where the
    role does not hold it or the token only reads.
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
        _check_reads(actor, permission)
        return Grant(actor, permission, None, None, None)
    if actor.is_admin_there or actor.token_project_id is not None:
        raise Forbidden(
            "token-held", "This token is held to one place, and this is about all of them. Use another."
        )
    raise Forbidden("not-allowed", "Only an organisation admin may do this. Ask one of them.")


def allow_anywhere(tx: Tx, actor: Actor, permission: Permission) -> dict[int, Grant]:
    """The grants for ``permission`` in every workspace where the actor's own role holds it, by workspace.

    Roles in single projects are not in it: see `ListGrant`. An organisation admin's list is of
    workspaces they are a member of, too; what concerns them all is asked for by `ORGANIZATION`. A token
    that only reads, or is held to a workspace, lists no more than it reaches.
    """
    if not _lets_through(actor, permission) or actor.token_project_id is not None:
        return {}
    if actor.is_admin_there and actor.token_workspace_id is not None:
        there = actor.token_workspace_id
        return {there: Grant(actor, permission, there, None, None)}
    rows = tx.execute(_WORKSPACES_OF, {"user_id": actor.user_id}).all()
    return {
        row.workspace_id: Grant(
            actor, permission, row.workspace_id, None, None if actor.is_admin else Role(row.role)
        )
        for row in rows
        if actor.token_workspace_id in (None, row.workspace_id)
        and (actor.is_admin or permission in ROLE_PERMISSIONS[Role(row.role)])
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
        if not _lets_through(self.actor, self.permission):
            return false()
        if self.actor.token_project_id is not None:
            return (projects.c.id == self.actor.token_project_id) & self._by_role
        if self.actor.token_workspace_id is not None:
            return (projects.c.workspace_id == self.actor.token_workspace_id) & self._by_role
        return self._by_role

    @property
    def _by_role(self) -> ColumnElement[bool]:
        if self.actor.is_admin or self.actor.is_admin_there:
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
    role = _check_role(actor, permission, row, f"project {project_id}", project_id)
    return Grant(actor, permission, row["workspace_id"], project_id, role)


def _allow_repo(tx: Tx, actor: Actor, permission: Permission, repo_id: int, with_role: Prepared) -> Grant:
    row = tx.execute(with_role, {"repo_id": repo_id, "user_id": actor.user_id}).first()
    if row is None:
        raise NotFound("repo-not-found", f"There is no repo {repo_id} that you can see.")
    role = _check_role(actor, permission, row, f"repo {repo_id}")
    return Grant(actor, permission, row["workspace_id"], None, role, repo_id)


def _allow_workspace(tx: Tx, actor: Actor, permission: Permission, workspace_id: int) -> Grant:
    place = {"workspace_id": workspace_id, "user_id": actor.user_id}
    row = tx.execute(_WORKSPACE_WITH_ROLE, place).first()
    if row is None:
        raise NotFound("workspace-not-found", f"There is no workspace {workspace_id} that you can see.")
    role = _check_role(actor, permission, row, f"workspace {workspace_id}")
    return Grant(actor, permission, workspace_id, None, role)


def _check_role(
    actor: Actor, permission: Permission, row: Mapping[str, Any], what: str, project_id: int = 0
) -> Role | None:
    """row: the workspace, and the actor's role there or in the project.  project_id: of a project."""
    role = row["role"]
    is_reached = actor.token_workspace_id in (None, row["workspace_id"])
    is_reached = is_reached and actor.token_project_id in (None, project_id)
    rules = actor.is_admin or actor.is_admin_there
    if not is_reached or (role is None and not rules):
        raise NotFound(f"{what.split()[0]}-not-found", f"There is no {what} that you can see.")
    if not rules and permission not in ROLE_PERMISSIONS[Role(role)]:
        raise Forbidden(
            "not-allowed", f"A {role} may not do this in {what}. Ask a manager of the workspace for the role."
        )
    _check_reads(actor, permission)
    return None if rules else Role(role)


def _check_reads(actor: Actor, permission: Permission) -> None:
    if not _lets_through(actor, permission):
        raise read_only_token() if actor.token_permissions is None else held_token()


def _lets_through(actor: Actor, permission: Permission) -> bool:
    if actor.token_permissions is not None and permission not in actor.token_permissions:
        return False
    return actor.token_scope is TokenScope.ALL or permission in READING


def held_token() -> Forbidden:
    """What to tell who would do more by a token than it is for."""
    text = "This token is for one project's tasks, labels and predictions, and not for this. Use another."
    return Forbidden("token-held", text)


def read_only_token() -> Forbidden:
    """What to tell who would change something by a token that only reads."""
    return Forbidden(
        "token-read-only", "This token only reads, and this would change something. Use one that may write."
    )
