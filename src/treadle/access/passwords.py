"""Passwords: Argon2id, and the same time for somebody who does not exist."""

from __future__ import annotations

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from treadle.errors import Invalid

MIN_PASSWORD_LENGTH = 8

# OWASP's second choice: 19 MiB, two passes. 23 ms where the library's defaults take 180.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def check_password_rules(password: str) -> None:
    """Raises Invalid("password-short") when it is shorter than 8 characters."""
    if len(password) < MIN_PASSWORD_LENGTH:
        text = f"Please enter a password of at least {MIN_PASSWORD_LENGTH} characters."
        raise Invalid("password-short", text, fields={"password": [text]})


def hash_password(password: str) -> str:
    """The Argon2id hash to keep; takes about 20 ms, so never call it inside a transaction."""
    return _HASHER.hash(password)


def verify_password(password_hash: str | None, password: str) -> bool:
    """Is it the password of this hash? Takes as long when there is no hash."""
    try:
        matches = _HASHER.verify(password_hash or _hash_of_nobody(), password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return matches and password_hash is not None


@lru_cache(maxsize=1)
def _hash_of_nobody() -> str:
    return _HASHER.hash("nobody has this password")
