"""Who was let in where, for as long as the rows that it hangs on are as they were.

For a database that tells no version: one look at those rows takes a tenth of what finding out anew does.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Generic, TypeVar

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.exc import DBAPIError

from treadle.access.credentials import BasicCredential, SessionCredential, TokenCredential
from treadle.access.identities import hash_secret
from treadle.access.jwt_settings import LEGACY_TOKENS_ENABLED
from treadle.db import Database
from treadle.db.prepared import Prepared
from treadle.db.schema import installation, memberships, sessions, tokens, users, workspaces
from treadle.permissions import ROLE_PERMISSIONS, Permission

Value = TypeVar("Value")
Row = Mapping[str, Any]
#: What hangs on a row of its own.
Credential = TokenCredential | BasicCredential | SessionCredential
#: "Last used" is not among the rows: so often it is found anew whether writing it is due.
_KEPT_S = 30.0

_THERE = workspaces.c.id == bindparam("workspace_id")
_HOLDS = (memberships.c.workspace_id == workspaces.c.id) & (memberships.c.user_id == users.c.id)
_theirs = memberships.alias("theirs")
# Not IN, of which a statement that is compiled once cannot make a list.
_IS_READER = or_(
    *(_theirs.c.role == r.value for r, held in ROLE_PERMISSIONS.items() if Permission.TRACKING_READ in held)
)
_THEIRS = select(func.count()).select_from(_theirs).where(_theirs.c.user_id == users.c.id)
#: What "the only one they have" hangs on.
_OTHERS = (
    _THEIRS.scalar_subquery().label("memberships"),
    _THEIRS.where(_IS_READER).scalar_subquery().label("readable"),
    select(func.count()).select_from(workspaces.alias("every")).scalar_subquery().label("workspaces"),
)
_PERSON = (
    *_OTHERS,
    *(users.c.id, users.c.email, users.c.is_admin, users.c.is_active),
    workspaces.c.id.label("there"),
    workspaces.c.name,
    memberships.c.role,
)
_LEGACY = select(installation.c.value).where(installation.c.key == LEGACY_TOKENS_ENABLED).scalar_subquery()
_OF_TOKEN = Prepared(
    select(
        *_PERSON,
        *(tokens.c.kind, tokens.c.scope, tokens.c.workspace_id, tokens.c.revoked_at, tokens.c.expires_at),
        _LEGACY.label("legacy"),
    )
    .select_from(
        tokens.join(users, users.c.id == tokens.c.user_id)
        .outerjoin(workspaces, _THERE)
        .outerjoin(memberships, _HOLDS)
    )
    .where(tokens.c.token_hash == bindparam("hash"))
)
_OF_SESSION = Prepared(
    select(*_PERSON, sessions.c.expires_at)
    .select_from(
        sessions.join(users, users.c.id == sessions.c.user_id)
        .outerjoin(workspaces, _THERE)
        .outerjoin(memberships, _HOLDS)
    )
    .where(sessions.c.token_hash == bindparam("hash"))
)


@dataclass(frozen=True)
class _Kept(Generic[Value]):
    workspace_id: int
    #: None: the rows were not looked at before the value was found, so that it cannot be trusted yet.
    rows: Row | None = None
    value: Value | None = None
    ends_at: float = 0.0


class Witnesses(Generic[Value]):
    """Values by place, each with the rows as they were before it was found."""

    def __init__(self, database: Database, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[Hashable, _Kept[Value]] = OrderedDict()
        self._lock = threading.Lock()

    def look(self, place: Hashable, credential: Credential) -> tuple[Value | None, Row | None]:
        """The value, if its rows are as they were; and the rows, to be kept with what is found anew."""
        kept = self._kept.get(place)
        if kept is None:
            return None, None
        try:
            rows = self._read(credential, kept.workspace_id)
        except DBAPIError:  # whoever asks the database next hears of it
            return None, None
        is_same = rows is not None and rows == kept.rows and not _is_over(rows)
        return (kept.value if is_same and self._clock() < kept.ends_at else None), rows

    def keep(self, place: Hashable, value: Value, workspace_id: int, rows: Row | None) -> None:
        """rows: of a `look` at this place from before the value was found; None: it was the first."""
        is_of_there = rows is not None and rows["there"] == workspace_id
        ends_at = self._clock() + _KEPT_S
        with self._lock:
            self._kept[place] = _Kept(workspace_id, rows if is_of_there else None, value, ends_at)
            self._kept.move_to_end(place)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def _read(self, credential: Credential, workspace_id: int) -> Row | None:
        is_session = isinstance(credential, SessionCredential)
        text = credential.secret if isinstance(credential, BasicCredential) else credential.text
        parameters = {"hash": hash_secret(text), "workspace_id": workspace_id}
        return self._database.glance(_OF_SESSION if is_session else _OF_TOKEN, parameters)


def _is_over(rows: Row) -> bool:
    expires_at: datetime | None = rows["expires_at"]
    return expires_at is not None and expires_at <= datetime.now(timezone.utc)
