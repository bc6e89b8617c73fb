"""Which credential a request carries, and whether a browser sent it from another site."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from treadle.access.arrivals import Arrival
from treadle.access.backend_tokens import BACKEND_PREFIX, identify_by_backend_token
from treadle.access.identities import (
    Identity,
    hash_secret,
    identify_by_access_token,
    identify_by_email,
    identify_by_session,
    identify_by_token,
)
from treadle.db import Tx
from treadle.errors import Forbidden
from treadle.settings import Secret

SESSION_COOKIE = "sessionid"
CSRF_COOKIE = "csrftoken"
CSRF_HEADER = "X-CSRFToken"
CSRF_FIELD = "csrfmiddlewaretoken"

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_MOST_SESSIONS = 8
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}

NO_CREDENTIALS = "Authentication credentials were not provided."
WRONG_CREDENTIALS = (
    "The token or password that was sent is not valid: unknown, expired or revoked. "
    "Make a new token on the account page, or sign in again."
)


@dataclass(frozen=True)
class TokenCredential:
    """``X-Treadle-Token``, ``Authorization: Token`` or ``Bearer``, or ``X-API-Key``: any kind of token."""

    text: str


@dataclass(frozen=True)
class BasicCredential:
    """``Authorization: Basic``: an e-mail address with a password or a token."""

    email: str
    secret: str


@dataclass(frozen=True)
class SessionCredential:
    """The cookie of a browser."""

    text: str


@dataclass(frozen=True)
class RemoteCredential:
    """The person that a proxy before us names: see `treadle.access.remote_user`."""

    email: str


Credential = TokenCredential | BasicCredential | SessionCredential | RemoteCredential
#: What a browser sends by itself, so that another site's page could make it ask.
AMBIENT = (SessionCredential, RemoteCredential)


def read_credential(
    headers: Mapping[str, str], cookies: Mapping[str, str], remote_email: str = ""
) -> Credential | None:
    """The credential that counts: ``X-Treadle-Token``, which leaves ``Authorization`` to a platform before
    us, then ``Authorization``, ``X-API-Key``, whom a proxy names, and the session's cookie.
    """
    if headers.get("x-treadle-token"):
        return TokenCredential(headers["x-treadle-token"].strip())
    scheme, _, value = headers.get("authorization", "").strip().partition(" ")
    value = value.strip()
    if value and scheme.lower() in ("token", "bearer"):
        return TokenCredential(value)
    if value and scheme.lower() == "basic":
        return _read_basic(value)
    if headers.get("x-api-key"):
        return TokenCredential(headers["x-api-key"].strip())
    if remote_email:
        return RemoteCredential(remote_email)
    if cookies.get(SESSION_COOKIE):
        return SessionCredential(cookies[SESSION_COOKIE])
    return None


def digest_of(credential: Credential) -> str:
    """Tells one credential from another, and cannot be used as one."""
    if isinstance(credential, BasicCredential):
        return hash_secret(f"basic\0{credential.email}\0{credential.secret}")
    if isinstance(credential, SessionCredential):
        return hash_secret(f"session\0{credential.text}")
    if isinstance(credential, RemoteCredential):
        return hash_secret(f"remote\0{credential.email}")
    return hash_secret(credential.text)


def identify(tx: Tx, credential: Credential, key: Secret) -> Identity | None:
    """Who the credential shows, as of this transaction; a password of Basic is not tried here."""
    if isinstance(credential, SessionCredential):
        return identify_by_session(tx, credential.text)
    if isinstance(credential, RemoteCredential):
        return identify_by_email(tx, credential.email)
    if isinstance(credential, TokenCredential):
        if credential.text.count(".") == 2:
            return identify_by_access_token(tx, credential.text, key)
        if credential.text.startswith(BACKEND_PREFIX):
            return identify_by_backend_token(tx, credential.text, key)
        return identify_by_token(tx, credential.text)
    identity = identify_by_token(tx, credential.secret)
    return identity if identity and identity.actor.email == credential.email.strip().lower() else None


def read_cookies(text: str) -> dict[str, str]:
    """The cookies of a header by name. Browsers send that of the longest path first, which is ours."""
    cookies: dict[str, str] = {}
    for name, value in _cookie_pairs(text):
        cookies.setdefault(name, value)
    return cookies


def session_secrets(text: str) -> list[str]:
    """Every session of a cookie header: another path's may be of this server, from before it moved."""
    return [value for name, value in _cookie_pairs(text) if name == SESSION_COOKIE and value][:_MOST_SESSIONS]


def check_same_site(method: str, headers: Mapping[str, str], arrival: Arrival, trusted_origins: str) -> None:
    """A write with a session's cookie comes from our own pages, or from no browser at all.

    Raises Forbidden("cross-site") that says which origin was seen, which expected, and what to set.
    """
    if method in SAFE_METHODS:
        return
    if arrival.is_own_host and headers.get("sec-fetch-site") in ("same-origin", "none"):
        return
    origin = headers.get("origin")
    if origin is None:
        return
    trusted = {text.strip().rstrip("/").lower() for text in trusted_origins.split(",") if text.strip()}
    if _is_same(origin, arrival) or origin.lower() in trusted:
        return
    raise Forbidden(
        "cross-site",
        f"This request came from {_shown(origin)}, and this server is {arrival.origin}. If both are yours: "
        f"{_advice(origin, arrival)}, or start the server with TREADLE_TRUSTED_ORIGINS={_shown(origin)}",
    )


def _is_same(origin: str, arrival: Arrival) -> bool:
    """Whether ``origin`` is this server's. A scheme that no proxy told is no reason to refuse."""
    scheme, _, host = origin.lower().partition("://")
    if not arrival.is_own_host or (arrival.is_scheme_told and scheme != arrival.scheme):
        return False
    port = _DEFAULT_PORTS.get(scheme, "")
    return bool(port) and host.removesuffix(port) == arrival.host.lower().removesuffix(port)


def _advice(origin: str, arrival: Arrival) -> str:
    """What to set at the server or its proxy, as far as this request shows it."""
    host = urlsplit(origin).netloc.lower()
    names = ", ".join(name.title() for name, _ in arrival.said)
    if arrival.said and not arrival.is_trusted:
        peer = arrival.peer
        return f"{peer} sends {names}; if it is your proxy, set TREADLE_TRUSTED_PROXIES={peer}"
    if not arrival.is_own_host:
        return "come by the address that the platform gives this server (TREADLE_PLATFORM_DOMAIN)"
    if host and host == arrival.host.lower():
        return "let the proxy that ends TLS send X-Forwarded-Proto: https, and those behind it pass that on"
    return "let the proxy pass the Host header on unchanged, or send X-Forwarded-Host"


def _cookie_pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if name.strip():
            yield name.strip(), value.strip().strip('"')


def _read_basic(value: str) -> BasicCredential | None:
    try:
        email, separator, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return BasicCredential(email, secret) if separator else None


def _shown(origin: str) -> str:
    parts = urlsplit(origin)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "an unnamed place (Origin: null)"
