"""Webhooks over HTTP, as Label Studio's clients ask for them, and their deliveries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from treadle.access import Grant, ProjectScope, Scope, WorkspaceScope
from treadle.db import Tx
from treadle.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from treadle.learning.connections import backends
from treadle.permissions import Permission
from treadle.settings import Secret
from treadle.web.absent import told_as
from treadle.web.backend_threads import speaking
from treadle.web.body_types import Id
from treadle.web.call import Call
from treadle.web.routing import SIGNED_IN, Reply, Route, empty, json_reply
from treadle.webhooks import ACTIONS, deliveries, hooks, queues
from treadle.webhooks.deliveries import Delivery
from treadle.webhooks.hooks import Hook, HookForm
from treadle.webhooks.sending import HookAudience

_MOST_AT_ONCE = 200
_STATES = ("waiting", "delivered", "failed")


class WebhookBody(msgspec.Struct):
    """What is said of a webhook; without a project it is told of all projects of the workspace.

    What is left out of a change stays as it is; ``project`` and ``workspace`` cannot be changed.
    """

    url: str | UnsetType = UNSET
    project: Id | UnsetType | None = UNSET
    workspace: Id | UnsetType | None = UNSET
    send_payload: bool | UnsetType = UNSET
    send_for_all_actions: bool | UnsetType = UNSET
    actions: list[str] | UnsetType | None = UNSET
    headers: dict[str, str] | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET


def get_actions(call: Call) -> Reply:
    """What a webhook can be told of; ``?organization-only=true``: what only those without a project are."""
    with call.read():
        wanted = call.query_flag("organization-only") if "organization-only" in call.query else None
    return json_reply(
        {
            action.id: {
                "name": action.name,
                "description": "",
                "key": action.key,
                "organization-only": action.is_of_workspace,
            }
            for action in ACTIONS
            if wanted in (None, action.is_of_workspace)
        }
    )


def list_webhooks(call: Call) -> Reply:
    """All that I may change; ``?project=ID`` those of a project, ``?project=null`` those without one."""
    asked = call.query_text("project")
    with call.read() as tx:
        if asked not in ("", "null"):
            project_id = call.query_int("project") or 0
            call.allow(tx, ProjectScope(project_id))
            found = hooks.list_of_project(tx, project_id)
        else:
            found = hooks.list_seen(tx, call.allow_anywhere(tx), call.allow_list())
        key = call.parts.signing_key
        return json_reply(
            [_told(hook, key) for hook in found if not asked or asked == str(hook.project_id or "null")]
        )


def create_webhook(call: Call) -> Reply:
    """Add a webhook; the answer holds the secret that signs its deliveries, which is shown this once."""
    body = call.decode(WebhookBody)
    if body.url is UNSET:
        raise Invalid("webhook", "Say where it leads: url.", fields={"url": ["This field is required."]})
    form = _form(HookForm(""), body)
    with call.read() as tx:
        grant = _grant_for_new(call, tx, body)
    hooks.check_form(form, is_of_project=grant.project_id is not None)
    _audience(call).check_reach(form.url)
    with call.write() as tx:
        hook, secret = hooks.create(tx, _grant_for_new(call, tx, body), form, call.parts.signing_key)
        return json_reply({**_told(hook, call.parts.signing_key), "secret": secret.reveal()}, 201)


def get_webhook(call: Call) -> Reply:
    with call.read() as tx:
        return json_reply(_told(_find(call, tx)[1], call.parts.signing_key))


def change_webhook(call: Call) -> Reply:
    """Change what is named; switched on again, a webhook is told of what happens from then on."""
    body = call.decode(WebhookBody)
    if call.method == "PUT" and body.url is UNSET:
        raise Invalid("webhook", "Say where it leads: url.", fields={"url": ["This field is required."]})
    with call.read() as tx:
        hook = _find(call, tx)[1]
        form = _form(_form_of(hook, call.parts.signing_key), body)
    hooks.check_form(form, is_of_project=hook.project_id is not None)
    if form.url != hook.url:
        _audience(call).check_reach(form.url)
    with call.write() as tx:
        grant, hook = _find(call, tx)
        form = _form(_form_of(hook, call.parts.signing_key), body)
        changed = hooks.change(tx, grant, hook, form, key=call.parts.signing_key)
        return json_reply(_told(changed, call.parts.signing_key))


def delete_webhook(call: Call) -> Reply:
    with call.write() as tx:
        grant, hook = _find(call, tx)
        hooks.remove(tx, grant, hook)
    return empty()


def renew_secret(call: Call) -> Reply:
    """Sign by a new secret from now on, which is shown this once."""
    with call.write() as tx:
        grant, hook = _find(call, tx)
        return json_reply({"secret": hooks.renew_secret(tx, grant, hook, call.parts.signing_key).reveal()})


def send_test(call: Call) -> Reply:
    """Send ``{"action": "TEST"}`` now, switched on or not; what came of it."""
    with call.write() as tx:
        _grant, hook = _find(call, tx)
        delivery = deliveries.add_test(tx, hook.queue_id, hook.project_id)
    answer = _audience(call).sender(hook)(delivery.parcel)
    with call.parts.database.write() as tx:
        deliveries.note(tx, delivery, answer)
        return json_reply(_told_delivery(deliveries.get(tx, hook.queue_id, delivery.id)))


def list_deliveries(call: Call) -> Reply:
    """What was sent or is to be, newest first; ``?before=ID`` for older ones, ``?state=failed`` for those."""
    with call.read() as tx:
        return _page(call, tx, _find(call, tx)[1].queue_id)


def list_backend_deliveries(call: Call) -> Reply:
    """What a model backend was told of what happened in its project, newest first."""
    backend_id = call.path_int("backend")
    with call.read() as tx:
        with told_as(NotFound("backend-not-found", f"There is no backend {backend_id} that you can see.")):
            call.allow(tx, ProjectScope(backends.get(tx, backend_id).project_id))
        return _page(call, tx, queues.of_backend(tx, backend_id) or 0)


def _page(call: Call, tx: Tx, queue_id: int) -> Reply:
    state = call.query_text("state")
    if state and state not in _STATES:
        text = f"state is {state[:40]!r}; take one of: {', '.join(_STATES)}."
        raise Invalid("query-invalid", text, fields={"state": [text]})
    limit = call.query_page("limit", 50, _MOST_AT_ONCE)
    before = call.query_int("before")
    found = deliveries.list_page(tx, queue_id, before=before, state=state, limit=limit)
    older = found[-1].id if len(found) == limit else None
    return json_reply({"results": [_told_delivery(each) for each in found], "before": older})


def get_delivery(call: Call) -> Reply:
    """One delivery, with the body that was sent."""
    with call.read() as tx:
        found = deliveries.get(tx, _find(call, tx)[1].queue_id, call.path_int("delivery"))
    return json_reply({**_told_delivery(found), "body": msgspec.Raw(found.body)})


def replay_delivery(call: Call) -> Reply:
    """Send once more what was sent, as it was."""
    with call.write() as tx:
        hook = _find_active(call, tx)
        again = deliveries.replay(tx, hook.queue_id, call.path_int("delivery"))
    return json_reply(_told_delivery(again), 202)


def replay_failed(call: Call) -> Reply:
    """Send everything once more that was given up, oldest first."""
    with call.read() as tx:
        hook = _find_active(call, tx)
    return json_reply({"count": deliveries.replay_failed(call.parts.database, hook.queue_id)}, 202)


def _grant_for_new(call: Call, tx: Tx, body: WebhookBody) -> Grant:
    if body.project is not UNSET and body.project is not None:
        return call.allow(tx, ProjectScope(body.project))
    if body.workspace is not UNSET and body.workspace is not None:
        return call.allow(tx, WorkspaceScope(body.workspace))
    grants = call.allow_anywhere(tx)  # clients of Label Studio name none
    if not grants:
        text = "You may not make webhooks in any workspace. Ask for the role of a manager."
        raise Forbidden("not-allowed", text)
    return grants[min(grants)]


def _find(call: Call, tx: Tx) -> tuple[Grant, Hook]:
    hook_id = call.path_int("id")
    with told_as(hooks.no_hook(hook_id)):
        hook = hooks.get(tx, hook_id)
        return call.allow(tx, _scope_of(hook)), hook


def _find_active(call: Call, tx: Tx) -> Hook:
    hook = _find(call, tx)[1]
    if not hook.is_active:
        raise Conflict("webhook-off", f"Webhook {hook.id} is switched off. Switch it on, then send again.")
    return hook


def _scope_of(hook: Hook) -> Scope:
    return WorkspaceScope(hook.workspace_id) if hook.project_id is None else ProjectScope(hook.project_id)


def _audience(call: Call) -> HookAudience:
    return HookAudience.open(call.parts.settings, call.parts.signing_key)


def _form(before: HookForm, body: WebhookBody) -> HookForm:
    given = {
        name: value
        for name, value in msgspec.structs.asdict(body).items()
        if value is not UNSET and name not in ("project", "workspace")
    }
    for name, nothing in (("actions", ()), ("headers", {})):
        if name in given and given[name] is None:
            given[name] = nothing
    return replace(before, **given)


def _form_of(hook: Hook, key: Secret) -> HookForm:
    return HookForm(
        hook.url,
        hook.send_payload,
        hook.send_for_all_actions,
        hook.actions,
        _headers_of(hook, key) or {},
        hook.is_active,
    )


def _headers_of(hook: Hook, key: Secret) -> dict[str, str] | None:
    """None where they cannot be read: they are to be entered again, and the list shows the rest."""
    try:
        return hook.headers(key)
    except Unavailable:
        return None


def _told(hook: Hook, key: Secret) -> dict[str, Any]:
    headers = _headers_of(hook, key)
    unread = "Its headers cannot be read with this installation's secret.key: enter them again."
    return {
        "id": hook.id,
        "organization": 1,
        "workspace": hook.workspace_id,
        "project": hook.project_id,
        "url": hook.url,
        "send_payload": hook.send_payload,
        "send_for_all_actions": hook.send_for_all_actions,
        "headers": headers or {},
        "is_active": hook.is_active,
        "actions": hook.actions,
        "created_at": hook.created_at,
        "updated_at": hook.updated_at,
        "consecutive_failures": hook.failures,
        "failing_since": hook.failing_since,
        "rests_until": hook.rests_until,
        "waiting": hook.waiting,
        "problem": hook.problem if headers is not None else unread,
    }


def _told_delivery(delivery: Delivery) -> dict[str, Any]:
    names = ("id", "action", "cause", "state", "attempts", "created_at", "due_at", "sent_at", "status_code")
    more = ("duration_ms", "response", "problem")
    told = {name: getattr(delivery, name) for name in (*names, *more)}
    return {**told, "event": delivery.parcel.event, "project": delivery.project_id}


_MAY = Permission.WEBHOOK_WRITE
_ALL, _ONE = "/api/webhooks/", "/api/webhooks/{id}/"
_DELIVERY = f"{_ONE}deliveries/{{delivery}}/"

ROUTES: tuple[Route, ...] = (
    Route("GET", _ALL, list_webhooks, _MAY, "List all webhooks"),
    Route(
        "POST", _ALL, speaking(create_webhook), _MAY, "Create a webhook", WebhookBody, status=201, stream=True
    ),
    Route("GET", f"{_ALL}info/", get_actions, SIGNED_IN, "Get all webhook actions"),
    Route("GET", _ONE, get_webhook, _MAY, "Get webhook info"),
    Route("PUT", _ONE, speaking(change_webhook), _MAY, "Save webhook info", WebhookBody, stream=True),
    Route("PATCH", _ONE, speaking(change_webhook), _MAY, "Update webhook info", WebhookBody, stream=True),
    Route("DELETE", _ONE, delete_webhook, _MAY, "Delete webhook info", status=204),
    Route("POST", f"{_ONE}secret/", renew_secret, _MAY, "Sign by a new secret"),
    Route("POST", f"{_ONE}test/", speaking(send_test), _MAY, "Send a test", stream=True),
    Route("POST", f"{_ONE}replay/", replay_failed, _MAY, "Send what failed again", status=202),
    Route("GET", f"{_ONE}deliveries/", list_deliveries, _MAY, "List deliveries of a webhook"),
    Route(
        "GET",
        f"{_ALL}backends/{{backend}}/deliveries/",
        list_backend_deliveries,
        Permission.PROJECT_WRITE,
        "List what a backend was told",
    ),
    Route("GET", _DELIVERY, get_delivery, _MAY, "Get a delivery with its body"),
    Route("POST", f"{_DELIVERY}replay/", replay_delivery, _MAY, "Send a delivery again", status=202),
)
