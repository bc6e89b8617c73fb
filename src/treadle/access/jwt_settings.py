"""Which kinds of tokens this installation accepts: Label Studio's switches."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select

from treadle.access.audit import write_audit
from treadle.access.grants import Grant
from treadle.db import Tx
from treadle.db.schema import installation

API_TOKENS_ENABLED = "api_tokens_enabled"
LEGACY_TOKENS_ENABLED = "legacy_api_tokens_enabled"

_VALUES = select(installation.c.key, installation.c.value).where(
    installation.c.key.in_((API_TOKENS_ENABLED, LEGACY_TOKENS_ENABLED))
)
_DELETE = delete(installation).where(installation.c.key == bindparam("name"))
_INSERT = insert(installation)


@dataclass(frozen=True)
class JwtSettings:
    """Both are on until somebody switches one off."""

    api_tokens_enabled: bool = True
    legacy_api_tokens_enabled: bool = True


def read_jwt_settings(tx: Tx) -> JwtSettings:
    """The switches as they stand."""
    values = {row.key: row.value != "false" for row in tx.execute(_VALUES)}
    return JwtSettings(**values)


def change_jwt_settings(tx: Tx, grant: Grant, changed: JwtSettings) -> None:
    """Set both switches; a legacy token stops or starts to work at once."""
    for key, value in (
        (API_TOKENS_ENABLED, changed.api_tokens_enabled),
        (LEGACY_TOKENS_ENABLED, changed.legacy_api_tokens_enabled),
    ):
        tx.execute(_DELETE, {"name": key})
        tx.execute(_INSERT, {"key": key, "value": "true" if value else "false"})
    write_audit(
        tx,
        "token-kinds.changed",
        actor_id=grant.actor.user_id,
        detail={
            API_TOKENS_ENABLED: changed.api_tokens_enabled,
            LEGACY_TOKENS_ENABLED: changed.legacy_api_tokens_enabled,
        },
    )
