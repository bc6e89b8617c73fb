"""What a commit changes, decided before it is written: on which head, and whether it can."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from treadle.errors import Conflict
from treadle.repos.nodes import Entry
from treadle.repos.staging import is_below
from treadle.repos.three_way import is_same
from treadle.repos.tree import Change, Tree, diff

Prefer = Literal["ours", "theirs"]
_SHOWN = 3


def expand(base: Tree, changes: Iterable[Change], deleted_folders: Iterable[str]) -> list[Change]:
    """The changes in the order of paths, with a deletion of each file of ``base`` in the deleted folders.

    What is changed in such a folder stays changed.
    """
    wanted = dict(changes)
    for folder in deleted_folders:
        for entry in base.scan(folder.removeprefix("/")):
            wanted.setdefault(entry.path, None)
    return sorted(wanted.items())


def rebase(base: Tree, head: Tree, wanted: Sequence[Change], prefer: Prefer | None = None) -> list[Change]:
    """What is to be changed on ``head``, to which somebody else moved the branch from ``base``.

    prefer: whose file stays where both changed a path: "ours" is what is wanted, "theirs" the head's.
    Raises Conflict("commit-collides") naming the paths, without a preference.
    """
    if base.root == head.root or prefer == "ours":
        return list(wanted)
    collisions = {path for path, entry in wanted if _collides(base, head, path, entry)}
    if collisions and prefer is None:
        raise _collision(sorted(collisions))
    return [(path, entry) for path, entry in wanted if path not in collisions]


def check_deleted_folders(base: Tree, head: Tree, folders: Iterable[str]) -> None:
    """Make sure that nobody else changed what is in deleted folders. Raises Conflict("commit-collides")."""
    for folder in folders:
        changed = diff(base, head, folder.removeprefix("/"))
        touched = next((path for path, old, new in changed if new and not is_same(old, new)), None)
        if touched is not None:
            raise _collision([touched])


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


def merged(base: Tree, wanted: Iterable[Entry], *, gone: Sequence[str], keep_others: bool) -> Iterator[Entry]:
    """All files in the order of paths: the wanted ones, and those of the base.

    wanted: in order.  gone: paths and folders that are deleted before.  keep_others: also those of the base
    that are not wanted.  What is wanted and already there stays as it is.
    """
    files, folders = {each for each in gone if each[-1] != "/"}, [each for each in gone if each[-1] == "/"]
    olds = base.scan()
    old = next(olds, None)
    for new in wanted:
        while old is not None and old.path < new.path:
            if keep_others and not _is_gone(old.path, files, folders):
                yield old
            old = next(olds, None)
        if old is not None and old.path == new.path:
            yield old if is_same(old, new) else new
            old = next(olds, None)
        else:
            yield new
    while old is not None and keep_others:
        if not _is_gone(old.path, files, folders):
            yield old
        old = next(olds, None)


def changes_of(changes: Iterable[tuple[str, Entry | None, Entry | None]]) -> list[Change]:
    """The changes as a tree takes them."""
    return [(path, new) for path, _old, new in changes]


def _is_gone(path: str, files: set[str], folders: Sequence[str]) -> bool:
    return path in files or any(is_below(path, folder) for folder in folders)


def _collides(base: Tree, head: Tree, path: str, entry: Entry | None) -> bool:
    there = head.lookup(path)
    return not is_same(base.lookup(path), there) and not is_same(there, entry)


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


def _collision(paths: Sequence[str]) -> Conflict:
    shown = ", ".join(repr(path) for path in paths[:_SHOWN])
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return Conflict(
        "commit-collides",
        f"The branch has moved meanwhile, and {shown}{more} changed there too. "
        "Say whose files are to stay, or start another commit on the new head.",
        details={"paths": list(paths[:100])},
    )
