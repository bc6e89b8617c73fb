"""What goes out: JSON answers, and errors in the form that Label Studio's servers show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

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

_STATUSES: dict[type[TreadleError], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Unsupported: 501,
    Unavailable: 503,
    Defect: 500,
}
_TOO_LARGE = "body-too-large"
WRONG_METHOD = "method"
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True)
class Answer:
    """An answer as a whole."""

    body: bytes
    status: int = 200
    kind: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    #: Instead of the body, where it is not held as a whole; headers then tell its length.
    pieces: Iterator[bytes] | None = None


def as_json(value: object, status: int = 200) -> Answer:
    """A value as JSON."""
    return Answer(_encoder.encode(value), status)


def as_refusal(error: TreadleError) -> Answer:
    """An error: what happened and what to do, never a traceback."""
    status = next((code for kind, code in _STATUSES.items() if isinstance(error, kind)), 500)
    headers: list[tuple[bytes, bytes]] = []
    if error.code == _TOO_LARGE:
        status = 413
    if error.code == WRONG_METHOD:
        status = 405
        headers.append((b"allow", str(error.details.get("allow", "")).encode()))
    if status == 503:
        headers.append((b"retry-after", str(error.details.get("retry_after_s", 5)).encode()))
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="model"'))
    content = {"status": status, "code": error.code, "detail": error.message}
    return Answer(_encoder.encode(content), status, headers=tuple(headers))


def too_large(limit_bytes: int) -> Invalid:
    """The error for a body of more than ``limit_bytes``."""
    text = f"The body is larger than {limit_bytes} bytes: send fewer tasks at once, or raise --max-body-mb."
    return Invalid(_TOO_LARGE, text)
