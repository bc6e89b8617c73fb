"""What the door refuses, in the shape in which MLflow's clients read errors."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from treadle.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TreadleError,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

JSON_TYPE = b"application/json"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})

_BY_CLASS: Mapping[type[TreadleError], tuple[int, str]] = {
    Invalid: (400, "INVALID_PARAMETER_VALUE"),
    Unauthenticated: (401, "UNAUTHENTICATED"),
    Forbidden: (403, "PERMISSION_DENIED"),
    NotFound: (404, "RESOURCE_DOES_NOT_EXIST"),
    Conflict: (409, "RESOURCE_CONFLICT"),
    Unsupported: (501, "NOT_IMPLEMENTED"),
    Unavailable: (503, "TEMPORARILY_UNAVAILABLE"),
}
#: Codes whose status says more than their class; MLflow's clients try 429 and 503 again by themselves.
_BY_CODE: Mapping[str, tuple[int, str]] = {
    "route-unknown": (404, "ENDPOINT_NOT_FOUND"),
    "method-not-allowed": (405, "ENDPOINT_NOT_FOUND"),
    "body-too-large": (413, "INVALID_PARAMETER_VALUE"),
    "body-stalled": (408, "TEMPORARILY_UNAVAILABLE"),
    "encoding-unknown": (415, "INVALID_PARAMETER_VALUE"),
    "range-not-satisfiable": (416, "INVALID_PARAMETER_VALUE"),
    "too-many-attempts": (429, "REQUEST_LIMIT_EXCEEDED"),
    "disk-full": (507, "DATA_LOSS"),
}
_FAULT = (500, "INTERNAL_ERROR")


def status_of(error: TreadleError) -> int:
    """The HTTP status of ``error``."""
    return _told(error)[0]


def body_of(error: TreadleError) -> bytes:
    """The JSON that MLflow's clients make an exception of."""
    return msgspec.json.encode({"error_code": _told(error)[1], "message": error.message})


def headers_of(error: TreadleError) -> Mapping[str, str]:
    """What a client should know beside the body."""
    if isinstance(error, Unauthenticated):
        return {"www-authenticate": 'Bearer realm="treadle"'}
    if error.code == "method-not-allowed":
        return {"allow": str(error.details.get("allowed", ""))}
    if "retry_after_s" in error.details:
        return {"retry-after": str(error.details["retry_after_s"])}
    if "content_range" in error.details:
        return {"content-range": str(error.details["content_range"])}
    return _NO_HEADERS


def _told(error: TreadleError) -> tuple[int, str]:
    return _BY_CODE.get(error.code) or _BY_CLASS.get(type(error), _FAULT)
