"""Everybody's tokens and S3 keys, and every workspace, for those who administer the installation."""

from __future__ import annotations

from datetime import datetime

import msgspec

from treadle.access import ORGANIZATION, TokenScope
from treadle.access.all_tokens import (
    AnybodysToken,
    TokenFilter,
    list_all_tokens,
    revoke_any_key,
    revoke_any_token,
)
from treadle.access.workspaces import list_all_workspaces
from treadle.permissions import Permission, Role
from treadle.web.call import Call
from treadle.web.paging import asked_page, next_page
from treadle.web.routes_tokens import WorkspaceOfToken
from treadle.web.routing import Reply, Route, empty, json_reply


class OwnerBody(msgspec.Struct):
    """Whose a token is."""

    id: int
    email: str
    is_service_account: bool


class AdminTokenBody(msgspec.Struct):
    """A token or an S3 key that works, without its secret; ``kind`` is personal, refresh, legacy or s3.

    access_key_id, role: of an S3 key; the role is the most that it may. Ids of keys are their own.
    """

    id: int
    kind: str
    name: str
    access_key_id: str | None
    scope: TokenScope
    role: Role | None
    workspace: WorkspaceOfToken | None
    owner: OwnerBody
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class TokensPage(msgspec.Struct):
    """A page of tokens and S3 keys, newest first."""

    count: int
    next: str | None
    results: list[AdminTokenBody]


class AdminWorkspaceBody(msgspec.Struct):
    """A workspace, with how much is in it."""

    id: int
    name: str
    title: str
    created_at: datetime
    people: int
    service_accounts: int
    projects: int
    repos: int


def get_all_tokens(call: Call) -> Reply:
    """``?search= &owner= &page= &page_size=``."""
    asked = asked_page(call)
    only = TokenFilter(call.query_int("owner"), call.query_text("search"))
    with call.read() as tx:
        grant = call.allow(tx, ORGANIZATION)
        count, tokens = list_all_tokens(tx, grant, only, limit=asked.size, offset=asked.offset)
    return json_reply(
        TokensPage(count, next_page(call, asked, count), [_token_body(each) for each in tokens])
    )


def delete_any_token(call: Call) -> Reply:
    token_id = call.path_int("id")
    with call.write() as tx:
        revoke_any_token(tx, call.allow(tx, ORGANIZATION), token_id)
    return empty()


def delete_any_s3_key(call: Call) -> Reply:
    access_key_id = call.path_params["access_key_id"]
    with call.write() as tx:
        revoke_any_key(tx, call.allow(tx, ORGANIZATION), access_key_id)
    return empty()


def get_all_workspaces(call: Call) -> Reply:
    with call.read() as tx:
        found = list_all_workspaces(tx, call.allow(tx, ORGANIZATION))
    return json_reply([msgspec.convert(each, AdminWorkspaceBody, from_attributes=True) for each in found])


def _token_body(token: AnybodysToken) -> AdminTokenBody:
    place = None
    if token.workspace_id is not None:
        place = WorkspaceOfToken(token.workspace_id, token.workspace or "")
    return AdminTokenBody(
        token.id,
        token.kind,
        token.name,
        token.access_key_id,
        token.scope,
        token.role,
        place,
        OwnerBody(token.owner_id, token.owner, token.is_service),
        token.created_at,
        token.expires_at,
        token.last_used_at,
    )


_READ = Permission.ORGANIZATION_READ

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/admin/tokens/",
        get_all_tokens,
        _READ,
        "List everybody's tokens and S3 keys",
        None,
        TokensPage,
    ),
    Route(
        "DELETE",
        "/api/admin/tokens/{id}/",
        delete_any_token,
        Permission.ORGANIZATION_ADMIN,
        "Revoke anybody's token",
        status=204,
    ),
    Route(
        "DELETE",
        "/api/admin/s3-keys/{access_key_id}/",
        delete_any_s3_key,
        Permission.ORGANIZATION_ADMIN,
        "Revoke anybody's S3 key",
        status=204,
    ),
    Route(
        "GET",
        "/api/admin/workspaces/",
        get_all_workspaces,
        _READ,
        "List every workspace",
        None,
        list[AdminWorkspaceBody],
    ),
)
