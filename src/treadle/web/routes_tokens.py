"""Tokens: Label Studio's, and named personal ones."""

from __future__ import annotations

from datetime import datetime

import msgspec

from treadle.access import ORGANIZATION, Actor, TokenScope
from treadle.access.jwt_settings import JwtSettings, change_jwt_settings, read_jwt_settings
from treadle.access.s3_keys import find_workspace_id
from treadle.access.tokens import (
    NewToken,
    Token,
    blacklist,
    create_refresh_token,
    create_token,
    find_legacy_token,
    list_refresh_tokens,
    list_tokens,
    refresh,
    revoke_token,
    rotate,
    set_legacy_token,
)
from treadle.db import Tx
from treadle.permissions import Permission
from treadle.web.body_types import Whole
from treadle.web.call import Call
from treadle.web.narrower import check_is_workspace_wide
from treadle.web.routing import OWN_ACCOUNT, PUBLIC, SIGNED_IN, Reply, Route, empty, json_reply


class TokenText(msgspec.Struct):
    """A token, or its part without the signature."""

    token: str


class RefreshText(msgspec.Struct):
    """A refresh token."""

    refresh: str


class AccessText(msgspec.Struct):
    """An access token, good for 300 seconds."""

    access: str


class NewTokenForm(msgspec.Struct):
    """A personal token to be made; without days it lasts until it is revoked.

    ``scope`` read: it changes nothing. ``workspace``, by id or name: it reaches nothing else.
    """

    name: str
    expires_in_days: int | None = None
    scope: TokenScope = TokenScope.ALL
    workspace: Whole | str | None = None
    experiment: str | Whole | None = None
    model: str | None = None


class WorkspaceOfToken(msgspec.Struct):
    """The only workspace that a token reaches."""

    id: int
    name: str


class TokenBody(msgspec.Struct):
    """A token that still works."""

    id: int
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    scope: TokenScope
    workspace: WorkspaceOfToken | None


class NewTokenBody(TokenBody):
    """A token with its text, which is shown this once."""

    token: str


class JwtSettingsBody(msgspec.Struct):
    """Which kinds of tokens are accepted."""

    api_tokens_enabled: bool
    legacy_api_tokens_enabled: bool


class JwtSettingsChange(msgspec.Struct):
    """What to switch; what is left out stays."""

    api_tokens_enabled: bool | None = None
    legacy_api_tokens_enabled: bool | None = None


def get_refresh_tokens(call: Call) -> Reply:
    with call.read() as tx:
        return json_reply([TokenText(text) for text in list_refresh_tokens(tx, call.actor)])


def post_refresh_token(call: Call) -> Reply:
    with call.write() as tx:
        return json_reply(TokenText(create_refresh_token(tx, call.actor, call.parts.signing_key)), 201)


def post_refresh(call: Call) -> Reply:
    asked = call.decode(RefreshText)
    with call.parts.database.read() as tx:
        return json_reply(AccessText(refresh(tx, asked.refresh, call.parts.signing_key)))


def post_blacklist(call: Call) -> Reply:
    asked = call.decode(RefreshText)
    with call.write() as tx:
        blacklist(tx, call.actor, asked.refresh, call.parts.signing_key)
    return empty()


def post_rotate(call: Call) -> Reply:
    asked = call.decode(RefreshText)
    with call.write() as tx:
        return json_reply(RefreshText(rotate(tx, call.actor, asked.refresh, call.parts.signing_key)))


def get_tokens(call: Call) -> Reply:
    with call.read() as tx:
        return json_reply([token_body(token) for token in list_tokens(tx, call.actor)])


def post_token(call: Call) -> Reply:
    asked = call.decode(NewTokenForm)
    check_is_workspace_wide(asked.experiment, asked.model)
    with call.write() as tx:
        workspace_id = read_workspace_id(tx, call.actor, asked.workspace)
        new = NewToken(asked.name, asked.expires_in_days, asked.scope, workspace_id)
        token, text = create_token(tx, call.actor, new)
    return json_reply(new_token_body(token, text), 201)


def delete_token(call: Call) -> Reply:
    token_id = call.path_int("id")
    with call.write() as tx:
        revoke_token(tx, call.actor, token_id)
    return empty()


def get_legacy_token(call: Call) -> Reply:
    with call.read() as tx:
        text = find_legacy_token(tx, call.actor)
    if text is None:
        with call.write() as tx:
            text = find_legacy_token(tx, call.actor) or set_legacy_token(tx, call.actor)
    return json_reply(TokenText(text))


def post_reset_token(call: Call) -> Reply:
    with call.write() as tx:
        return json_reply(TokenText(set_legacy_token(tx, call.actor)), 201)


def get_jwt_settings(call: Call) -> Reply:
    with call.read() as tx:
        return json_reply(_settings_body(read_jwt_settings(tx)))


def post_jwt_settings(call: Call) -> Reply:
    asked = call.decode(JwtSettingsChange)
    with call.write() as tx:
        grant = call.allow(tx, ORGANIZATION)
        now = read_jwt_settings(tx)
        changed = JwtSettings(
            now.api_tokens_enabled if asked.api_tokens_enabled is None else asked.api_tokens_enabled,
            now.legacy_api_tokens_enabled
            if asked.legacy_api_tokens_enabled is None
            else asked.legacy_api_tokens_enabled,
        )
        change_jwt_settings(tx, grant, changed)
    return json_reply(_settings_body(changed), 201)


def token_body(token: Token) -> TokenBody:
    """A token as a list shows it."""
    place = None
    if token.workspace_id is not None:
        place = WorkspaceOfToken(token.workspace_id, token.workspace or "")
    return TokenBody(
        token.id, token.name, token.created_at, token.expires_at, token.last_used_at, token.scope, place
    )


def new_token_body(token: Token, text: str) -> NewTokenBody:
    """A token that was just made, with its text."""
    return NewTokenBody(**msgspec.structs.asdict(token_body(token)), token=text)


def read_workspace_id(tx: Tx, actor: Actor, asked: int | str | None) -> int | None:
    """The workspace that was asked for by id or by name. Raises NotFound("workspace-not-found")."""
    return find_workspace_id(tx, actor, asked) if isinstance(asked, str) else asked


def _settings_body(settings: JwtSettings) -> JwtSettingsBody:
    return JwtSettingsBody(settings.api_tokens_enabled, settings.legacy_api_tokens_enabled)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/token/", get_refresh_tokens, OWN_ACCOUNT, "List API tokens", None, list[TokenText]),
    Route("POST", "/api/token/", post_refresh_token, OWN_ACCOUNT, "Create API token", None, TokenText, 201),
    Route("POST", "/api/token/refresh/", post_refresh, PUBLIC, "Refresh JWT token", RefreshText, AccessText),
    Route("POST", "/api/token/blacklist/", post_blacklist, OWN_ACCOUNT, "Revoke", RefreshText, None, 204),
    Route("POST", "/api/token/rotate/", post_rotate, OWN_ACCOUNT, "Rotate", RefreshText, RefreshText),
    Route("GET", "/api/tokens", get_tokens, OWN_ACCOUNT, "List my tokens", None, list[TokenBody]),
    Route(
        "POST",
        "/api/tokens",
        post_token,
        OWN_ACCOUNT,
        "Create a named token",
        NewTokenForm,
        NewTokenBody,
        201,
    ),
    Route("DELETE", "/api/tokens/{id}", delete_token, OWN_ACCOUNT, "Revoke a token of mine", status=204),
    Route("GET", "/api/current-user/token", get_legacy_token, OWN_ACCOUNT, "Get user token", None, TokenText),
    Route(
        "POST",
        "/api/current-user/reset-token/",
        post_reset_token,
        OWN_ACCOUNT,
        "Reset user token",
        None,
        TokenText,
        201,
    ),
    Route(
        "GET",
        "/api/jwt/settings",
        get_jwt_settings,
        SIGNED_IN,
        "Retrieve JWT settings",
        None,
        JwtSettingsBody,
    ),
    Route(
        "POST",
        "/api/jwt/settings",
        post_jwt_settings,
        Permission.ORGANIZATION_ADMIN,
        "Update JWT settings",
        JwtSettingsChange,
        JwtSettingsBody,
        201,
    ),
)
