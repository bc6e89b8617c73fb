"""How often one may fail to sign in by a password, counted in the database.

In the database and not in memory: passwords can be guessed, there are several web processes, and a restart
forgives nothing. A failure is counted by person and address, by address, and by person. The delay grows with
each further one and never passes a quarter of an hour; from where somebody came in before, only what failed
from there for them counts, so that nobody keeps another person out. What is no password, see
`wrong_credentials`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, text

from treadle.access.identities import hash_secret
from treadle.db import Instant, Tx
from treadle.db.identity_tables import sign_in_failures, sign_in_places
from treadle.errors import Unavailable

_FORGET = timedelta(hours=1)
_PLACE_LIFE = timedelta(days=90)
_PLACE_EXACT = timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """So many failures are free; then 2 seconds, and twice as long after each further one."""

    free: int
    most_s: float

    def wait_s(self, failures: int) -> float:
        """How long after the last of so many failures the next attempt is taken."""
        over = failures - self.free
        return 0.0 if over < 0 else min(self.most_s, 2.0 ** min(over + 1, 30))


#: By what failures are counted.
LIMITS: Mapping[str, Limit] = {
    "person and address": Limit(free=5, most_s=900.0),
    "address": Limit(free=30, most_s=900.0),
    "person": Limit(free=20, most_s=60.0),
}
#: What counts for a person who came in from this address before.
_AT_HOME = ("person and address",)

_FAILURES = select(sign_in_failures.c.key, sign_in_failures.c.failures, sign_in_failures.c.last_at).where(
    sign_in_failures.c.key.in_(bindparam("keys", expanding=True)),
    sign_in_failures.c.last_at > bindparam("since"),
)
_PLACE = select(sign_in_places.c.last_at).where(
    sign_in_places.c.user_id == bindparam("user_id"),
    sign_in_places.c.address_hash == bindparam("address_hash"),
    sign_in_places.c.last_at > bindparam("since"),
)
_ADD = text(
    "INSERT INTO sign_in_failures (key, failures, last_at) VALUES (:key, 1, :now) ON CONFLICT (key) DO UPDATE"
    " SET last_at = :now, failures = CASE WHEN sign_in_failures.last_at > :since"
    " THEN sign_in_failures.failures + 1 ELSE 1 END"
).bindparams(bindparam("now", type_=Instant), bindparam("since", type_=Instant))
_ADD_PLACE = text(
    "INSERT INTO sign_in_places (user_id, address_hash, last_at) VALUES (:user_id, :address_hash, :now)"
    " ON CONFLICT (user_id, address_hash) DO UPDATE SET last_at = :now"
).bindparams(bindparam("now", type_=Instant))
_FORGET_OLD = delete(sign_in_failures).where(sign_in_failures.c.last_at <= bindparam("since"))
_FORGET_ONE = delete(sign_in_failures).where(sign_in_failures.c.key == bindparam("counted"))
_FORGET_PLACES = delete(sign_in_places).where(sign_in_places.c.last_at <= bindparam("since"))


@dataclass(frozen=True)
class Attempted:
    """Whom somebody says to be, from where; ``user_id``: None where nobody has that address."""

    email: str
    address: str
    user_id: int | None

    @property
    def keys(self) -> dict[str, str]:
        """What its failure is counted under, by the kind of limit."""
        email = self.email.strip().lower()
        told = {"person and address": f"{email}\0{self.address}", "person": email}
        if self.address:  # a socket of this machine has none
            told["address"] = self.address
        return {kind: hash_secret(f"{kind}\0{whose}") for kind, whose in told.items()}


def check_attempt(tx: Tx, attempted: Attempted) -> None:
    """Raises Unavailable("too-many-attempts") with the seconds to wait."""
    keys = attempted.keys
    rows = tx.execute(_FAILURES, {"keys": list(keys.values()), "since": tx.now - _FORGET}).all()
    if not rows:
        return
    counting = _AT_HOME if is_at_home(tx, attempted) else tuple(keys)
    by_key = {row.key: row for row in rows}
    waits = [
        _remaining_s(LIMITS[kind], by_key[keys[kind]].failures, by_key[keys[kind]].last_at, tx.now)
        for kind in counting
        if keys[kind] in by_key
    ]
    wait_s = max(waits, default=0.0)
    if wait_s > 0:
        seconds = int(wait_s) + 1
        raise Unavailable(
            "too-many-attempts",
            f"Too many failed sign-ins. Try again in {seconds} s, or have the password reset.",
            details={"retry_after_s": seconds},
        )


def add_failure(tx: Tx, attempted: Attempted) -> None:
    """One more failure; what is an hour old is forgotten."""
    since = tx.now - _FORGET
    tx.execute(_FORGET_OLD, {"since": since})
    for key in sorted(attempted.keys.values()):  # in one order: two at once wait for each other, not both
        tx.execute(_ADD, {"key": key, "now": tx.now, "since": since})


def is_at_home(tx: Tx, attempted: Attempted) -> bool:
    """Whether the person came in from this address before."""
    return _seen_at(tx, attempted) is not None


def is_worth_noting(tx: Tx, attempted: Attempted) -> bool:
    """Whether a success changes what is known: failures to forget, or a place not noted today."""
    keys = [attempted.keys["person and address"]]
    if tx.execute(_FAILURES, {"keys": keys, "since": tx.now - _FORGET}).first() is not None:
        return True
    seen = _seen_at(tx, attempted)
    return seen is None or seen < tx.now - _PLACE_EXACT


def note_success(tx: Tx, attempted: Attempted) -> None:
    """They are in: what failed for them from there is forgotten, and the place is known."""
    tx.execute(_FORGET_ONE, {"counted": attempted.keys["person and address"]})
    tx.execute(_FORGET_PLACES, {"since": tx.now - _PLACE_LIFE})
    if attempted.user_id is not None and attempted.address:
        place = {"user_id": attempted.user_id, "address_hash": hash_secret(attempted.address)}
        tx.execute(_ADD_PLACE, {**place, "now": tx.now})


def _seen_at(tx: Tx, attempted: Attempted) -> datetime | None:
    if attempted.user_id is None or not attempted.address:
        return None
    place = {"user_id": attempted.user_id, "address_hash": hash_secret(attempted.address)}
    found: datetime | None = tx.execute(_PLACE, {**place, "since": tx.now - _PLACE_LIFE}).scalar()
    return found


def _remaining_s(limit: Limit, failures: int, last_at: datetime, now: datetime) -> float:
    return limit.wait_s(failures) - (now - last_at).total_seconds()
