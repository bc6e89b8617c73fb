"""Signing in by password, and the sessions that follow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.sql.expression import true

from treadle.access.identities import hash_secret
from treadle.access.passwords import verify_password
from treadle.db import Database, Tx
from treadle.db.schema import sessions, users
from treadle.errors import Unavailable
from treadle.ids import new_secret

_FAILURES_ALLOWED = 10
_WINDOW_S = 300.0
_REMEMBERED = 10_000

_PASSWORD_OF = select(users.c.id, users.c.password_hash).where(
    users.c.email == bindparam("email"), users.c.is_active.is_(true())
)
_INSERT = insert(sessions)
_DELETE = delete(sessions).where(sessions.c.token_hash == bindparam("hash"))
_DELETE_OVER = delete(sessions).where(sessions.c.expires_at <= bindparam("instant"))


@dataclass(frozen=True)
class SignInAttempt:
    """Who claims to be whom, from where."""

    email: str
    password: str
    address: str


class FailedSignIns:
    """Counts failures by e-mail and address in this process: ten within five minutes, then a pause."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: dict[tuple[str, str], tuple[int, float]] = {}

    def check(self, attempt: SignInAttempt) -> None:
        """Raises Unavailable("too-many-attempts") with the seconds to wait."""
        with self._lock:
            count, since = self._failures.get(_key(attempt), (0, 0.0))
            wait_s = since + _WINDOW_S - self._clock()
        if count >= _FAILURES_ALLOWED and wait_s > 0:
            raise Unavailable(
                "too-many-attempts",
                f"Too many failed sign-ins. Try again in {int(wait_s) + 1} s, or have the password reset.",
                details={"retry_after_s": int(wait_s) + 1},
            )

    def add(self, attempt: SignInAttempt) -> None:
        """One more failure."""
        now = self._clock()
        with self._lock:
            count, since = self._failures.pop(_key(attempt), (0, now))
            if now - since > _WINDOW_S:
                count, since = 0, now
            self._failures[_key(attempt)] = (count + 1, since)
            if len(self._failures) > _REMEMBERED:
                del self._failures[next(iter(self._failures))]  # the one least recently seen

    def forget(self, attempt: SignInAttempt) -> None:
        """They are in."""
        with self._lock:
            self._failures.pop(_key(attempt), None)


def verify_sign_in(database: Database, failures: FailedSignIns, attempt: SignInAttempt) -> int | None:
    """The id of the active person with this e-mail and password, or None; takes as long either way.

    Opens a transaction of its own, so that 20 ms of Argon2 hold no lock. Raises
    Unavailable("too-many-attempts").
    """
    failures.check(attempt)
    with database.read() as tx:
        row = tx.execute(_PASSWORD_OF, {"email": attempt.email.strip().lower()}).first()
    if verify_password(row.password_hash if row else None, attempt.password) and row:
        failures.forget(attempt)
        return int(row.id)
    failures.add(attempt)
    return None


def start_session(tx: Tx, user_id: int, life: timedelta) -> str:
    """A new session; the text for the cookie, of which only a hash is kept."""
    tx.execute(_DELETE_OVER, {"instant": tx.now})
    secret = new_secret()
    values = {
        "token_hash": hash_secret(secret),
        "user_id": user_id,
        "created_at": tx.now,
        "expires_at": tx.now + life,
    }
    tx.execute(_INSERT, values)
    return secret


def end_session(tx: Tx, secret: str) -> None:
    """The cookie is worth nothing any more."""
    tx.execute(_DELETE, {"hash": hash_secret(secret)})


def _key(attempt: SignInAttempt) -> tuple[str, str]:
    return attempt.email.strip().lower(), attempt.address
