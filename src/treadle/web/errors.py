"""Errors as Label Studio writes them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from treadle import __version__
from treadle.errors import (
    Conflict,
    Defect,
    Forbidden,
    Invalid,
    NotFound,
    TreadleError,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

STATUSES: Mapping[type[TreadleError], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Defect: 500,
    Unsupported: 501,
    Unavailable: 503,
}

#: Codes whose status says more than their class.
STATUSES_BY_CODE: Mapping[str, int] = {
    "method-not-allowed": 405,
    "body-too-large": 413,
    "file-exists": 412,
    "too-many-attempts": 429,
    "disk-full": 507,
}

#: What a details key may not overwrite.
_RESERVED = frozenset({"id", "status_code", "version", "detail", "code", "exc_info", "validation_errors"})


def status_of(error: TreadleError) -> int:
    """The HTTP status of ``error``."""
    return STATUSES_BY_CODE.get(error.code) or STATUSES[type(error)]


def error_body(error: TreadleError, request_id: str) -> bytes:
    """The JSON body that tells a client of ``error``; its details stand beside Label Studio's keys."""
    body: dict[str, object] = {
        "id": request_id,
        "status_code": status_of(error),
        "version": __version__,
        "detail": error.message,
        "code": error.code,
        "exc_info": None,
    }
    if error.fields:
        body["validation_errors"] = error.fields
    body.update({key: value for key, value in error.details.items() if key not in _RESERVED})
    return msgspec.json.encode(body)


def error_headers(error: TreadleError) -> dict[str, str]:
    """What a client should know beside the body: how to sign in, which methods there are, when to retry."""
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="treadle"'}
    if error.code == "method-not-allowed":
        return {"Allow": str(error.details.get("allowed", ""))}
    if "retry_after_s" in error.details:
        return {"Retry-After": str(error.details["retry_after_s"])}
    return {}
