"""Who was given what, who lost it, who was refused."""

from __future__ import annotations

from datetime import datetime, timezone

import msgspec

from treadle.access import ORGANIZATION, Grant, Scope, WorkspaceScope
from treadle.access.audit import AuditEntry, AuditFilter, Outcome, read_audit, walk_audit
from treadle.db import Tx
from treadle.errors import Invalid
from treadle.permissions import Permission
from treadle.web.audit_files import FORMATS
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, StreamReply, json_reply

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
    workspace: str | None
    outcome: Outcome
    detail: msgspec.Raw


class AuditPage(msgspec.Struct):
    """Lines, newest first; ``next_before`` asks for older ones as ``?before=``.

    ``?actor= &action= &workspace= &outcome=done|refused &since= &until=`` ask for those of one person, of one
    kind, of a workspace, with that end, and between two instants (``until`` itself is not among them).
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


def export_audit_log(call: Call) -> StreamReply:
    """``?format=csv|jsonl``, with the filters of the list; it is written while it is read."""
    return _export(call, ORGANIZATION)


def export_audit_log_of_workspace(call: Call) -> StreamReply:
    """As `export_audit_log`, of one workspace."""
    return _export(call, WorkspaceScope(call.path_int("id")))


def _export(call: Call, scope: Scope) -> StreamReply:
    name, only = call.query_text("format", "csv"), _filter(call)
    if name not in FORMATS:
        text = f"{name[:40]!r} is no format of the log. There are: {', '.join(FORMATS)}."
        raise Invalid("query-invalid", text, fields={"format": [text]})
    with call.read() as tx:
        grant = call.allow(tx, scope)
    write, content_type = FORMATS[name]
    headers = {"Content-Disposition": f'attachment; filename="audit-log.{name}"', "Cache-Control": "no-store"}
    return StreamReply(write(walk_audit(call.parts.database, grant, only)), content_type, headers)


def _filter(call: Call) -> AuditFilter:
    return AuditFilter(
        actor_id=call.query_int("actor"),
        action=call.query_text("action") or None,
        workspace_id=call.query_int("workspace"),
        since=_instant(call, "since"),
        until=_instant(call, "until"),
        outcome=_outcome(call),
    )


def _instant(call: Call, name: str) -> datetime | None:
    """A day or an instant of the query; without a zone it is UTC."""
    text = call.query_text(name)
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return found.astimezone(timezone.utc) if found.tzinfo else found.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError) as error:
        said = f"{name} is {text[:40]!r}. Write it as 2026-11-21 or 2026-11-21T08:30:00Z."
        raise Invalid("query-invalid", said, fields={name: [said]}) from error


def _outcome(call: Call) -> Outcome | None:
    text = call.query_text("outcome")
    if text in ("", *(each.value for each in Outcome)):
        return Outcome(text) if text else None
    said = f"outcome is {text[:40]!r}; give done or refused, or leave it out."
    raise Invalid("query-invalid", said, fields={"outcome": [said]})


def _read(call: Call, tx: Tx, grant: Grant) -> Reply:
    size, before = call.query_page("page_size", _PAGE_SIZE, _MOST_PER_PAGE), call.query_int("before")
    entries = read_audit(tx, grant, before=before, limit=size, only=_filter(call))
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
        entry.workspace,
        entry.outcome,
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
    Route(
        "GET",
        "/api/audit-log/export",
        export_audit_log,
        Permission.ORGANIZATION_READ,
        "Export the audit log as a file",
    ),
    Route(
        "GET",
        "/api/workspaces/{id}/audit-log/export",
        export_audit_log_of_workspace,
        Permission.AUDIT_READ,
        "Export a workspace's audit log as a file",
    ),
)
