"""The garbage collection: contents that nothing names any more go, and never under somebody's hands.

It goes through stages, each of which may be killed and is taken up by the next collection:
1. mark what commits, attachments and open commits name;
2. condemn the other objects, and packs of which more than half is not needed or of which there are many
   small ones: nobody reuses them from now on;
3. once all who wrote before that have ended, and what they named is marked too: write what is still needed of
   condemned packs into new ones, and take the old ones' rows away, in one transaction;
4. delete the bytes of what was condemned by an earlier collection, and long enough ago for all readers.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update

from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repo_packs
from treadle.db.upkeep_tables import repo_condemned, repo_upkeep
from treadle.repos.catalogue import objects_prefix
from treadle.repos.contents import Contents
from treadle.repos.failpoints import reach
from treadle.repos.leases import LIFETIME, Leases, condemn, forget_dead
from treadle.repos.marking import Marks, Parts, Report, pack_names, tell_nobody
from treadle.repos.packs import MAX_CONTENTS
from treadle.repos.publishing import add_packs

#: How long the bytes of what was condemned stay, for those who still read them.
GRACE = timedelta(hours=24)
#: A pack of which a larger part is not needed is written anew, and so are more than these of about one size.
_MOST_DEAD = 0.5
_TURN_S = 0.05

_MOST_ALIKE = 8
_PACKS_AT_ONCE = 64
_PARTS = ("pack", "index")

_x, _k = repo_condemned.c, repo_packs.c
_CONDEMNED = Prepared(select(_x.key, _x.epoch, _x.at).where(_x.repo_id == bindparam("repo_id")))
_ONE = (_x.repo_id == bindparam("repo_id")) & (_x.key == bindparam("object_key"))
_PARDON = Prepared(delete(repo_condemned).where(_ONE))
_EXECUTE = Prepared(delete(repo_condemned).where(_ONE, _x.epoch == bindparam("of_epoch")))
_PACKS = Prepared(select(_k.name, _k.object_count).where(_k.repo_id == bindparam("repo_id")))
_LOCKED = Prepared(select(_k.name).where(_k.repo_id == bindparam("repo_id")).with_for_update())
_DROP_PACK = Prepared(
    delete(repo_packs).where(_k.repo_id == bindparam("repo_id"), _k.name == bindparam("name"))
)


@dataclass(frozen=True)
class Collected:
    """What a collection did.

    bytes_freed: of the objects that it deleted.  bytes_waiting: of those condemned whose time comes later.
    packs_dropped: whose rows went; packs_written: in their place.
    """

    objects_deleted: int = 0
    bytes_freed: int = 0
    objects_waiting: int = 0
    bytes_waiting: int = 0
    packs_dropped: int = 0
    packs_written: int = 0


@dataclass(frozen=True)
class _Sentence:
    """When an object was condemned. Whoever has a lease of that epoch, or an older one, may not know."""

    epoch: int
    at: datetime

    def is_known(self, oldest: int | None) -> bool:
        """Whether it is known to all who write, the oldest of whom is of the epoch ``oldest``."""
        return oldest is None or oldest > self.epoch


def collect(
    parts: Parts,
    repo_id: int,
    *,
    grace: timedelta = GRACE,
    lifetime: timedelta = LIFETIME,
    report: Report = tell_nobody,
) -> Collected:
    """Free what nothing names in a repo.

    grace: how long bytes stay after they were condemned.  lifetime: of a lease that is not renewed.
    Raises Damaged where a commit cannot be read: then nothing is deleted, and fsck says more.
    """
    with parts.database.write() as tx:
        forget_dead(tx, repo_id, lifetime)
    return _Collection(parts, repo_id, report).run(grace)


class _Collection:
    """One collection, and what it found out."""

    def __init__(self, parts: Parts, repo_id: int, report: Report) -> None:
        self._database = parts.database
        self._contents = Contents(parts.objects, objects_prefix(repo_id))
        self._folder = f"{objects_prefix(repo_id)}/packs/"
        self._repo_id = repo_id
        self._report = report
        self._stored: dict[str, int] = {}
        self._done = Collected()
        with parts.database.read() as tx:
            self._marks = Marks(tx, self._contents, repo_id)

    def run(self, grace: timedelta) -> Collected:
        """All stages."""
        self._marks.look(self._database, self._report)
        earlier = self._sentences()
        self._condemn(earlier)
        reach("gc.marked")
        oldest = self._marks.look(self._database, self._report)
        self._drop_packs(oldest)
        self._delete_bytes(earlier, oldest, grace)
        return self._result()

    def _condemn(self, earlier: Collection[str]) -> None:
        """Condemn what is not needed, and pardon what is."""
        unneeded = set(self._unneeded())
        with self._database.write() as tx:
            condemn(tx, self._repo_id, sorted(unneeded.difference(earlier)))
            for key in set(earlier) - unneeded:
                tx.execute(_PARDON, {"repo_id": self._repo_id, "object_key": key})
            this = repo_upkeep.c.repo_id == self._repo_id
            tx.execute(update(repo_upkeep).where(this).values(collected_at=tx.now))

    def _unneeded(self) -> Iterator[str]:
        contents = self._contents
        self._stored = {each.key: each.size_bytes for each in contents.chunk_objects()}
        yield from self._stored.keys() - self._marks.chunks
        packs = {each.key: each.size_bytes for each in contents.pack_objects()}
        self._stored.update(packs)
        kept = {f"{self._folder}{name}" for name in self._kept_packs()}
        yield from (key for key in packs if key.rpartition(".")[0] not in kept)

    def _kept_packs(self) -> Iterator[str]:
        """The packs that need not be written anew."""
        with self._database.read() as tx:
            counts = {row["name"]: row["object_count"] for row in tx.execute(_PACKS, self._here()).all()}
        tiers = Counter(map(_tier, counts.values()))
        for name, count in counts.items():
            is_crowded = count < MAX_CONTENTS // 2 and tiers[_tier(count)] > _MOST_ALIKE
            if not is_crowded and not self._is_mostly_dead(name):
                yield name

    def _is_mostly_dead(self, name: str) -> bool:
        dead = total = 0
        for id, size_bytes in self._contents.pack_sizes(name):
            total += size_bytes
            dead += 0 if id in self._marks.ids else size_bytes
        return dead > _MOST_DEAD * total

    def _drop_packs(self, oldest: int | None) -> None:
        """Write what is needed of condemned packs into new ones, and take the old ones' rows away."""
        sentences = self._sentences()
        with self._database.read() as tx:
            listed = pack_names(tx, self._repo_id)
        ready = []
        for name in listed:
            sentence = sentences.get(f"{self._folder}{name}.pack")
            if sentence is not None and sentence.is_known(oldest):
                ready.append(name)
        for start in range(0, len(ready), _PACKS_AT_ONCE):
            self._report(start, len(ready), "Writing packs anew")
            self._replace(ready[start : start + _PACKS_AT_ONCE])

    def _replace(self, names: Sequence[str]) -> None:
        with Leases(self._database).hold(self._repo_id) as lease:
            written = self._contents.rewrite(names, self._marks.ids)
            reach("gc.in-repack")
            with self._database.write() as tx:
                if not self._drop_rows(tx, names):
                    return  # another collection was quicker; what was written is cleared away by the next
                add_packs(tx, self._repo_id, written)
                keys = [f"{self._folder}{name}.{part}" for name in names for part in _PARTS]
                condemn(tx, self._repo_id, keys)
                lease.end(tx)
        reach("gc.row-gone")
        done = self._done
        self._done = replace(
            done,
            packs_dropped=done.packs_dropped + len(names),
            packs_written=done.packs_written + len(written),
        )

    def _drop_rows(self, tx: Tx, names: Sequence[str]) -> bool:
        rows = tx.execute(_LOCKED, self._here()).all()
        are_there = {row["name"] for row in rows}.issuperset(names)
        for name in names if are_there else ():
            tx.execute(_DROP_PACK, {**self._here(), "name": name})
        return are_there

    def _delete_bytes(self, earlier: Mapping[str, _Sentence], oldest: int | None, grace: timedelta) -> None:
        """Delete what an earlier collection condemned, where nobody can need it any more."""
        with self._database.read() as tx:
            before = tx.now - grace
            listed = {f"{self._folder}{name}" for name in pack_names(tx, self._repo_id)}
        due = deque(
            (key, sentence)
            for key, sentence in earlier.items()
            if sentence.is_known(oldest)
            and sentence.at <= before
            and key not in self._marks.chunks
            and key.rpartition(".")[0] not in listed
        )
        count = len(due)
        while due:
            self._report(count - len(due), count, "Deleting what nothing needs")
            self._delete_some(due)

    def _delete_some(self, due: deque[tuple[str, _Sentence]]) -> None:
        # In one transaction: whoever wants to reuse the object takes the row first, or finds both gone.
        until_s = time.monotonic() + _TURN_S
        with self._database.write() as tx:
            while due and time.monotonic() < until_s:
                key, sentence = due.popleft()
                row = {**self._here(), "object_key": key, "of_epoch": sentence.epoch}
                if tx.execute(_EXECUTE, row).rowcount:
                    self._contents.delete_objects([key])
                    self._done = replace(
                        self._done,
                        objects_deleted=self._done.objects_deleted + 1,
                        bytes_freed=self._done.bytes_freed + self._stored.pop(key, 0),
                    )
            reach("gc.bytes-gone")

    def _result(self) -> Collected:
        waiting = self._sentences().keys()
        bytes_waiting = sum(self._stored.get(key, 0) for key in waiting)
        return replace(self._done, objects_waiting=len(waiting), bytes_waiting=bytes_waiting)

    def _sentences(self) -> dict[str, _Sentence]:
        with self._database.read() as tx:
            rows = tx.execute(_CONDEMNED, self._here()).all()
        return {row["key"]: _Sentence(row["epoch"], row["at"]) for row in rows}

    def _here(self) -> dict[str, int]:
        return {"repo_id": self._repo_id}


def _tier(count: int) -> int:
    return count.bit_length() // 3
