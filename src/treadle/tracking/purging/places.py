"""Freeing the bytes that purges have noted, after the rows that named them.

What a place holds is written down before its first byte goes, and counted when the last is gone: however
often the work is killed and begun again, what was freed is told once, and nothing is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from treadle.errors import TreadleError
from treadle.objects import ObjectStore, StoredObject
from treadle.tracking.paths import artifact_key
from treadle.tracking.purging import ledger
from treadle.tracking.purging.ledger import Place
from treadle.tracking.purging.naming import Named, read_named
from treadle.tracking.reads.tables import Reader, Tables

_AT_ONCE = 50
#: So many keys of a place are kept in mind between the look at it and its end.
_IN_MIND = 1_000


@dataclass(frozen=True)
class Kept:
    """Bytes that stay, since a version of a registered model stands for them."""

    place: str
    version: str
    size_bytes: int


@dataclass
class Left:
    """What a look at all places did not free, and why."""

    kept: list[Kept] = field(default_factory=list)
    #: How many places the object store refused to free, and what it said first.
    refused: int = 0
    refusal: str = ""


@dataclass(frozen=True)
class _Doomed:
    place: Place
    #: Keys of folders in it that stay.
    staying: frozenset[str]
    #: Some of it stays, and the place is looked at again by the next purge.
    is_partly_kept: bool
    #: How much there is; not looked at where an earlier look has written it down.
    objects: int = 0
    size_bytes: int = 0
    #: What is to go, where it is little; None: it is listed anew as it goes.
    keys: Sequence[str] | None = None


@dataclass
class Freeing:
    """One look at all noted places of a workspace, runs and logged models before their experiment.

    look_up: called before each object is looked at or goes; what it raises ends the look, and the next one
    goes on.
    """

    tables: Tables
    objects: ObjectStore
    workspace: str
    job: str
    look_up: Callable[[], None]
    left: Left = field(default_factory=Left)
    #: Places of runs and logged models that were looked at and are still noted.
    _still_there: list[str] = field(default_factory=list)

    def free(self) -> Left:
        """Free all that may go; what did not."""
        before = None
        while places := self._page(before):
            before = places[-1].place
            self._free_page(places)
        return self.left

    def _page(self, before: str | None) -> list[Place]:
        with self.tables.read() as reader:
            return ledger.list_places(reader, self.workspace, before, _AT_ONCE)

    def _free_page(self, places: Sequence[Place]) -> None:
        with self.tables.read() as reader:
            named = read_named(reader, self.workspace)
        inner = [*self._still_there, *(each.place for each in places if each.holder)]
        doomed = [each for place in places if (each := self._look_at(place, named, inner))]
        with self.tables.write() as writer:
            for each in doomed:
                _note_size(writer, each)
        gone = [each for each in doomed if self._free_bytes(each)]
        with self.tables.write() as writer:
            for each in gone:
                ledger.note_place_freed(writer, each.place.place, self.job, again=each.is_partly_kept)
        freed = {each.place.place for each in gone if not each.is_partly_kept}
        self._still_there += [each.place for each in places if each.holder and each.place not in freed]

    def _look_at(self, place: Place, named: Named, inner: Sequence[str]) -> _Doomed | None:
        version = named.keeper(place.place, place.holder)
        if version is not None:
            size_bytes = sum(each.size_bytes for each in self._seen(place))
            self.left.kept.append(Kept(place.place, version, size_bytes))
            return None
        spared = named.keeps_below(place.place)
        below = () if place.holder else [each for each in inner if each.startswith(f"{place.place}/")]
        doomed = _Doomed(place, frozenset(map(artifact_key, (*spared, *below))), bool(spared))
        return doomed if place.size_bytes is not None else self._sized(doomed)

    def _sized(self, doomed: _Doomed) -> _Doomed:
        number = size_bytes = 0
        keys: list[str] = []
        for each in self._going(doomed):
            number, size_bytes = number + 1, size_bytes + each.size_bytes
            if number <= _IN_MIND:
                keys.append(each.key)
        known = keys if number <= _IN_MIND else None
        return replace(doomed, objects=number, size_bytes=size_bytes, keys=known)

    def _free_bytes(self, doomed: _Doomed) -> bool:
        """Whether all of it is gone."""
        keys = (each.key for each in self._going(doomed)) if doomed.keys is None else doomed.keys
        for key in keys:
            self.look_up()
            try:
                self.objects.delete(key)
            except (OSError, TreadleError) as error:
                self.left.refused += 1
                self.left.refusal = self.left.refusal or str(error)
                return False
        return True

    def _going(self, doomed: _Doomed) -> Iterator[StoredObject]:
        found = self._seen(doomed.place)
        return (each for each in found if not _is_within(each.key, doomed.staying))

    def _seen(self, place: Place) -> Iterator[StoredObject]:
        for each in self.objects.list(f"{artifact_key(place.place)}/"):
            self.look_up()
            yield each


def _is_within(key: str, folders: frozenset[str]) -> bool:
    """Is it one of these, or below one? It costs as much as the key is deep, however many they are."""
    while folders and key:
        if key in folders:
            return True
        key = key.rpartition("/")[0]
    return False


def _note_size(writer: Reader, doomed: _Doomed) -> None:
    if doomed.place.size_bytes is None:
        ledger.note_size(writer, doomed.place.place, doomed.objects, doomed.size_bytes)
