"""The audit log: who was given what, who lost it, who was refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import msgspec
from sqlalchemy import ColumnElement, bindparam, insert, select

from treadle.access.grants import DeletedRepoScope, Grant, ProjectScope, RepoScope, Scope, WorkspaceScope
from treadle.db import Database, Tx
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repos
from treadle.db.schema import audit_log, projects, users, workspaces

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
        workspaces.c.name.label("workspace"),
        audit_log.c.detail,
    )
    .select_from(
        audit_log.outerjoin(users, users.c.id == audit_log.c.actor_id).outerjoin(
            workspaces, workspaces.c.id == audit_log.c.workspace_id
        )
    )
    .where(audit_log.c.id < bindparam("before"))
    .order_by(audit_log.c.id.desc())
    .limit(bindparam("limit"))
)
_WORKSPACE_OF = select(projects.c.workspace_id).where(projects.c.id == bindparam("project_id"))
_WORKSPACE_OF_REPO = select(repos.c.workspace_id).where(repos.c.id == bindparam("repo_id"))
_AFTER_ALL = 2**62
_AT_ONCE = 1000


#: The action of what was not allowed.
REFUSED = "access.refused"


class Outcome(str, Enum):
    """What became of what somebody wanted."""

    DONE = "done"
    REFUSED = "refused"


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
    #: Its name; None where it is gone, or none.
    workspace: str | None
    detail: str

    @property
    def outcome(self) -> Outcome:
        """Whether it was done."""
        return Outcome.REFUSED if self.action == REFUSED else Outcome.DONE


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
    """Only what meets all of these; None for every.

    since: that instant and later.  until: before that instant.
    """

    actor_id: int | None = None
    action: str | None = None
    workspace_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    outcome: Outcome | None = None


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
    statement = _NEWEST.where(*_conditions(grant, only))
    rows = tx.rows(statement, {"before": before or _AFTER_ALL, "limit": limit})
    return [AuditEntry(**row) for row in rows]


def walk_audit(database: Database, grant: Grant, only: AuditFilter) -> Iterator[list[AuditEntry]]:
    """All lines, newest first, a thousand at a time, each time in a transaction of its own."""
    before: int | None = None
    while True:
        with database.read() as tx:
            entries = read_audit(tx, grant, before=before, limit=_AT_ONCE, only=only)
        if entries:
            yield entries
        if len(entries) < _AT_ONCE:
            return
        before = entries[-1].id


def _conditions(grant: Grant, only: AuditFilter) -> list[ColumnElement[bool]]:
    """A grant for one workspace reads no other, whatever is asked for."""
    log = audit_log.c
    told = [
        (log.workspace_id, grant.workspace_id),
        (log.workspace_id, only.workspace_id),
        (log.actor_id, only.actor_id),
        (log.action, only.action),
    ]
    conditions = [column == value for column, value in told if value is not None]
    if only.since is not None:
        conditions.append(log.at >= only.since)
    if only.until is not None:
        conditions.append(log.at < only.until)
    if only.outcome is not None:
        is_refused = only.outcome is Outcome.REFUSED
        conditions.append(log.action == REFUSED if is_refused else log.action != REFUSED)
    return conditions
