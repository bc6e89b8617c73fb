"""The credentials of a request, as every door reads them: see `treadle.access.credentials`."""

from __future__ import annotations

from treadle.access.credentials import (
    CSRF_COOKIE,
    CSRF_FIELD,
    CSRF_HEADER,
    NO_CREDENTIALS,
    SAFE_METHODS,
    SESSION_COOKIE,
    WRONG_CREDENTIALS,
    BasicCredential,
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
    "CSRF_COOKIE",
    "CSRF_FIELD",
    "CSRF_HEADER",
    "NO_CREDENTIALS",
    "SAFE_METHODS",
    "SESSION_COOKIE",
    "WRONG_CREDENTIALS",
    "BasicCredential",
    "SessionCredential",
    "TokenCredential",
    "check_same_site",
    "digest_of",
    "identify",
    "read_cookies",
    "read_credential",
    "session_secrets",
]
