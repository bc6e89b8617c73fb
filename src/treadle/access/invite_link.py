"""The one link by which anybody may sign up, as Label Studio's clients know it: it gives no role.

It works until it is reset. Whoever shall get a role is invited into a workspace instead, see `invitations`.
"""

from __future__ import annotations

import hmac

from sqlalchemy import bindparam, delete, insert, select

from treadle.access.audit import write_audit
from treadle.access.grants import Grant
from treadle.db import Tx
from treadle.db.schema import installation
from treadle.ids import new_secret

_KEY = "invite_token"
_READ = select(installation.c.value).where(installation.c.key == _KEY)
_DELETE = delete(installation).where(installation.c.key == bindparam("name"))
_INSERT = insert(installation)


def read_invite_token(tx: Tx, grant: Grant) -> str:
    """The secret of the link, made at the first call; the grant is an organisation admin's."""
    found: str | None = tx.execute(_READ).scalar()
    return found or reset_invite_token(tx, grant)


def reset_invite_token(tx: Tx, grant: Grant) -> str:
    """A new secret; the old link works no longer."""
    token = new_secret()
    tx.execute(_DELETE, {"name": _KEY})
    tx.execute(_INSERT, {"key": _KEY, "value": token})
    write_audit(tx, "invite-link.reset", actor_id=grant.actor.user_id)
    return token


def is_invite_token(tx: Tx, text: str) -> bool:
    """Is it the secret of the link?"""
    found: str | None = tx.execute(_READ).scalar()
    return found is not None and hmac.compare_digest(found.encode(), text.encode())
