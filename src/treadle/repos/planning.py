"""What a commit changes, decided before it is written: on which head, and whether it can."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Literal

from treadle.errors import Conflict
from treadle.repos.nodes import Entry
from treadle.repos.staging import is_below
from treadle.repos.three_way import is_same
from treadle.repos.tree import Change, Tree, diff

Prefer = Literal["ours", "theirs"]
#: Of the paths that collide so many are told in words, and so many more for programs.
_SHOWN, _NAMED = 3, 100
_path = itemgetter(0)


def expand(base: Tree, changes: Iterable[Change], deleted_folders: Iterable[str] = ()) -> Iterator[Change]:
    """The changes, which come in order, and a deletion of each file of ``base`` in the deleted folders.

    What is changed in such a folder stays changed; of several changes of a path the first one counts.
    """
    folders = _outermost(deleted_folders)
    gone = ((entry.path, None) for folder in folders for entry in base.scan(folder.removeprefix("/")))
    last = ""  # No path is.
    for change in heapq.merge(changes, gone, key=_path) if folders else changes:
        if change[0] != last:
            yield change
        last = change[0]


def check_collisions(base: Tree, head: Tree, wanted: Iterable[Change], folders: Iterable[str] = ()) -> None:
    """Make sure that nobody else changed what is wanted, on the way of the branch from ``base`` to ``head``.

    folders: deleted ones, in which nobody else may have changed anything.
    Raises Conflict("commit-collides") naming the paths.
    """
    for folder in folders:
        changed = diff(base, head, folder.removeprefix("/"))
        touched = next((path for path, old, new in changed if new and not is_same(old, new)), None)
        if touched is not None:
            raise _collision([touched], 1)
    named: list[str] = []
    count = 0
    for (path, _entry), collides in _beside(base, head, wanted):
        if collides:
            count += 1
            named += [path] if count <= _NAMED else []
    if count:
        raise _collision(named, count)


def without_collisions(base: Tree, head: Tree, wanted: Iterable[Change]) -> Iterator[Change]:
    """What is wanted, but for the paths that somebody else changed on the way from ``base`` to ``head``."""
    return (change for change, collides in _beside(base, head, wanted) if not collides)


def differing(head: Tree, wanted: Iterable[Change]) -> list[tuple[str, Entry | None, Entry | None]]:
    """(path, what is there, what is to be there) of the changes that change something, in the order of paths.

    The same content with the same metadata is no change, whenever it was put.
    """
    olds = ((path, head.lookup(path), entry) for path, entry in wanted)
    return [(path, old, new) for path, old, new in olds if not is_same(old, new)]


def check_names(head: Tree, changes: Sequence[tuple[str, Entry | None, Entry | None]]) -> None:
    """Make sure that no file has the name of a folder. Raises Conflict("file-and-folder") naming both."""
    paths = [path for path, _old, _new in changes]
    seen: set[str] = set()

    def is_there(path: str) -> bool:
        at = bisect_left(paths, path)
        if at < len(paths) and paths[at] == path:
            return changes[at][2] is not None
        return head.lookup(path) is not None

    for path, old, new in changes:
        if new is None or old is not None:
            continue
        for folder in _folders_above(path):
            if folder not in seen and is_there(folder):
                raise _same_name(folder, path)
            seen.add(folder)
        first = head.first_path(f"{path}/")  # of most nothing is below
        if first is not None and first.startswith(f"{path}/"):
            below = next((each for each in head.scan(f"{path}/") if is_there(each.path)), None)
            if below is not None:
                raise _same_name(path, below.path)


def check_stream(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries, which come in order. Raises Conflict("file-and-folder") once a file is also a folder."""
    above: list[str] = []
    for entry in entries:
        path = entry.path
        # All paths that begin with one follow it in a row.
        while above and not path.startswith(above[-1]):
            above.pop()
        for shorter in above:
            if path[len(shorter)] == "/":
                raise _same_name(shorter, path)
        above.append(path)
        yield entry


def applied(base: Tree, changes: Iterable[Change]) -> Iterator[Entry]:
    """All files after the changes, which come in order. What is wanted and already there stays as it is."""
    olds = base.scan()
    old = next(olds, None)
    for path, new in changes:
        while old is not None and old.path < path:
            yield old
            old = next(olds, None)
        is_there = old is not None and old.path == path
        if new is not None:
            yield old if old is not None and is_there and is_same(old, new) else new
        if is_there:
            old = next(olds, None)
    if old is not None:
        yield old
    yield from olds


def replaced(base: Tree, wanted: Iterable[Entry]) -> Iterator[Entry]:
    """The wanted files alone, which come in order. What is wanted and already there stays as it is."""
    olds = base.scan()
    old = next(olds, None)
    for new in wanted:
        while old is not None and old.path < new.path:
            old = next(olds, None)
        is_there = old is not None and old.path == new.path
        yield old if old is not None and is_there and is_same(old, new) else new


def changes_of(changes: Iterable[tuple[str, Entry | None, Entry | None]]) -> Iterator[Change]:
    """The changes as a tree takes them."""
    return ((path, new) for path, _old, new in changes)


def _beside(base: Tree, head: Tree, wanted: Iterable[Change]) -> Iterator[tuple[Change, bool]]:
    """Each change, and whether somebody else changed its path to something else from ``base`` to ``head``."""
    moved = diff(base, head)
    other = next(moved, None)
    for change in wanted:
        path, entry = change
        while other is not None and other[0] < path:
            other = next(moved, None)
        collides = False
        if other is not None and other[0] == path:
            _path_of_it, old, new = other
            collides = not is_same(old, new) and not is_same(new, entry)
        yield change, collides


def _outermost(folders: Iterable[str]) -> list[str]:
    """The folders that are in no other one of them, in order."""
    found: list[str] = []
    for folder in sorted(folders, key=lambda each: each.removeprefix("/")):  # "/", that of all, comes first
        if not found or not is_below(folder, found[-1]):
            found.append(folder)
    return found


def _folders_above(path: str) -> Iterator[str]:
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


def _same_name(file: str, other: str) -> Conflict:
    return Conflict(
        "file-and-folder",
        f"{file!r} is a file, and {other!r} needs a folder of that name. Delete or move one of the two.",
        details={"paths": [file, other]},
    )


def _collision(paths: Sequence[str], count: int) -> Conflict:
    shown = ", ".join(repr(path) for path in paths[:_SHOWN])
    more = f" and {count - _SHOWN:,} more" if count > _SHOWN else ""
    return Conflict(
        "commit-collides",
        f"The branch has moved meanwhile, and {shown}{more} changed there too. "
        "Say whose files are to stay, or start another commit on the new head.",
        details={"paths": list(paths)},
    )
