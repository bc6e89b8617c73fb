"""Leases of those who write objects, for which the garbage collection waits.

An object is stored, or an old one is reused, before any row names it. Whoever does so holds a lease from
before the first object to the transaction that names them all. The collection condemns what nothing names:
from then on nobody new reuses it, and it is deleted only once all who may have reused it before have ended
and what they named has been looked at. Each time it condemns, the epoch of the repo grows by one.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import bindparam, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from treadle.db import Database, Tx
from treadle.db.prepared import Prepared
from treadle.db.upkeep_tables import repo_condemned, repo_leases, repo_upkeep
from treadle.errors import Unavailable

#: A lease that was not renewed for so long is that of a dead process.
LIFETIME = timedelta(minutes=10)
_BEAT_S = 60.0
#: Whoever finishes a commit is taken for dead after so long: who is not only has to try again.
SILENCE = timedelta(seconds=3 * _BEAT_S)
#: Seals of commits are numbers of leases below this.
SEALS = 2**31
_AT_ONCE = 1_000

_l, _u, _x = repo_leases.c, repo_upkeep.c, repo_condemned.c
_MAKE_UPKEEP = text("INSERT INTO repo_upkeep (repo_id) VALUES (:repo_id) ON CONFLICT DO NOTHING")
# Whoever condemns changes this row: a lease is of the epoch before, or knows what is condemned.
_EPOCH = Prepared(select(_u.epoch).where(_u.repo_id == bindparam("repo_id")).with_for_update(read=True))
_CONDEMNED = select(_x.key).where(_x.repo_id == bindparam("repo_id"))
_HELD = Prepared(select(_l.id).where(_l.id == bindparam("lease_id")).with_for_update(read=True))
_END = Prepared(delete(repo_leases).where(_l.id == bindparam("lease_id")))
_NEXT_EPOCH = (
    update(repo_upkeep)
    .where(_u.repo_id == bindparam("of_repo"))
    .values(epoch=_u.epoch + 1)
    .returning(_u.epoch)
)
_REVIVE = delete(repo_condemned).where(_x.repo_id == bindparam("repo_id"), _x.key == bindparam("object_key"))


@dataclass(frozen=True)
class Lease:
    """The right to store and reuse objects of a repo until they are named.

    condemned: the keys of objects that are not to be reused.
    """

    id: int
    repo_id: int
    epoch: int
    condemned: Collection[str]
    _database: Database = field(repr=False)

    def revive(self, key: str) -> None:
        """Let nobody delete a condemned object; the caller stores it anew, since it may be gone."""
        with self._database.write() as tx:
            tx.execute(_REVIVE, {"repo_id": self.repo_id, "object_key": key})

    def check(self, tx: Tx) -> None:
        """Make sure, in a transaction that names objects, that they still are there.

        Raises Unavailable("lease-lost").
        """
        if tx.execute(_HELD, {"lease_id": self.id}).first() is None:
            raise _lost()

    def end(self, tx: Tx) -> None:
        """The same, in the last such transaction. Raises Unavailable("lease-lost")."""
        if tx.execute(_END, {"lease_id": self.id}).rowcount == 0:
            raise _lost()


class Leases:
    """The leases that this process holds, kept alive while it does."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = threading.Lock()
        self._held: set[int] = set()
        self._is_beating = False
        self._condemned: dict[int, tuple[int, frozenset[str]]] = {}

    @contextmanager
    def hold(self, repo_id: int) -> Iterator[Lease]:
        """A lease of the repo, to be taken before the rows are read that say what there is to reuse."""
        lease = self._take(repo_id)
        try:
            yield lease
        finally:
            self._give_back(lease)

    def _take(self, repo_id: int) -> Lease:
        with self._database.write() as tx:
            epoch = lock_epoch(tx, repo_id)
            values = {"repo_id": repo_id, "epoch": epoch, "beat_at": tx.now}
            lease_id = tx.execute(insert(repo_leases).returning(_l.id), values).scalar_one()
            lease = Lease(lease_id, repo_id, epoch, self._condemned_at(tx, repo_id, epoch), self._database)
        with self._guard:
            self._held.add(lease.id)
            if not self._is_beating:
                self._is_beating = True
                threading.Thread(target=self._beat, name="repo-leases", daemon=True).start()
        return lease

    def _condemned_at(self, tx: Tx, repo_id: int, epoch: int) -> frozenset[str]:
        # Within an epoch the set only shrinks, and an object that is taken for condemned is stored anew.
        known = self._condemned.get(repo_id)
        if known is None or known[0] != epoch:
            keys = frozenset(tx.execute(_CONDEMNED, {"repo_id": repo_id}).scalars())
            self._condemned[repo_id] = known = (epoch, keys)
        return known[1]

    def _give_back(self, lease: Lease) -> None:
        with self._guard:
            self._held.discard(lease.id)
        try:
            with self._database.write() as tx:  # most have ended with what they named
                tx.execute(_END, {"lease_id": lease.id})
        except (DBAPIError, Unavailable):
            pass  # it runs out by itself

    def _beat(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(_BEAT_S)
            with self._guard:
                held = sorted(self._held)
                self._is_beating = bool(held)
            if not held:
                return
            try:
                with self._database.write() as tx:
                    tx.execute(update(repo_leases).where(_l.id.in_(held)).values(beat_at=tx.now))
            except (DBAPIError, Unavailable):
                pass  # the next beat comes before the leases run out


def lock_epoch(tx: Tx, repo_id: int) -> int:
    """The repo's epoch, which stays until the transaction ends."""
    found = tx.execute(_EPOCH, {"repo_id": repo_id}).first()
    if found is None:
        tx.execute(_MAKE_UPKEEP, {"repo_id": repo_id})
        found = tx.execute(_EPOCH, {"repo_id": repo_id}).first()
    assert found is not None
    return int(found["epoch"])


def oldest_epoch(tx: Tx, repo_id: int) -> int | None:
    """The epoch of the oldest lease that is held; None when there is none."""
    epoch: int | None = tx.execute(select(func.min(_l.epoch)).where(_l.repo_id == repo_id)).scalar()
    return epoch


def condemn(tx: Tx, repo_id: int, keys: Sequence[str]) -> int:
    """Condemn objects that nothing names, also again; the last epoch whose writers may not know of it."""
    tx.execute(_MAKE_UPKEEP, {"repo_id": repo_id})
    epoch: int = tx.execute(_NEXT_EPOCH, {"of_repo": repo_id}).scalar_one() - 1
    for start in range(0, len(keys), _AT_ONCE):
        rows = [
            {"repo_id": repo_id, "key": key, "epoch": epoch, "at": tx.now}
            for key in keys[start : start + _AT_ONCE]
        ]
        tx.execute(_REVIVE, [{"repo_id": repo_id, "object_key": row["key"]} for row in rows])
        tx.execute(insert(repo_condemned), rows)
    return epoch


def forget_dead(tx: Tx, repo_id: int, lifetime: timedelta = LIFETIME) -> int:
    """Take their leases from writers that have died; how many. One that only slept finds out and fails."""
    dead = delete(repo_leases).where(_l.repo_id == repo_id, _l.beat_at <= tx.now - lifetime)
    return tx.execute(dead).rowcount


def _lost() -> Unavailable:
    return Unavailable(
        "lease-lost",
        "Nothing was heard of this for so long that what it stored may have been cleared away. Send it anew.",
    )
