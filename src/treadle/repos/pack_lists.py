"""Which packs of a repo count, and which of them holds a content."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from treadle.repos.packs import Pack

#: The contents of packs up to this size are found by one look, however many packs there are.
_RECENT_CONTENTS = 4_096
_ALL_RECENT_CONTENTS = 262_144
#: A pack is read this long after it went from the list: another thread may have read an older list.
_FORMER_S = 600
_AT_ONCE = 16


class Place(NamedTuple):
    """Where a content lies."""

    pack: Pack
    block: int
    start: int
    size_bytes: int


class _Listed:
    """The packs of one list."""

    def __init__(self, packs: Sequence[Pack], before: _Listed | None = None) -> None:
        """before: a list of which this one is the continuation; its memory goes on in this one."""
        self.names = tuple(pack.name for pack in packs)
        self.packs = {pack.name: pack for pack in packs}
        self._large: list[Pack] = [] if before is None else list(before._large)
        self._recent: dict[int, Pack] = {} if before is None else before._recent
        for pack in packs[len(before.names) if before else 0 :]:
            self._add(pack)

    def continues(self, names: Sequence[str]) -> bool:
        """Whether the names begin with all of this list."""
        return tuple(names[: len(self.names)]) == self.names

    def _add(self, pack: Pack) -> None:
        room = _ALL_RECENT_CONTENTS - len(self._recent)
        if pack.index.count <= min(_RECENT_CONTENTS, room):
            self._recent.update((_abridged(id), pack) for id in pack.index.ids())
        else:
            self._large.insert(0, pack)

    def find(self, id: bytes) -> Place | None:
        recent = self._recent.get(_abridged(id))
        if recent is not None:
            found = recent.index.find(id)
            # Two contents may be abridged to the same: then only one is remembered.
            return Place(recent, *found) if found else _find(self.packs.values(), id)
        return _find(self._large, id)


class PackList:
    """The packs that count, for any number of threads."""

    def __init__(self, load: Callable[[str], Pack]) -> None:
        self._load = load
        self._listed = _Listed(())
        self._former: dict[str, tuple[float, Pack]] = {}
        self._changing = threading.Lock()

    def use(self, names: Sequence[str]) -> None:
        """The names of the packs that count from now on, oldest first. Raises Damaged."""
        if tuple(names) == self._listed.names:
            if self._former:
                with self._changing:
                    self._remember_former([])
            return
        with self._changing:
            before = self._listed
            packs = before.packs | {name: pack for name, (_since, pack) in self._former.items()}
            packs |= self._load_all([name for name in names if name not in packs])
            continued = before if before.continues(names) else None
            for name in self._former.keys() & set(names):
                packs[name].take_back()
            self._listed = _Listed([packs[name] for name in names], continued)
            self._remember_former([packs[name] for name in before.names if name not in self._listed.packs])

    def get(self, name: str) -> Pack:
        """A pack, whether it counts or not. Raises Damaged."""
        return self._listed.packs.get(name) or self._load(name)

    def find(self, id: bytes) -> Place | None:
        """Where a content lies in the packs that count."""
        listed = self._listed
        return listed.find(id) if listed.names else None

    def find_to_read(self, id: bytes) -> Place | None:
        """Where a content lies, in those too that counted a moment ago."""
        return self._listed.find(id) or _find([pack for _since, pack in self._former.values()], id)

    def find_all(self, id: bytes) -> Iterator[Place]:
        """Every place of a content in the packs that count."""
        for pack in self._listed.packs.values():
            found = pack.index.find(id)
            if found is not None:
                yield Place(pack, *found)

    def _load_all(self, names: Sequence[str]) -> dict[str, Pack]:
        if len(names) < _AT_ONCE:
            return {name: self._load(name) for name in names}
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return dict(zip(names, threads.map(self._load, names), strict=True))

    def _remember_former(self, packs: Sequence[Pack]) -> None:
        """Remember these, and forget those whose time is over."""
        now = time.monotonic()
        for pack in packs:
            pack.retire()
        kept = {name: each for name, each in self._former.items() if now - each[0] < _FORMER_S}
        self._former = kept | {pack.name: (now, pack) for pack in packs}


def _abridged(id: bytes) -> int:
    return int.from_bytes(id[1:9], "little")


def _find(packs: Iterable[Pack], id: bytes) -> Place | None:
    for pack in packs:
        found = pack.index.find(id)
        if found is not None:
            return Place(pack, *found)
    return None
