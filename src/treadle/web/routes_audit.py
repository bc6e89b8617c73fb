"""Who was given what, who lost it, who was refused."""

from __future__ import annotations

from datetime import datetime

import msgspec

from treadle.access import ORGANIZATION, Grant, WorkspaceScope
from treadle.access.audit import AuditEntry, AuditFilter, read_audit
from treadle.db import Tx
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, json_reply

_PAGE_SIZE = 100
_MOST_PER_PAGE = 1000


class AuditEntryBody(msgspec.Struct):
    """One line of the audit log."""

    id: int
    at: datetime
    actor_id: int | None
    actor: str | None
    action: str
    subject: str
    workspace_id: int | None
    detail: msgspec.Raw


class AuditPage(msgspec.Struct):
    """Lines, newest first; ``next_before`` asks for older ones as ``?before=``.

    ``?actor=`` and ``?action=`` ask for those of one person, and of one kind.
    """

    results: list[AuditEntryBody]
    next_before: int | None


def get_audit_log(call: Call) -> Reply:
    with call.read() as tx:
        return _read(call, tx, call.allow(tx, ORGANIZATION))


def get_audit_log_of_workspace(call: Call) -> Reply:
    scope = WorkspaceScope(call.path_int("id"))
    with call.read() as tx:
        return _read(call, tx, call.allow(tx, scope))


def _read(call: Call, tx: Tx, grant: Grant) -> Reply:
    size, before = call.query_page("page_size", _PAGE_SIZE, _MOST_PER_PAGE), call.query_int("before")
    only = AuditFilter(call.query_int("actor"), call.query_text("action") or None)
    entries = read_audit(tx, grant, before=before, limit=size, only=only)
    older = entries[-1].id if len(entries) == size else None
    return json_reply(AuditPage([_body(entry) for entry in entries], older))


def _body(entry: AuditEntry) -> AuditEntryBody:
    return AuditEntryBody(
        entry.id,
        entry.at,
        entry.actor_id,
        entry.actor,
        entry.action,
        entry.subject,
        entry.workspace_id,
        msgspec.Raw(entry.detail.encode()),
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/audit-log",
        get_audit_log,
        Permission.ORGANIZATION_READ,
        "Read the audit log",
        None,
        AuditPage,
    ),
    Route(
        "GET",
        "/api/workspaces/{id}/audit-log",
        get_audit_log_of_workspace,
        Permission.AUDIT_READ,
        "Read a workspace's audit log",
        None,
        AuditPage,
    ),
)
