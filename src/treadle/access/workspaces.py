"""Workspaces: where projects live and roles are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ScalarSelect,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from treadle.access.audit import write_audit
from treadle.access.endings import end_credentials
from treadle.access.grants import Actor, Grant
from treadle.access.lengths import check_length
from treadle.db import Tx
from treadle.db.identity_tables import service_accounts
from treadle.db.repo_tables import repos
from treadle.db.schema import memberships, projects, tokens, users, workspaces
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


@dataclass(frozen=True)
class WorkspaceLine:
    """A workspace as administrators see it; what is deleted and can be restored does not count."""

    id: int
    name: str
    title: str
    created_at: datetime
    people: int
    service_accounts: int
    projects: int
    repos: int


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

_THERE: BindParameter[int] = bindparam("place_id")
_HAS_ROLE = exists().where(
    memberships.c.user_id == service_accounts.c.user_id,
    memberships.c.workspace_id == service_accounts.c.workspace_id,
)
_LOCK = select(workspaces.c.name).where(workspaces.c.id == _THERE).with_for_update()
_DELETE = delete(workspaces).where(workspaces.c.id == _THERE)
_CONTENTS = {
    "projects": select(func.count()).select_from(projects).where(projects.c.workspace_id == _THERE),
    "repos": select(func.count()).select_from(repos).where(repos.c.workspace_id == _THERE),
}
_SERVICES = select(service_accounts.c.user_id).where(service_accounts.c.workspace_id == _THERE)
_END_TOKENS = (
    update(tokens)
    .where(tokens.c.workspace_id == _THERE, tokens.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("instant"))
)
_SET_INACTIVE = update(users).where(users.c.id == bindparam("account_id")).values(is_active=False)


def _count_of(table: Table, *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    counted = select(func.count()).where(table.c.workspace_id == workspaces.c.id, *conditions)
    return counted.correlate(workspaces).scalar_subquery()


_LINES = select(
    workspaces.c.id,
    workspaces.c.name,
    workspaces.c.title,
    workspaces.c.created_at,
    (_count_of(memberships) - _count_of(service_accounts, _HAS_ROLE)).label("people"),
    _count_of(service_accounts).label("service_accounts"),
    _count_of(projects, projects.c.deleted_at.is_(None)).label("projects"),
    _count_of(repos, repos.c.deleted_at.is_(None)).label("repos"),
).order_by(workspaces.c.name)


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
    """The workspaces that the actor has a role in and the token reaches, by name; an admin owns them all."""
    rows = tx.execute(_OF_PERSON, {"user_id": actor.user_id}).all()
    rules = actor.is_admin or actor.is_admin_there
    return [
        Workspace(row.id, row.name, row.title or row.name, Role(row.role or Role.OWNER), row.project_count)
        for row in rows
        if (row.role is not None or rules) and actor.token_workspace_id in (None, row.id)
    ]


def read_workspace(tx: Tx, grant: Grant) -> Workspace:
    """The workspace of the grant. Raises NotFound."""
    for workspace in list_workspaces(tx, grant.actor):
        if workspace.id == grant.workspace_id:
            return workspace
    raise NotFound("workspace-not-found", f"There is no workspace {grant.workspace_id} that you can see.")


def rename_workspace(tx: Tx, grant: Grant, *, name: str | None = None, title: str | None = None) -> None:
    """Another name or title; what is stored under the workspace keeps its place.

    Raises Invalid("workspace-name", "too-long"), Conflict("workspace-taken").
    """
    values: dict[str, str] = {}
    if name is not None:
        taken = tx.execute(_BY_NAME, {"name": check_workspace_name(name)}).scalar()
        if taken not in (None, grant.workspace_id):
            raise _taken(name)
        values["name"] = name
    if title is not None:
        values["title"] = check_length("title", title.strip(), _TITLE_LENGTH)
    if values:
        tx.execute(update(workspaces).where(workspaces.c.id == grant.workspace_id).values(**values))
        _audit(tx, grant, "workspace.renamed", values)


def delete_workspace(tx: Tx, grant: Grant, elsewhere: Mapping[str, int]) -> None:
    """End an empty workspace: its memberships, invitations, and what reaches only it.

    elsewhere: how much is in it that this database does not know, by what it is called.
    Raises NotFound, Conflict("workspace-not-empty") that says what is in it: projects and repos are deleted
    one by one, where each can be restored for 30 days.
    """
    place = {"place_id": grant.workspace_id}
    row = tx.execute(_LOCK, place).first()
    if row is None:
        raise NotFound("workspace-not-found", f"There is no workspace {grant.workspace_id} that you can see.")
    contents = {**_count_contents(tx, place), **elsewhere}
    held = [f"{count} {what}" for what, count in contents.items() if count]
    if held:
        raise Conflict(
            "workspace-not-empty",
            f"The workspace {row.name!r} still holds {', '.join(held)}. Delete or move them first; what is "
            "deleted and can be restored counts: projects and repos for 30 days, runs until they are purged.",
        )
    _audit(tx, grant, "workspace.deleted", {"name": row.name})
    for account_id in tx.execute(_SERVICES, place).scalars().all():
        end_credentials(tx, account_id)
        tx.execute(_SET_INACTIVE, {"account_id": account_id})
    tx.execute(_END_TOKENS, {**place, "instant": tx.now})
    tx.execute(_DELETE, place)


def _count_contents(tx: Tx, place: Mapping[str, object]) -> dict[str, int]:
    return {what: tx.execute(statement, place).scalar_one() for what, statement in _CONTENTS.items()}


def list_all_workspaces(tx: Tx, _grant: Grant) -> list[WorkspaceLine]:
    """Every workspace, by name, with how much is in it; the grant is an admin's."""
    return [WorkspaceLine(**row) for row in tx.rows(_LINES)]


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
        raise _taken(name)
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


def _taken(name: str) -> Conflict:
    return Conflict("workspace-taken", f"There is a workspace {name!r} already. Choose another name.")


def _audit(tx: Tx, grant: Grant, action: str, detail: Mapping[str, object]) -> None:
    write_audit(
        tx,
        action,
        actor_id=grant.actor.user_id,
        subject=f"workspace:{grant.workspace_id}",
        workspace_id=grant.workspace_id,
        detail=detail,
    )
