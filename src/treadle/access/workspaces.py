"""Workspaces: where projects live and roles are held."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, func, insert, select

from treadle.access.audit import write_audit
from treadle.access.grants import Actor, Grant
from treadle.access.lengths import check_length
from treadle.db import Tx
from treadle.db.schema import memberships, projects, workspaces
from treadle.errors import Conflict, Invalid, NotFound
from treadle.ids import RESERVED_WORKSPACE_NAMES, WORKSPACE_NAME
from treadle.permissions import Role

_TITLE_LENGTH = 200
FIRST_WORKSPACE = "main"


@dataclass(frozen=True)
class Workspace:
    """A workspace with the role that the asking person has in it."""

    id: int
    name: str
    title: str
    role: Role
    project_count: int = 0


_INSERT = insert(workspaces).returning(workspaces.c.id)
_INSERT_MEMBER = insert(memberships)
_BY_NAME = select(workspaces.c.id).where(workspaces.c.name == bindparam("name"))
_OF_PERSON = (
    select(
        workspaces.c.id,
        workspaces.c.name,
        workspaces.c.title,
        memberships.c.role,
        select(func.count())
        .where(projects.c.workspace_id == workspaces.c.id, projects.c.deleted_at.is_(None))
        .correlate(workspaces)
        .scalar_subquery()
        .label("project_count"),
    )
    .select_from(
        workspaces.outerjoin(
            memberships,
            (memberships.c.workspace_id == workspaces.c.id) & (memberships.c.user_id == bindparam("user_id")),
        )
    )
    .order_by(workspaces.c.name)
)


def create_workspace(tx: Tx, grant: Grant, name: str, title: str = "") -> Workspace:
    """A new workspace, owned by who makes it.

    Raises Invalid("workspace-name", "too-long"), Conflict("workspace-taken").
    """
    cleaned = check_length("title", title.strip(), _TITLE_LENGTH)
    workspace_id = _add(tx, grant.actor.user_id, check_workspace_name(name), cleaned)
    return Workspace(workspace_id, name, cleaned or name, Role.OWNER)


def add_first_workspace(tx: Tx, user_id: int) -> None:
    """A workspace "main" for the owner of the installation, unless there is one of that name."""
    if tx.execute(_BY_NAME, {"name": FIRST_WORKSPACE}).first() is None:
        _add(tx, user_id, FIRST_WORKSPACE, "Main")


def list_workspaces(tx: Tx, actor: Actor) -> list[Workspace]:
    """The workspaces where the actor has a role, by name; an organisation admin owns them all."""
    rows = tx.execute(_OF_PERSON, {"user_id": actor.user_id}).all()
    return [
        Workspace(row.id, row.name, row.title or row.name, Role(row.role or Role.OWNER), row.project_count)
        for row in rows
        if row.role is not None or actor.is_admin
    ]


def read_workspace(tx: Tx, grant: Grant) -> Workspace:
    """The workspace of the grant. Raises NotFound."""
    for workspace in list_workspaces(tx, grant.actor):
        if workspace.id == grant.workspace_id:
            return workspace
    raise NotFound("workspace-not-found", f"There is no workspace {grant.workspace_id} that you can see.")


def check_workspace_name(name: str) -> str:
    """The name itself. Raises Invalid("workspace-name")."""
    if WORKSPACE_NAME.fullmatch(name) and name not in RESERVED_WORKSPACE_NAMES:
        return name
    text = (
        f"{name!r} cannot name a workspace. Use 1 to 63 lower-case letters, digits and hyphens, with a "
        f"letter or digit at both ends; {', '.join(sorted(RESERVED_WORKSPACE_NAMES))} is reserved."
    )
    raise Invalid("workspace-name", text, fields={"name": [text]})


def _add(tx: Tx, user_id: int, name: str, title: str) -> int:
    if tx.execute(_BY_NAME, {"name": name}).first() is not None:
        raise Conflict("workspace-taken", f"There is a workspace {name!r} already. Choose another name.")
    values = {"name": name, "title": title, "created_by": user_id, "created_at": tx.now}
    workspace_id = int(tx.execute(_INSERT, values).scalar_one())
    tx.execute(
        _INSERT_MEMBER,
        {"workspace_id": workspace_id, "user_id": user_id, "role": Role.OWNER.value, "created_at": tx.now},
    )
    write_audit(
        tx,
        "workspace.created",
        actor_id=user_id,
        subject=f"workspace:{workspace_id}",
        workspace_id=workspace_id,
        detail={"name": name},
    )
    return workspace_id
