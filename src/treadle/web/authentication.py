"""The credentials of a request, as every door reads them: see `treadle.access.credentials`."""

from __future__ import annotations

from treadle.access.credentials import (
    AMBIENT,
    CSRF_COOKIE,
    CSRF_FIELD,
    CSRF_HEADER,
    NO_CREDENTIALS,
    SAFE_METHODS,
    SESSION_COOKIE,
    WRONG_CREDENTIALS,
    BasicCredential,
    RemoteCredential,
    SessionCredential,
    TokenCredential,
    check_same_site,
    digest_of,
    identify,
    read_cookies,
    read_credential,
    session_secrets,
)

__all__ = [
    "AMBIENT",
    "CSRF_COOKIE",
    "CSRF_FIELD",
    "CSRF_HEADER",
    "NO_CREDENTIALS",
    "SAFE_METHODS",
    "SESSION_COOKIE",
    "WRONG_CREDENTIALS",
    "BasicCredential",
    "RemoteCredential",
    "SessionCredential",
    "TokenCredential",
    "check_same_site",
    "digest_of",
    "identify",
    "read_cookies",
    "read_credential",
    "session_secrets",
]
