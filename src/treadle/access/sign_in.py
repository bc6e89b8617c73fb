"""Signing in by password, and the sessions that follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.sql.expression import true

from treadle.access.identities import hash_secret
from treadle.access.passwords import verify_password
from treadle.access.sign_in_limits import (
    Attempted,
    add_failure,
    check_attempt,
    is_worth_noting,
    note_success,
)
from treadle.db import Database, Tx
from treadle.db.schema import sessions, users
from treadle.ids import new_secret

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


def verify_sign_in(database: Database, attempt: SignInAttempt) -> int | None:
    """The id of the active person with this e-mail and password, or None; takes as long either way.

    Opens transactions of its own, so that 20 ms of Argon2 hold no lock. Raises
    Unavailable("too-many-attempts").
    """
    with database.read() as tx:
        row = tx.execute(_PASSWORD_OF, {"email": attempt.email.strip().lower()}).first()
        attempted = Attempted(attempt.email, attempt.address, row.id if row else None)
        check_attempt(tx, attempted)
    if verify_password(row.password_hash if row else None, attempt.password) and row:
        _note_success(database, attempted)
        return int(row.id)
    with database.write() as tx:
        add_failure(tx, attempted)
    return None


def _note_success(database: Database, attempted: Attempted) -> None:
    """Most of them change nothing that is known: scripts sign in with each request."""
    with database.read() as tx:
        is_due = is_worth_noting(tx, attempted)
    if is_due:
        with database.write() as tx:
            note_success(tx, attempted)


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
