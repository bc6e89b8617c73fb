"""Tokens: Label Studio's, and named personal ones."""

from __future__ import annotations

from datetime import datetime

import msgspec

from treadle.access import ORGANIZATION
from treadle.access.jwt_settings import JwtSettings, change_jwt_settings, read_jwt_settings
from treadle.access.tokens import (
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
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.routing import PUBLIC, SIGNED_IN, Reply, Route, empty, json_reply


class TokenText(msgspec.Struct):
    """A token, or its part without the signature."""

    token: str


class RefreshText(msgspec.Struct):
    """A refresh token."""

    refresh: str


class AccessText(msgspec.Struct):
    """An access token, good for 300 seconds."""

    access: str


class NewToken(msgspec.Struct):
    """A personal token to be made; without days it lasts until it is revoked."""

    name: str
    expires_in_days: int | None = None


class TokenBody(msgspec.Struct):
    """A token that still works."""

    id: int
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


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
        return json_reply([_body(token) for token in list_tokens(tx, call.actor)])


def post_token(call: Call) -> Reply:
    asked = call.decode(NewToken)
    with call.write() as tx:
        token, text = create_token(tx, call.actor, asked.name, asked.expires_in_days)
    return json_reply(NewTokenBody(**msgspec.structs.asdict(_body(token)), token=text), 201)


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


def _body(token: Token) -> TokenBody:
    return msgspec.convert(token, TokenBody, from_attributes=True)


def _settings_body(settings: JwtSettings) -> JwtSettingsBody:
    return JwtSettingsBody(settings.api_tokens_enabled, settings.legacy_api_tokens_enabled)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/token/", get_refresh_tokens, SIGNED_IN, "List API tokens", None, list[TokenText]),
    Route("POST", "/api/token/", post_refresh_token, SIGNED_IN, "Create API token", None, TokenText, 201),
    Route("POST", "/api/token/refresh/", post_refresh, PUBLIC, "Refresh JWT token", RefreshText, AccessText),
    Route("POST", "/api/token/blacklist/", post_blacklist, SIGNED_IN, "Revoke", RefreshText, None, 204),
    Route("POST", "/api/token/rotate/", post_rotate, SIGNED_IN, "Rotate", RefreshText, RefreshText),
    Route("GET", "/api/tokens", get_tokens, SIGNED_IN, "List my tokens", None, list[TokenBody]),
    Route("POST", "/api/tokens", post_token, SIGNED_IN, "Create a named token", NewToken, NewTokenBody, 201),
    Route("DELETE", "/api/tokens/{id}", delete_token, SIGNED_IN, "Revoke a token of mine", status=204),
    Route("GET", "/api/current-user/token", get_legacy_token, SIGNED_IN, "Get user token", None, TokenText),
    Route(
        "POST",
        "/api/current-user/reset-token/",
        post_reset_token,
        SIGNED_IN,
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
