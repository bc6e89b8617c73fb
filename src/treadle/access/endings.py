"""Ending every credential of somebody at once: sessions, tokens, S3 keys, links for a password."""

from __future__ import annotations

from sqlalchemy import BindParameter, bindparam, delete, update

from treadle.db import Tx
from treadle.db.identity_tables import password_links
from treadle.db.key_tables import s3_keys
from treadle.db.schema import sessions, tokens

_THEIRS: BindParameter[int] = bindparam("person_id")
_ENDINGS = (
    delete(sessions).where(sessions.c.user_id == _THEIRS),
    delete(password_links).where(password_links.c.user_id == _THEIRS),
)
_REVOKED = tuple(
    update(table)
    .where(table.c.user_id == _THEIRS, table.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("instant"))
    for table in (tokens, s3_keys)
)


def end_credentials(tx: Tx, user_id: int) -> None:
    """Whatever they came in by gives nothing any more; should they come back, they need it anew."""
    for statement in _ENDINGS:
        tx.execute(statement, {"person_id": user_id})
    for revoking in _REVOKED:
        tx.execute(revoking, {"person_id": user_id, "instant": tx.now})
