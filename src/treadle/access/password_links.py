"""Links by which a person sets a password: once, within three days, made by an organisation admin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.sql.expression import true

from treadle.access.audit import write_audit
from treadle.access.grants import Grant
from treadle.access.identities import hash_secret
from treadle.access.users import read_user, set_password
from treadle.db import Tx
from treadle.db.identity_tables import password_links
from treadle.db.schema import users
from treadle.errors import Conflict, Invalid
from treadle.ids import new_secret

LIFE = timedelta(days=3)

_INSERT = insert(password_links)
_DELETE_OLD = delete(password_links).where(
    (password_links.c.user_id == bindparam("person_id"))
    | (password_links.c.expires_at <= bindparam("instant"))
)
_TAKE = (
    delete(password_links)
    .where(
        password_links.c.token_hash == bindparam("hash"), password_links.c.expires_at > bindparam("instant")
    )
    .returning(password_links.c.user_id)
)
_STANDING = select(password_links.c.user_id).where(
    password_links.c.token_hash == bindparam("hash"), password_links.c.expires_at > bindparam("instant")
)
_ACTIVE = select(users.c.email).where(
    users.c.id == bindparam("person_id"), users.c.is_active.is_(true()), users.c.is_service.is_(False)
)


@dataclass(frozen=True)
class PasswordLink:
    """A new link; ``secret`` is shown this once."""

    user_id: int
    email: str
    secret: str
    expires_at: datetime


def make_password_link(tx: Tx, grant: Grant, user_id: int) -> PasswordLink:
    """A link for that person; the one they had gives nothing any more. The grant is an admin's.

    Raises NotFound("user-not-found"), Conflict("user-inactive"), Invalid("service-account").
    """
    person = read_user(tx, user_id)
    if person.is_service:
        raise Invalid("service-account", f"User {user_id} is a service account, which has no password.")
    if not person.is_active:
        raise Conflict("user-inactive", f"The account of {person.email} is deactivated. Reactivate it first.")
    tx.execute(_DELETE_OLD, {"person_id": user_id, "instant": tx.now})
    secret = new_secret()
    values = {
        "token_hash": hash_secret(secret),
        "user_id": user_id,
        "created_by": grant.actor.user_id,
        "created_at": tx.now,
        "expires_at": tx.now + LIFE,
    }
    tx.execute(_INSERT, values)
    write_audit(tx, "password-link.created", actor_id=grant.actor.user_id, subject=f"user:{user_id}")
    return PasswordLink(user_id, person.email, secret, tx.now + LIFE)


def check_password_link(tx: Tx, secret: str) -> None:
    """Raises Invalid("password-link") where it is unknown, over or used."""
    found = tx.execute(_STANDING, {"hash": hash_secret(secret), "instant": tx.now}).scalar_one_or_none()
    if found is None:
        raise _unknown_link()


def use_password_link(tx: Tx, secret: str, password_hash: str) -> tuple[int, str]:
    """Set the password of the person whom the link is for; their id and e-mail address.

    Every session of theirs ends. Raises Invalid("password-link") where it is unknown, over or used.
    """
    user_id = tx.execute(_TAKE, {"hash": hash_secret(secret), "instant": tx.now}).scalar_one_or_none()
    email = tx.execute(_ACTIVE, {"person_id": user_id}).scalar_one_or_none()
    if user_id is None or email is None:
        raise _unknown_link()
    set_password(tx, user_id, password_hash, by=user_id)
    return int(user_id), str(email)


def _unknown_link() -> Invalid:
    text = "This link is unknown, over or used. Ask an organisation admin for a new one."
    return Invalid("password-link", text, fields={"token": [text]})
