"""JSON web tokens, HS256, apart from what ours say: their library takes that of all ciphers along.

Source: RFC 7519.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt

_ALGORITHM = "HS256"
# The instant of the transaction decides, not the library's own clock.
_CHECKS = {"verify_exp": False, "verify_iat": False, "require": ["exp", "jti", "user_id", "token_type"]}


def write_token(claims: Mapping[str, Any], key: str) -> str:
    """The claims as a signed token."""
    return jwt.encode(dict(claims), key, _ALGORITHM)


def read_token(text: str, key: str) -> dict[str, object] | None:
    """The claims of a token that was signed with ``key`` and holds all that ours hold; None: it is none."""
    try:
        claims: dict[str, object] = jwt.decode(text, key, [_ALGORITHM], options=_CHECKS)  # type: ignore[arg-type]
    except jwt.InvalidTokenError:
        return None
    return claims
