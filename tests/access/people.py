"""People, workspaces and projects to ask about, made through the access room's own faces."""

from __future__ import annotations

from sqlalchemy import insert

from treadle.access import ORGANIZATION, Actor, ProjectScope, WorkspaceScope, allow
from treadle.access.roles import give_project_role, give_role
from treadle.access.users import NewUser, sign_up
from treadle.access.workspaces import create_workspace
from treadle.db import Tx
from treadle.db.repo_tables import repos
from treadle.db.schema import projects
from treadle.permissions import Permission, Role


def add_person(tx: Tx, email: str) -> Actor:
    """Somebody who signed up; the first of a database owns it."""
    user = sign_up(tx, NewUser(email, None), setting="open")
    return Actor(user.id, user.email, user.is_admin)


def add_workspace(tx: Tx, admin: Actor, name: str) -> int:
    """A workspace that the admin owns."""
    grant = allow(tx, admin, Permission.ORGANIZATION_ADMIN, ORGANIZATION)
    return create_workspace(tx, grant, name).id


def add_project(tx: Tx, workspace_id: int, title: str = "Project") -> int:
    """A bare project row: what a project holds is another room's."""
    values = {"workspace_id": workspace_id, "title": title, "created_at": tx.now, "updated_at": tx.now}
    return int(tx.execute(insert(projects).returning(projects.c.id), values).scalar_one())


def add_repo(tx: Tx, workspace_id: int, name: str = "images") -> int:
    """A bare repo row: what a repo holds is another room's."""
    values = {"workspace_id": workspace_id, "name": name, "created_at": tx.now}
    return int(tx.execute(insert(repos).returning(repos.c.id), values).scalar_one())


def make_member(tx: Tx, giver: Actor, person: Actor, role: Role, workspace_id: int = 1) -> None:
    """Give a role in a workspace, as ``giver`` may."""
    grant = allow(tx, giver, Permission.MEMBERS_MANAGE, WorkspaceScope(workspace_id))
    give_role(tx, grant, person.user_id, role)


def override(tx: Tx, giver: Actor, person: Actor, role: Role, project_id: int) -> None:
    """Give a role in one project, as ``giver`` may."""
    grant = allow(tx, giver, Permission.MEMBERS_MANAGE, ProjectScope(project_id))
    give_project_role(tx, grant, person.user_id, role)
