"""Webhooks: their rows, and who may be told by them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, update

from treadle import events
from treadle.access import Grant, ListGrant
from treadle.access.audit import write_audit
from treadle.access.sealing import seal, unseal
from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.schema import projects
from treadle.db.webhook_tables import webhook_deliveries, webhook_queues, webhooks
from treadle.errors import Forbidden, Invalid, NotFound
from treadle.outbound.posting import check_url
from treadle.settings import Secret
from treadle.webhooks import deliveries, signing
from treadle.webhooks.actions import BY_ID, OF_WORKSPACE
from treadle.webhooks.deliveries import WAITING
from treadle.webhooks.receivers import Receiver

_LONGEST_URL = 2048
_MOST_HEADERS, _LONGEST_HEADER = 10, 4096
_HEADER_NAME = re.compile(r"[a-zA-Z0-9\-_]{1,200}")
#: Printable Latin-1, which is what HTTP carries.
_HEADER_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]*")
#: What says how the body comes, and what is ours to say.
_KEPT_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "expect"}
)

_w, _q, _d = webhooks.c, webhook_queues.c, webhook_deliveries.c
_WAITING = (
    select(func.count())
    .where(_d.queue_id == _q.id, _d.state == WAITING)
    .correlate(webhook_queues)
    .scalar_subquery()
)
_WITH_QUEUE = select(
    webhooks,
    _q.id.label("queue_id"),
    _q.failures,
    _q.failing_since,
    _q.rests_until,
    _WAITING.label("waiting"),
).join(webhook_queues, _q.webhook_id == _w.id)
_ONE = Prepared(_WITH_QUEUE.where(_w.id == bindparam("webhook_id")))
_OF_QUEUE = Prepared(_WITH_QUEUE.where(_q.id == bindparam("queue_id")))
_TOLD = Prepared(
    select(webhooks, _q.id.label("queue_id"))
    .join(webhook_queues, _q.webhook_id == _w.id)
    .outerjoin(projects, projects.c.id == _w.project_id)
    .where(_w.is_active, projects.c.deleted_at.is_(None))
)


@dataclass(frozen=True)
class Hook:
    """A webhook, and how its deliveries fare. project_id: None for every project of the workspace."""

    id: int
    workspace_id: int
    project_id: int | None
    url: str
    send_payload: bool
    send_for_all_actions: bool
    actions: Sequence[str]
    sealed_headers: str
    sealed_secret: str
    is_active: bool
    active_since: datetime
    problem: str
    created_by: int | None
    created_at: datetime
    updated_at: datetime
    queue_id: int
    failures: int
    failing_since: datetime | None
    rests_until: datetime | None
    waiting: int

    @property
    def receiver(self) -> Receiver:
        """As somebody who is told of what happens."""
        return _receiver(vars(self))

    def secret(self, key: Secret) -> Secret:
        """What its deliveries are signed with. Raises Unavailable("sealed-elsewhere")."""
        return unseal(key, self.sealed_secret)

    def headers(self, key: Secret) -> dict[str, str]:
        """What else its deliveries carry. Raises Unavailable("sealed-elsewhere")."""
        if not self.sealed_headers:
            return {}
        return msgspec.json.decode(unseal(key, self.sealed_headers).reveal(), type=dict[str, str])


@dataclass(frozen=True)
class HookForm:
    """What is said of a hook."""

    url: str
    send_payload: bool = True
    send_for_all_actions: bool = True
    actions: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    is_active: bool = True


def create(tx: Tx, grant: Grant, form: HookForm, key: Secret) -> tuple[Hook, Secret]:
    """Add a hook to the grant's project or workspace; with its secret, which is not shown again.

    Raises Invalid naming every field that is wrong.
    """
    check_form(form, is_of_project=grant.project_id is not None)
    secret = signing.make_secret()
    values = {
        **_values(form, key),
        "workspace_id": grant.workspace_id,
        "project_id": grant.project_id,
        "sealed_secret": seal(key, secret.reveal()),
        "active_since": tx.now,
        "created_by": grant.actor.user_id,
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    hook_id = tx.execute(insert(webhooks).returning(_w.id), values).scalar_one()
    tx.execute(insert(webhook_queues), {"webhook_id": hook_id})
    hook = get(tx, hook_id)
    _note(tx, hook, "webhook.created", by=grant.actor.user_id)
    return hook, secret


def change(tx: Tx, grant: Grant, hook: Hook, form: HookForm, *, key: Secret) -> Hook:
    """Set all that is said of a hook. What waits is sent by what it is then; switched off, it waits no more.

    Raises Invalid naming every field that is wrong.
    """
    check_form(form, is_of_project=hook.project_id is not None)
    values = {**_values(form, key), "updated_at": tx.now}
    if form.is_active != hook.is_active:
        values |= {"problem": "", "active_since": tx.now}
    if form.is_active != hook.is_active or values["url"] != hook.url:
        _begin_anew(tx, hook)
    if not form.is_active:
        deliveries.drop_waiting(tx, hook.queue_id, "The webhook was switched off.")
    tx.execute(update(webhooks).where(_w.id == hook.id).values(**values))
    changed = get(tx, hook.id)
    _note(tx, changed, "webhook.changed", by=grant.actor.user_id)
    return changed


def renew_secret(tx: Tx, grant: Grant, hook: Hook, key: Secret) -> Secret:
    """Sign with another secret from now on; the secret, which is not shown again."""
    secret = signing.make_secret()
    values = {"sealed_secret": seal(key, secret.reveal()), "updated_at": tx.now}
    tx.execute(update(webhooks).where(_w.id == hook.id).values(**values))
    _note(tx, hook, "webhook.secret-renewed", by=grant.actor.user_id)
    return secret


def remove(tx: Tx, grant: Grant, hook: Hook) -> None:
    """Forget a hook with its deliveries."""
    tx.execute(delete(webhooks).where(_w.id == hook.id))
    _note(tx, hook, "webhook.deleted", by=grant.actor.user_id)


def switch_off(tx: Tx, hook: Hook, why: str) -> None:
    """Tell nothing by a hook any more, since nobody takes it; it says why."""
    tx.execute(
        update(webhooks).where(_w.id == hook.id).values(is_active=False, problem=why, updated_at=tx.now)
    )
    deliveries.drop_waiting(
        tx, hook.queue_id, "The webhook was switched off, since nothing was taken for days."
    )
    # It rests no more: what is left of the backlog is dropped by whoever would send it.
    tx.execute(update(webhook_queues).where(_q.id == hook.queue_id).values(rests_until=None))
    _note(tx, hook, "webhook.switched-off", by=None)


def get(tx: Tx, hook_id: int) -> Hook:
    """The hook. Raises NotFound("webhook-not-found")."""
    row = tx.execute(_ONE, {"webhook_id": hook_id}).first()
    if row is None:
        raise no_hook(hook_id)
    return _hook(row)


def of_queue(tx: Tx, queue_id: int) -> Hook | None:
    """The hook of a queue, if there still is one."""
    row = tx.execute(_OF_QUEUE, {"queue_id": queue_id}).first()
    return None if row is None else _hook(row)


def list_of_project(tx: Tx, project_id: int) -> list[Hook]:
    """The project's own hooks, oldest first."""
    return _list(tx, _w.project_id == project_id)


def list_seen(tx: Tx, grants: Mapping[int, Grant], of_projects: ListGrant) -> list[Hook]:
    """The hooks of the grants' workspaces and of the projects of the other grant, oldest first.

    Raises Forbidden("not-allowed") where there is neither.
    """
    held = select(projects.c.id).where(of_projects.condition)
    actor = of_projects.actor
    if (
        not grants
        and not (actor.is_admin and not actor.is_held)
        and tx.execute(held.limit(1)).first() is None
    ):
        raise Forbidden("not-allowed", "Webhooks are for managers. Ask one of the workspace for the role.")
    of_workspace = _w.project_id.is_(None) & _w.workspace_id.in_(list(grants))
    return _list(tx, _w.project_id.in_(held) | of_workspace)


def list_receivers(tx: Tx) -> list[Receiver]:
    """Every hook that is to be told of what happens now."""
    return [_receiver({**row, "actions": _actions(row)}) for row in tx.rows(_TOLD, {})]


def no_hook(hook_id: int) -> NotFound:
    """The error for a hook that is not there or not the actor's to see."""
    return NotFound(
        "webhook-not-found",
        f"No Webhook matches the given query. There is no webhook {hook_id} that you can see.",
    )


def check_form(form: HookForm, *, is_of_project: bool) -> None:
    """Nothing, when a hook may be made of it. Raises Invalid naming every field that is wrong."""
    wrong = {
        "url": _wrong_url(form.url),
        "actions": _wrong_actions(form.actions, is_of_project=is_of_project),
        "headers": _wrong_headers(form.headers),
    }
    fields = {name: [text] for name, text in wrong.items() if text}
    if fields:
        raise Invalid("webhook", " ".join(text for [text] in fields.values()), fields=fields)


def _wrong_url(url: str) -> str:
    if len(url) > _LONGEST_URL:
        return f"Ensure this field has no more than {_LONGEST_URL} characters."
    try:
        check_url(url)
    except Invalid as error:
        return error.message
    return ""


def _wrong_actions(actions: Sequence[str], *, is_of_project: bool) -> str:
    unknown = [action for action in actions if action not in BY_ID]
    if unknown:
        return f'"{unknown[0][:60]}" is not a valid choice. Take some of: {", ".join(BY_ID)}.'
    if is_of_project and OF_WORKSPACE.intersection(actions):
        return "Project webhook can't contain organization-only action."
    return ""


def _wrong_headers(headers: Mapping[str, str]) -> str:
    if len(headers) > _MOST_HEADERS:
        return f"Give at most {_MOST_HEADERS} headers."
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            return f"{name[:60]!r} is no name of a header: take letters, digits, - and _."
        if name.lower() in _KEPT_HEADERS or name.lower().startswith(signing.PREFIX):
            return f"The header {name} is the server's own to set."
        if len(value) > _LONGEST_HEADER or not _HEADER_VALUE.fullmatch(value):
            return f"The value of {name} is no header: one line, at most {_LONGEST_HEADER:,} characters."
    return ""


def _values(form: HookForm, key: Secret) -> dict[str, Any]:
    return {
        "url": form.url.strip(),
        "send_payload": form.send_payload,
        "send_for_all_actions": form.send_for_all_actions,
        "actions": _json([action for action in BY_ID if action in form.actions]),
        "sealed_headers": seal(key, _json(dict(form.headers))) if form.headers else "",
        "is_active": form.is_active,
    }


def _begin_anew(tx: Tx, hook: Hook) -> None:
    fresh = {"failures": 0, "failing_since": None, "rests_until": None}
    tx.execute(update(webhook_queues).where(_q.id == hook.queue_id).values(**fresh))


def _list(tx: Tx, condition: ColumnElement[bool]) -> list[Hook]:
    return [_hook(row) for row in tx.rows(_WITH_QUEUE.where(condition).order_by(_w.id))]


def _hook(row: Mapping[str, Any]) -> Hook:
    return Hook(**{**row, "actions": _actions(row)})


def _actions(row: Mapping[str, Any]) -> list[str]:
    return msgspec.json.decode(row["actions"], type=list[str])


def _receiver(row: Mapping[str, Any]) -> Receiver:
    return Receiver(
        row["queue_id"],
        row["workspace_id"],
        row["project_id"],
        row["active_since"],
        None if row["send_for_all_actions"] else frozenset(row["actions"]),
        row["send_payload"],
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _note(tx: Tx, hook: Hook, what: str, *, by: int | None) -> None:
    """An event, and a line of the audit log: of the address its host alone, since paths hold keys."""
    events.record(tx, what, actor_id=by, project_id=hook.project_id, subject_id=hook.id)
    detail = {"webhook": hook.id, "host": check_url(hook.url)}
    subject = f"workspace:{hook.workspace_id}" if hook.project_id is None else f"project:{hook.project_id}"
    write_audit(tx, what, actor_id=by, subject=subject, workspace_id=hook.workspace_id, detail=detail)
