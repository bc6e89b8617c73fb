"""The pair of signed tokens that Label Studio's clients use.

A refresh token lives for 200 years and buys access tokens of 300 seconds; each access token names
the refresh token it came from, so that revoking that one ends it at once.
Source: RFC 7519, HS256; the claims are those of djangorestframework-simplejwt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from treadle.ids import new_uuid
from treadle.late import late
from treadle.settings import Secret

ACCESS_LIFE = timedelta(seconds=300)
REFRESH_LIFE = timedelta(days=365 * 200)

write_token = late("treadle.access.json_web_tokens:write_token")
read_token = late("treadle.access.json_web_tokens:read_token")


@dataclass(frozen=True)
class SignedToken:
    """A token as it is handed out, and what names it."""

    text: str
    jti: str
    expires_at: datetime

    @property
    def without_signature(self) -> str:
        """Header and claims: enough to recognise it in a list, not to use it."""
        return self.text.rpartition(".")[0]


@dataclass(frozen=True)
class AccessClaims:
    """What a valid access token says."""

    user_id: int
    refresh_jti: str
    expires_at: datetime


def sign_refresh_token(user_id: int, key: Secret, now: datetime) -> SignedToken:
    """A new refresh token of ``user_id``."""
    return _sign({"token_type": "refresh", "user_id": str(user_id)}, key, now, REFRESH_LIFE)


def sign_access_token(user_id: int, refresh_jti: str, key: Secret, now: datetime) -> SignedToken:
    """A new access token that ends with the refresh token ``refresh_jti``."""
    claims = {"token_type": "access", "user_id": str(user_id), "refresh_jti": refresh_jti}
    return _sign(claims, key, now, ACCESS_LIFE)


def read_access_token(text: str, key: Secret, now: datetime) -> AccessClaims | None:
    """What a token of ours says; None when it is not ours, not an access token, or over."""
    claims = _read(text, key, now)
    if claims is None or claims.get("token_type") != "access":
        return None
    user_id, refresh_jti = str(claims["user_id"]), claims.get("refresh_jti")
    if not user_id.isdecimal() or not isinstance(refresh_jti, str):
        return None
    expires_at = datetime.fromtimestamp(int(str(claims["exp"])), now.tzinfo)
    return AccessClaims(int(user_id), refresh_jti, expires_at)


def read_refresh_token(text: str, key: Secret, now: datetime) -> str | None:
    """The ``jti`` of a refresh token of ours; None when it is not ours, another kind, or over."""
    claims = _read(text, key, now)
    return str(claims["jti"]) if claims and claims.get("token_type") == "refresh" else None


def _sign(claims: Mapping[str, object], key: Secret, now: datetime, life: timedelta) -> SignedToken:
    jti = new_uuid().replace("-", "")
    issued = now.replace(microsecond=0)
    expires_at = issued + life
    whole = {**claims, "jti": jti, "iat": int(issued.timestamp()), "exp": int(expires_at.timestamp())}
    return SignedToken(write_token(whole, key.reveal()), jti, expires_at)


def _read(text: str, key: Secret, now: datetime) -> dict[str, object] | None:
    claims: dict[str, object] | None = read_token(text, key.reveal())
    if claims is None:
        return None
    expires = claims["exp"]
    return claims if isinstance(expires, int) and expires > now.timestamp() else None
