"""Passwords: Argon2id, and the same time for somebody who does not exist."""

from __future__ import annotations

from functools import lru_cache

from treadle.errors import Invalid
from treadle.late import late

MIN_PASSWORD_LENGTH = 8

make_hash = late("treadle.access.hashing:make_hash")
is_hash_of = late("treadle.access.hashing:is_hash_of")


def check_password_rules(password: str) -> None:
    """Raises Invalid("password-short") when it is shorter than 8 characters."""
    if len(password) < MIN_PASSWORD_LENGTH:
        text = f"Please enter a password of at least {MIN_PASSWORD_LENGTH} characters."
        raise Invalid("password-short", text, fields={"password": [text]})


def hash_password(password: str) -> str:
    """The Argon2id hash to keep; takes about 20 ms, so never call it inside a transaction."""
    return str(make_hash(password))


def verify_password(password_hash: str | None, password: str) -> bool:
    """Is it the password of this hash? Takes as long when there is no hash."""
    matches: bool = is_hash_of(password_hash or _hash_of_nobody(), password)
    return matches and password_hash is not None


@lru_cache(maxsize=1)
def _hash_of_nobody() -> str:
    return str(make_hash("nobody has this password"))
