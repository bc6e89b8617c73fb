"""People: signing up, changing what they say of themselves, leaving."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, text, update
from sqlalchemy.sql.expression import true

from treadle.access.audit import write_audit
from treadle.access.grants import Actor
from treadle.access.invitations import accept_invitation
from treadle.access.invite_link import is_invite_token
from treadle.access.lengths import check_length
from treadle.access.workspaces import add_first_workspace
from treadle.db import Tx
from treadle.db.schema import memberships, project_roles, projects, sessions, users
from treadle.errors import Forbidden, Invalid, NotFound
from treadle.ids import SERVICE_DOMAIN

SignUpMode = Literal["first", "open", "invited"]

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")
_EMAIL_LENGTH = 254
_NAME_LENGTH = 256
_HOTKEYS_LENGTH = 65_536


@dataclass(frozen=True)
class User:
    """A person; ``hotkeys`` is JSON."""

    id: int
    email: str
    first_name: str
    last_name: str
    is_admin: bool
    is_active: bool
    hotkeys: str
    created_at: datetime
    last_activity_at: datetime | None
    avatar: str | None = None  # its file's name
    is_service: bool = False  # a service account, and no person
    language: str | None = None  # of the pages, as they chose it


@dataclass(frozen=True)
class NewUser:
    """What a person gives at sign-up; the password is hashed already, outside the transaction."""

    email: str
    password_hash: str | None
    first_name: str = ""
    last_name: str = ""


_COLUMNS = tuple(users.c[name] for name in User.__dataclass_fields__)
_BY_ID = select(*_COLUMNS).where(users.c.id == bindparam("user_id"))
_BY_EMAIL = select(*_COLUMNS).where(users.c.email == bindparam("email"))
_ALL = select(*_COLUMNS).where(users.c.is_active.is_(true())).order_by(users.c.id)
_INSERT = insert(users).returning(users.c.id)
_COUNT = select(func.count()).select_from(users)
_SET_PASSWORD = (
    update(users).where(users.c.id == bindparam("user_id")).values(password_hash=bindparam("new_hash"))
)
_SET_LANGUAGE = update(users).where(users.c.id == bindparam("user_id")).values(language=bindparam("chosen"))
_END_SESSIONS = delete(sessions).where(sessions.c.user_id == bindparam("user_id"))
_MAKE_ADMIN = update(users).where(users.c.id == bindparam("user_id")).values(is_admin=True)
# Whoever inserts this row first owns the installation; a second one waits for the first and then does not.
_CLAIM = text("INSERT INTO installation (key, value) VALUES ('owner', :email) ON CONFLICT DO NOTHING")


def set_language(tx: Tx, user_id: int, language: str | None) -> None:
    """Show the person the pages in ``language``; None: as the installation and their browser say."""
    tx.execute(_SET_LANGUAGE, {"user_id": user_id, "chosen": language})


def read_sign_up_mode(tx: Tx, setting: str) -> SignUpMode:
    """Who may sign up now: the first one, anybody, or those with an invitation."""
    if tx.execute(_COUNT).scalar_one() == 0:
        return "first"
    return "invited" if setting == "invited" else "open"


def sign_up(tx: Tx, new: NewUser, *, setting: str, invitation: str | None = None) -> User:
    """Take a new person in.

    The first one becomes organisation admin and owner of a workspace "main"; later ones get the role
    of their invitation, or none. Raises Invalid("email-invalid", "email-taken", "invitation-invalid"),
    Forbidden("sign-up-invited").
    """
    is_first = claim_installation(tx, new.email)
    if not is_first and setting == "invited" and not invitation:
        raise Forbidden(
            "sign-up-invited", "Sign-up needs an invitation here. Ask a workspace's manager for a link."
        )
    user = add_user(tx, new, is_admin=is_first)
    if is_first:
        add_first_workspace(tx, user.id)
    if invitation:
        _accept(tx, user, invitation)
    return user


def _accept(tx: Tx, user: User, invitation: str) -> None:
    if not is_invite_token(tx, invitation):
        accept_invitation(tx, Actor(user.id, user.email, user.is_admin), invitation)


def claim_installation(tx: Tx, email: str) -> bool:
    """Is this the first person ever? Of several at once, exactly one hears yes."""
    return tx.execute(_CLAIM, {"email": email.strip().lower()}).rowcount == 1


def add_user(
    tx: Tx,
    new: NewUser,
    *,
    is_admin: bool = False,
    actor_id: int | None = None,
    kept: Mapping[str, object] | None = None,
) -> User:
    """A new person without any role. Raises Invalid("email-invalid", "email-taken", "too-long").

    kept: of somebody who comes from elsewhere, what they bring along: ``id``, ``created_at``, ….
    """
    email = clean_email(new.email)
    if tx.execute(_BY_EMAIL, {"email": email}).first() is not None:
        text_ = "A user with this e-mail address is here already. Sign in instead."
        raise Invalid("email-taken", text_, fields={"email": [text_]})
    values = {
        "email": email,
        "password_hash": new.password_hash,
        "first_name": check_length("first_name", new.first_name.strip(), _NAME_LENGTH),
        "last_name": check_length("last_name", new.last_name.strip(), _NAME_LENGTH),
        "is_admin": is_admin,
        "created_at": tx.now,
        **(kept or {}),
    }
    user_id = tx.execute(_INSERT, values).scalar_one()
    detail = {"is_admin": is_admin}
    write_audit(tx, "user.added", actor_id=actor_id or user_id, subject=f"user:{user_id}", detail=detail)
    return read_user(tx, user_id)


def read_user(tx: Tx, user_id: int) -> User:
    """The person ``user_id``. Raises NotFound("user-not-found")."""
    row = tx.execute(_BY_ID, {"user_id": user_id}).mappings().first()
    if row is None:
        raise _no_user(user_id)
    return User(**row)


def find_user(tx: Tx, email: str) -> User | None:
    """The person with this e-mail address, in any case of letters."""
    row = tx.execute(_BY_EMAIL, {"email": email.strip().lower()}).mappings().first()
    return User(**row) if row else None


def list_users(tx: Tx, actor: Actor, workspace_ids: Sequence[int]) -> list[User]:
    """The actor and the members of these workspaces; for an organisation admin everybody.

    Service accounts are among them: they made things, and have names.
    """
    statement = _ALL if actor.is_admin else _ALL.where(_shares(actor, workspace_ids))
    return [User(**row) for row in tx.execute(statement).mappings()]


def read_visible_user(tx: Tx, actor: Actor, user_id: int, workspace_ids: Sequence[int]) -> User:
    """A person whom the actor, who reads the members of these workspaces, may see. Raises NotFound."""
    user = read_user(tx, user_id)
    if actor.is_admin or actor.user_id == user_id:
        return user
    if tx.execute(select(users.c.id).where(users.c.id == user_id, _shares(actor, workspace_ids))).first():
        return user
    raise _no_user(user_id)


def change_profile(tx: Tx, user_id: int, changes: dict[str, str]) -> User:
    """Set ``first_name``, ``last_name`` or ``hotkeys`` (JSON). Raises Invalid("too-long")."""
    allowed: dict[str, str] = {}
    for name in ("first_name", "last_name"):
        if name in changes:
            allowed[name] = check_length(name, changes[name].strip(), _NAME_LENGTH)
    if "hotkeys" in changes:
        allowed["hotkeys"] = check_length("custom_hotkeys", changes["hotkeys"], _HOTKEYS_LENGTH)
    if allowed:
        tx.execute(update(users).where(users.c.id == user_id).values(**allowed))
    return read_user(tx, user_id)


def set_password(tx: Tx, user_id: int, password_hash: str, *, by: int | None) -> None:
    """A new password; every session of the person ends.

    by: who changes it; None for whoever holds the machine.
    """
    tx.execute(_SET_PASSWORD, {"user_id": user_id, "new_hash": password_hash})
    tx.execute(_END_SESSIONS, {"user_id": user_id})
    write_audit(tx, "password.changed", actor_id=by, subject=f"user:{user_id}")


def make_admin(tx: Tx, user_id: int) -> None:
    """An organisation admin from now on."""
    tx.execute(_MAKE_ADMIN, {"user_id": user_id})
    write_audit(tx, "admin.granted", actor_id=None, subject=f"user:{user_id}")


def clean_email(email: str) -> str:
    """The address in lower case. Raises Invalid("email-invalid")."""
    cleaned = email.strip().lower()
    is_anybodys = not cleaned.endswith(f".{SERVICE_DOMAIN}")
    if len(cleaned) > _EMAIL_LENGTH or not _EMAIL.fullmatch(cleaned) or not is_anybodys:
        text_ = "Enter a valid e-mail address."
        raise Invalid("email-invalid", text_, fields={"email": [text_]})
    return cleaned


def _no_user(user_id: int) -> NotFound:
    return NotFound("user-not-found", f"There is no user {user_id} that you can see.")


def _shares(actor: Actor, workspace_ids: Sequence[int]) -> ColumnElement[bool]:
    members = select(memberships.c.user_id).where(memberships.c.workspace_id.in_(workspace_ids))
    guests = (
        select(project_roles.c.user_id)
        .select_from(project_roles.join(projects, projects.c.id == project_roles.c.project_id))
        .where(projects.c.workspace_id.in_(workspace_ids))
    )
    return (users.c.id == actor.user_id) | users.c.id.in_(members) | users.c.id.in_(guests)
