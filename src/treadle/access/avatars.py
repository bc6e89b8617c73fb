"""Small pictures of people, which anybody who is signed in may see."""

from __future__ import annotations

import hashlib

from sqlalchemy import bindparam, update

from treadle.access.grants import Actor
from treadle.access.users import read_user
from treadle.db import Tx
from treadle.db.schema import users
from treadle.errors import Forbidden

_SET = update(users).where(users.c.id == bindparam("user_id")).values(avatar=bindparam("file_name"))


def set_avatar(tx: Tx, actor: Actor, user_id: int, file_name: str | None) -> str | None:
    """Show the picture under ``file_name`` as the person's, or none; the name of the one before.

    Raises NotFound, and as `check_may_set`.
    """
    check_may_set(actor, user_id)
    before = read_user(tx, user_id).avatar
    tx.execute(_SET, {"user_id": user_id, "file_name": file_name})
    return before


def check_may_set(actor: Actor, user_id: int) -> None:
    """Nothing for the person themselves and for an organisation admin. Raises Forbidden("not-allowed")."""
    if actor.user_id != user_id and not actor.is_admin:
        raise Forbidden("not-allowed", "Only they themselves and an organisation admin may change this.")


def avatar_name(user_id: int, picture: bytes) -> str:
    """A name that changes with the picture, so that a browser may keep what it has."""
    return f"{user_id}-{hashlib.sha256(picture).hexdigest()[:16]}.jpg"


def avatar_key(file_name: str) -> str:
    """Where the picture of this name lies among the objects."""
    return f"avatars/{file_name}"
