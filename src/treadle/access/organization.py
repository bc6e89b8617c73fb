"""The one organization of an installation, as Label Studio's clients expect one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select

from treadle.access.audit import write_audit
from treadle.access.grants import Grant
from treadle.db import Tx
from treadle.db.schema import installation, users
from treadle.db.types import Instant
from treadle.errors import Invalid

ORGANIZATION_ID = 1

_TITLE = "organization_title"
_OWNER = "owner"
_TITLE_LENGTH = 1000

_VALUES = select(installation.c.key, installation.c.value).where(installation.c.key.in_((_TITLE, _OWNER)))
_SINCE = select(func.min(users.c.created_at, type_=Instant))
_DELETE = delete(installation).where(installation.c.key == bindparam("name"))
_INSERT = insert(installation)


@dataclass(frozen=True)
class Organization:
    """Everybody on this installation; ``email`` is the owner's."""

    id: int
    title: str
    email: str
    created_at: datetime


def read_organization(tx: Tx) -> Organization:
    """Title, owner and age."""
    values = {row.key: row.value for row in tx.execute(_VALUES)}
    since = tx.execute(_SINCE).scalar_one_or_none()
    return Organization(
        ORGANIZATION_ID, values.get(_TITLE, "Treadle"), values.get(_OWNER, ""), since or tx.now
    )


def rename_organization(tx: Tx, grant: Grant, title: str) -> Organization:
    """Give it another title. Raises Invalid("title-invalid")."""
    cleaned = title.strip()
    if not 1 <= len(cleaned) <= _TITLE_LENGTH:
        text = f"Give a title of 1 to {_TITLE_LENGTH} characters."
        raise Invalid("title-invalid", text, fields={"title": [text]})
    tx.execute(_DELETE, {"name": _TITLE})
    tx.execute(_INSERT, {"key": _TITLE, "value": cleaned})
    write_audit(tx, "organization.renamed", actor_id=grant.actor.user_id, detail={"title": cleaned})
    return read_organization(tx)
