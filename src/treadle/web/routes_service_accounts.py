"""Service accounts: of a workspace, for those who manage it, and of all, for the organisation's admins."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from treadle.access import ORGANIZATION, Grant, TokenScope, WorkspaceScope
from treadle.access.roles import give_role
from treadle.access.service_accounts import (
    NewServiceAccount,
    ServiceAccount,
    create_service_account,
    create_service_token,
    describe_service_account,
    disable_service_account,
    enable_service_account,
    list_service_accounts,
    list_service_tokens,
    read_service_account,
    revoke_service_token,
)
from treadle.access.tokens import NewToken
from treadle.db import Tx
from treadle.permissions import Permission, Role
from treadle.web.body_types import Whole
from treadle.web.call import Call
from treadle.web.narrower import check_is_workspace_wide
from treadle.web.routes_tokens import NewTokenBody, TokenBody, WorkspaceOfToken, new_token_body, token_body
from treadle.web.routing import Reply, Route, empty, json_reply


class ServiceAccountBody(msgspec.Struct):
    """A service account; ``email`` is its name towards programs that ask for a user."""

    id: int
    name: str
    email: str
    description: str
    workspace: WorkspaceOfToken
    role: Role | None
    is_active: bool
    created_at: datetime
    created_by: str | None
    tokens: int
    last_used_at: datetime | None


class NewServiceAccountForm(msgspec.Struct):
    """A service account to be made."""

    name: str
    role: Role
    description: str = ""
    experiment: str | Whole | None = None
    model: str | None = None


class ServiceAccountChange(msgspec.Struct):
    """What to change of it; what is left out stays. Disabling ends its tokens for good."""

    role: Role | UnsetType = UNSET
    description: str | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class NewServiceToken(msgspec.Struct):
    """A token to be made for it; without days it lasts until it is revoked."""

    name: str
    expires_in_days: int | None = None
    scope: TokenScope = TokenScope.ALL


def get_all_service_accounts(call: Call) -> Reply:
    with call.read() as tx:
        found = list_service_accounts(tx, call.allow(tx, ORGANIZATION))
    return json_reply([_body(each) for each in found])


def get_service_accounts(call: Call) -> Reply:
    with call.read() as tx:
        found = list_service_accounts(tx, call.allow(tx, _scope(call)))
    return json_reply([_body(each) for each in found])


def post_service_account(call: Call) -> Reply:
    form = call.decode(NewServiceAccountForm)
    check_is_workspace_wide(form.experiment, form.model)
    new = NewServiceAccount(form.name, form.role, form.description)
    with call.write() as tx:
        return json_reply(_body(create_service_account(tx, _allow_change(call, tx), new)), 201)


def get_service_account(call: Call) -> Reply:
    with call.read() as tx:
        grant = call.allow(tx, _scope(call))
        return json_reply(_body(read_service_account(tx, grant, call.path_int("account_id"))))


def patch_service_account(call: Call) -> Reply:
    account_id, change = call.path_int("account_id"), call.decode(ServiceAccountChange)
    with call.write() as tx:
        grant = _allow_change(call, tx)
        account = read_service_account(tx, grant, account_id)
        if isinstance(change.description, str):
            describe_service_account(tx, grant, account_id, change.description)
        if isinstance(change.role, Role) and change.role is not account.role:
            give_role(tx, grant, account_id, change.role)
        if change.is_active is True and not account.is_active:
            enable_service_account(tx, grant, account_id)
        if change.is_active is False and account.is_active:
            disable_service_account(tx, grant, account_id)
        return json_reply(_body(read_service_account(tx, grant, account_id)))


def get_service_tokens(call: Call) -> Reply:
    with call.read() as tx:
        found = list_service_tokens(tx, call.allow(tx, _scope(call)), call.path_int("account_id"))
    return json_reply([token_body(each) for each in found])


def post_service_token(call: Call) -> Reply:
    account_id, form = call.path_int("account_id"), call.decode(NewServiceToken)
    new = NewToken(form.name, form.expires_in_days, form.scope)
    with call.write() as tx:
        token, text = create_service_token(tx, _allow_change(call, tx), account_id, new)
    return json_reply(new_token_body(token, text), 201)


def delete_service_token(call: Call) -> Reply:
    account_id, token_id = call.path_int("account_id"), call.path_int("token_id")
    with call.write() as tx:
        revoke_service_token(tx, _allow_change(call, tx), account_id, token_id)
    return empty()


def _allow_change(call: Call, tx: Tx) -> Grant:
    """Not by a token that may less than its person, nor by a service account: tokens make no tokens."""
    grant = call.allow(tx, _scope(call))
    call.check_is_whole()
    return grant


def _scope(call: Call) -> WorkspaceScope:
    return WorkspaceScope(call.path_int("id"))


def _body(account: ServiceAccount) -> ServiceAccountBody:
    return ServiceAccountBody(
        account.id,
        account.name,
        account.email,
        account.description,
        WorkspaceOfToken(account.workspace_id, account.workspace),
        account.role,
        account.is_active,
        account.created_at,
        account.created_by,
        account.token_count,
        account.last_used_at,
    )


_ALL = "/api/workspaces/{id}/service-accounts/"
_ONE = f"{_ALL}{{account_id}}/"
_TOKENS = f"{_ONE}tokens/"
_MANAGE = Permission.MEMBERS_MANAGE

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/admin/service-accounts/",
        get_all_service_accounts,
        Permission.ORGANIZATION_READ,
        "List every service account",
        None,
        list[ServiceAccountBody],
    ),
    Route(
        "GET",
        _ALL,
        get_service_accounts,
        _MANAGE,
        "List a workspace's service accounts",
        None,
        list[ServiceAccountBody],
    ),
    Route(
        "POST",
        _ALL,
        post_service_account,
        _MANAGE,
        "Make a service account",
        NewServiceAccountForm,
        ServiceAccountBody,
        201,
    ),
    Route("GET", _ONE, get_service_account, _MANAGE, "Get a service account", None, ServiceAccountBody),
    Route(
        "PATCH",
        _ONE,
        patch_service_account,
        _MANAGE,
        "Change, disable or enable a service account",
        ServiceAccountChange,
        ServiceAccountBody,
    ),
    Route("GET", _TOKENS, get_service_tokens, _MANAGE, "List its tokens", None, list[TokenBody]),
    Route(
        "POST", _TOKENS, post_service_token, _MANAGE, "Make it a token", NewServiceToken, NewTokenBody, 201
    ),
    Route("DELETE", f"{_TOKENS}{{token_id}}/", delete_service_token, _MANAGE, "Revoke its token", status=204),
)
