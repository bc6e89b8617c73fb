"""Freeing the bytes that purges have noted, after the rows that named them.

What a place holds is written down before its first byte goes, and counted when the last is gone: however
often the work is killed and begun again, what was freed is told once, and nothing is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from treadle.errors import TreadleError
from treadle.objects import ObjectStore, StoredObject
from treadle.tracking.paths import artifact_key
from treadle.tracking.purging import ledger
from treadle.tracking.purging.ledger import Place
from treadle.tracking.purging.naming import Named, read_named
from treadle.tracking.reads.tables import Reader, Tables

_AT_ONCE = 50


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
    found: Sequence[StoredObject]
    #: Some of it stays, and the place is looked at again by the next purge.
    is_partly_kept: bool


@dataclass
class Freeing:
    """One look at all noted places of a workspace.

    look_up: called before each object goes; what it raises ends the look, and the next one goes on.
    """

    tables: Tables
    objects: ObjectStore
    workspace: str
    job: str
    look_up: Callable[[], None]
    left: Left = field(default_factory=Left)

    def free(self) -> Left:
        """Free all that may go; what did not."""
        after = ""
        while places := self._page(after):
            after = places[-1].place
            self._free_page(places)
        return self.left

    def _page(self, after: str) -> list[Place]:
        with self.tables.read() as reader:
            return ledger.list_places(reader, self.workspace, after, _AT_ONCE)

    def _free_page(self, places: Sequence[Place]) -> None:
        with self.tables.read() as reader:
            named = read_named(reader, self.workspace)
            is_whole_experiment = any(not place.holder for place in places)
            noted = ledger.list_inner_places(reader, self.workspace) if is_whole_experiment else []
        doomed = [each for place in places if (each := self._look_at(place, named, noted))]
        with self.tables.write() as writer:
            for each in doomed:
                _note_size(writer, each)
        gone = [each for each in doomed if self._free_bytes(each)]
        with self.tables.write() as writer:
            for each in gone:
                ledger.note_place_freed(writer, each.place.place, self.job, again=each.is_partly_kept)

    def _look_at(self, place: Place, named: Named, noted: Sequence[str]) -> _Doomed | None:
        version = named.keeper(place.place, place.holder)
        found = objects_below(self.objects, place.place)
        if version is not None:
            self.left.kept.append(Kept(place.place, version, sum(each.size_bytes for each in found)))
            return None
        spared = named.keeps_below(place.place)
        inner = (*spared, *(each for each in noted if each.startswith(f"{place.place}/")))
        keys = tuple(artifact_key(each) for each in inner)
        folders = tuple(f"{key}/" for key in keys)
        going = [each for each in found if each.key not in keys and not each.key.startswith(folders)]
        return _Doomed(place, going, bool(spared))

    def _free_bytes(self, doomed: _Doomed) -> bool:
        """Whether all of it is gone."""
        for each in doomed.found:
            self.look_up()
            try:
                self.objects.delete(each.key)
            except (OSError, TreadleError) as error:
                self.left.refused += 1
                self.left.refusal = self.left.refusal or str(error)
                return False
        return True


def objects_below(objects: ObjectStore, place: str) -> list[StoredObject]:
    """All bytes of a place."""
    return list(objects.list(f"{artifact_key(place)}/"))


def _note_size(writer: Reader, doomed: _Doomed) -> None:
    if doomed.place.size_bytes is None:
        size = sum(each.size_bytes for each in doomed.found)
        ledger.note_size(writer, doomed.place.place, len(doomed.found), size)
