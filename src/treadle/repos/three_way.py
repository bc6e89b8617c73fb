"""What becomes of the paths that two sides changed since a common base. Nothing here reads or writes.

A step says what a path held and holds: ``(path, old, new)``; steps come in the order of their paths.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from typing import Final, Protocol

import msgspec

from treadle.repos.nodes import Entry


class _Undecided(Enum):
    UNDECIDED = "undecided"


#: What a path holds where two sides disagree; it is the same as nothing, not even as itself.
UNDECIDED: Final = _Undecided.UNDECIDED
Value = Entry | _Undecided | None
Step = tuple[str, Value, Value]
_OURS, _THEIRS = 0, 1


@dataclass(frozen=True)
class Outcome:
    """What became of a path that a side changed. ``result`` is UNDECIDED in a conflict."""

    path: str
    base: Value
    ours: Value
    theirs: Value
    result: Value


class Files(Protocol):
    """Files by path, such as a tree of nodes holds."""

    def lookup(self, path: str) -> Entry | None:
        """What is at the path."""

    def scan(self, prefix: str = "", after: str = "") -> Iterator[Entry]:
        """All that begins with ``prefix``, in the order of paths."""


#: The differences from one tree to another.
Differ = Callable[[Files, Files], Iterable[tuple[str, Entry | None, Entry | None]]]


@dataclass(frozen=True)
class View:
    """Files, but for some paths that hold something else: a merge that nobody wrote down."""

    files: Files
    over: Mapping[str, Value] = field(default_factory=dict)


def is_same(one: Value, other: Value) -> bool:
    """Whether two values have the same content and metadata, whenever each was written."""
    if one is UNDECIDED or other is UNDECIDED:
        return False
    if one is None or other is None:
        return one is other
    return one.id == other.id and one.metadata == other.metadata


def merge_steps(ours: Iterable[Step], theirs: Iterable[Step]) -> Iterator[Outcome]:
    """What becomes of each path that either side changed since the base, in the order of paths."""
    marked = heapq.merge(
        ((step[0], _OURS, step) for step in ours),
        ((step[0], _THEIRS, step) for step in theirs),
        key=lambda each: each[:2],
    )
    for path, group in groupby(marked, key=lambda each: each[0]):
        sides = {side: step for _, side, step in group}
        _, base, _ = next(iter(sides.values()))
        mine = sides[_OURS][2] if _OURS in sides else base
        other = sides[_THEIRS][2] if _THEIRS in sides else base
        yield Outcome(path, base, mine, other, decide(base, mine, other))


def decide(base: Value, ours: Value, theirs: Value) -> Value:
    """What a path holds after both sides; UNDECIDED when each changed it, and not to the same."""
    if is_same(ours, theirs) or is_same(theirs, base):
        return ours
    if is_same(ours, base):
        return theirs
    if isinstance(ours, Entry) and isinstance(theirs, Entry) and ours.id == theirs.id:
        return _with_both_metadata(base, ours, theirs)
    return UNDECIDED


def _with_both_metadata(base: Value, ours: Entry, theirs: Entry) -> Value:
    # The same bytes, put by different clients: one of them, say, told their MD5.
    before = _words(base) if isinstance(base, Entry) else {}
    mine, other = _words(ours), _words(theirs)
    merged: dict[str, object] = {}
    for name in sorted(mine.keys() | other.keys()):
        values = before.get(name), mine.get(name), other.get(name)
        if values[1] != values[2] and values[0] not in values[1:]:
            return UNDECIDED
        value = values[2] if values[1] == values[0] else values[1]
        if value is not None:
            merged[name] = value
    return ours._replace(metadata=msgspec.json.encode(merged).decode() if merged else "")


def _words(entry: Entry) -> dict[str, object]:
    words: dict[str, object] = msgspec.json.decode(entry.metadata) if entry.metadata else {}
    return words


def steps_between(differ: Differ, old: View, new: View) -> Iterator[Step]:
    """The steps from one view to another."""
    overlaid = sorted(old.over.keys() | new.over.keys())
    plain: Iterator[tuple[str, Step | None]] = ((step[0], step) for step in differ(old.files, new.files))
    marked = heapq.merge(plain, ((path, None) for path in overlaid), key=lambda each: each[0])
    for path, group in groupby(marked, key=lambda each: each[0]):
        found = next((step for _, step in group if step is not None), None)
        before = _held(old, path) if found is None or path in old.over else found[1]
        after = _held(new, path) if found is None or path in new.over else found[2]
        if not is_same(before, after):
            yield path, before, after


def _held(view: View, path: str) -> Value:
    return view.over[path] if path in view.over else view.files.lookup(path)


def merge_views(differ: Differ, base: View, ours: View, theirs: View) -> View:
    """Both sides together; where they disagree, what the path holds is UNDECIDED."""
    over = dict(ours.over)
    for outcome in merge_steps(steps_between(differ, base, ours), steps_between(differ, base, theirs)):
        if outcome.result is not outcome.ours:
            over[outcome.path] = outcome.result
    return View(ours.files, over)


@dataclass(frozen=True)
class Clash:
    """A file that would lie at the name of a folder: ``file`` is its path, ``below`` one in the folder."""

    file: str
    below: str


def clashes(files: Files, changes: Mapping[str, Entry | None]) -> Iterator[Clash]:
    """The clashes that ``changes`` would make in ``files``, which has none itself."""
    clear: set[str] = set()
    for path, entry in changes.items():
        if entry is None or files.lookup(path) is not None:
            continue
        for above in _folders_above(path):
            if above in clear:
                break
            if _after(files, changes, above) is not None:
                yield Clash(above, path)
            clear.add(above)
        below = _first_below(files, changes, path)
        if below is not None:
            yield Clash(path, below)


def _after(files: Files, changes: Mapping[str, Entry | None], path: str) -> Entry | None:
    return changes[path] if path in changes else files.lookup(path)


def _folders_above(path: str) -> Iterator[str]:
    end = path.rfind("/")
    while end > 0:
        yield path[:end]
        end = path.rfind("/", 0, end)


def _first_below(files: Files, changes: Mapping[str, Entry | None], path: str) -> str | None:
    kept = (entry.path for entry in files.scan(f"{path}/") if changes.get(entry.path, entry) is not None)
    return next(kept, None)
