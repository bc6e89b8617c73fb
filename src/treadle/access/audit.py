"""The audit log: who was given what, who lost it, who was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, insert, select

from treadle.access.grants import DeletedRepoScope, Grant, ProjectScope, RepoScope, Scope, WorkspaceScope
from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repos
from treadle.db.schema import audit_log, projects, users

_INSERT = Prepared(insert(audit_log), keys=("at", "actor_id", "action", "subject", "workspace_id", "detail"))
_NEWEST = (
    select(
        audit_log.c.id,
        audit_log.c.at,
        audit_log.c.actor_id,
        users.c.email.label("actor"),
        audit_log.c.action,
        audit_log.c.subject,
        audit_log.c.workspace_id,
        audit_log.c.detail,
    )
    .select_from(audit_log.outerjoin(users, users.c.id == audit_log.c.actor_id))
    .where(audit_log.c.id < bindparam("before"))
    .order_by(audit_log.c.id.desc())
    .limit(bindparam("limit"))
)
_NEWEST_OF_WORKSPACE = _NEWEST.where(audit_log.c.workspace_id == bindparam("workspace_id"))
_WORKSPACE_OF = select(projects.c.workspace_id).where(projects.c.id == bindparam("project_id"))
_WORKSPACE_OF_REPO = select(repos.c.workspace_id).where(repos.c.id == bindparam("repo_id"))
_AFTER_ALL = 2**62


@dataclass(frozen=True)
class AuditEntry:
    """One line of the log; ``detail`` is JSON."""

    id: int
    at: datetime
    actor_id: int | None
    actor: str | None
    action: str
    subject: str
    workspace_id: int | None
    detail: str


def write_audit(
    tx: Tx,
    action: str,
    *,
    actor_id: int | None,
    subject: str = "",
    workspace_id: int | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Add a line, in the transaction of what it tells."""
    tx.execute(
        _INSERT,
        {
            "at": tx.now,
            "actor_id": actor_id,
            "action": action,
            "subject": subject,
            "workspace_id": workspace_id,
            "detail": msgspec.json.encode(detail or {}).decode(),
        },
    )


def workspace_of(tx: Tx, scope: Scope) -> int | None:
    """The workspace of what somebody asked for; None where it is gone, or none."""
    if isinstance(scope, WorkspaceScope):
        return scope.workspace_id
    if isinstance(scope, ProjectScope):
        found: int | None = tx.execute(_WORKSPACE_OF, {"project_id": scope.project_id}).scalar()
        return found
    if isinstance(scope, (RepoScope, DeletedRepoScope)):
        of_repo: int | None = tx.execute(_WORKSPACE_OF_REPO, {"repo_id": scope.repo_id}).scalar()
        return of_repo
    return None


@dataclass(frozen=True)
class AuditFilter:
    """Only what this person did, only this action; None for every."""

    actor_id: int | None = None
    action: str | None = None


_EVERYTHING = AuditFilter()


def read_audit(
    tx: Tx,
    grant: Grant,
    *,
    before: int | None = None,
    limit: int = 100,
    only: AuditFilter = _EVERYTHING,
) -> list[AuditEntry]:
    """The newest lines first, older than the line ``before``: of the grant's workspace, or of all."""
    statement, parameters = _NEWEST, {"before": before or _AFTER_ALL, "limit": limit}
    if grant.workspace_id is not None:
        statement, parameters = _NEWEST_OF_WORKSPACE, {**parameters, "workspace_id": grant.workspace_id}
    if only.actor_id is not None:
        statement = statement.where(audit_log.c.actor_id == only.actor_id)
    if only.action is not None:
        statement = statement.where(audit_log.c.action == only.action)
    return [AuditEntry(**row) for row in tx.execute(statement, parameters).mappings()]
