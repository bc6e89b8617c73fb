"""What happened to one path: the commits that changed it, and who brought each line of a text."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from treadle.db import Tx
from treadle.errors import NotFound
from treadle.repos import commits
from treadle.repos.ancestry import Forebear, Forebears
from treadle.repos.contents import Contents
from treadle.repos.differences import Difference
from treadle.repos.engine import RepoEngine
from treadle.repos.nodes import Entry
from treadle.repos.snapshots import change_of
from treadle.repos.three_way import is_same
from treadle.repos.tree import Tree, diff
from treadle.repos.values import Change, Commit
from treadle.repos.writing import REFERENCE

#: A larger text is told as a whole.
MAX_TEXT_BYTES = 2_000_000
#: So many versions, and lines in all of them, are compared; older lines count as of the last.
MAX_VERSIONS = 1_000
_MAX_LINES = 2_000_000


@dataclass(frozen=True)
class BlamedLine:
    """A line, without its end, and the id of the commit that brought it."""

    text: str
    commit: str


@dataclass(frozen=True)
class Blame:
    """Who brought a file.

    commit: what changed it last.  lines: of a text, else None.
    is_complete: False where there were too many versions; the oldest lines may be older than told.
    """

    commit: Commit
    lines: tuple[BlamedLine, ...] | None
    commits: tuple[Commit, ...]
    is_complete: bool = True


def path_log(
    engine: RepoEngine,
    repo_id: int,
    commit_id: str,
    path: str,
    *,
    limit: int = 100,
    after: str | None = None,
) -> list[tuple[Commit, Change]]:
    """The commits at or before ``commit_id`` that changed a path, the newest first, and how each did.

    path: of a file; or of a folder, which ends in a slash: then the first change in it is given.
    after: the commit that was the last of the page before.  A commit that took one side of a merge as it is
    has changed nothing, and the other side is not looked at. Raises NotFound("commit-not-found"), Damaged.
    """
    plain = path.removeprefix("/")
    with engine.database.read() as tx:
        begin = commits.get(tx, commit_id, repo_id)
        paths = _Paths(tx, engine.contents(repo_id))
        found: list[tuple[Forebear, Difference]] = []
        passed = after is None
        for forebear, change in _changes(paths, begin.id, plain):
            if passed:
                found.append((forebear, change))
            passed = passed or forebear.id == after
            if len(found) == limit:
                break
        rows = commits.get_rows(tx, [forebear.row_id for forebear, _ in found])
    return [(row, change_of(change)) for row, (_, change) in zip(rows, found, strict=True)]


def blame(engine: RepoEngine, repo_id: int, commit_id: str, path: str) -> Blame:
    """Who brought each line of a text; of another file, or one over 2 MB, who brought its bytes.

    Raises NotFound("commit-not-found", "file-not-found"), Damaged.
    """
    plain = path.removeprefix("/")
    with engine.database.read() as tx:
        begin = commits.get(tx, commit_id, repo_id)
        paths = _Paths(tx, engine.contents(repo_id))
        entry = paths.entry(paths.find(begin.id), plain)
        if entry is None:
            raise NotFound("file-not-found", f"There is no file {plain!r} at commit {begin.id}.")
        last = next(commit for commit, change in _changes(paths, begin.id, plain) if _brings_bytes(change))
        lines = paths.lines(entry)
        walk = _BlameWalk(paths, plain, [] if lines is None else lines)
        origins = walk.run(last)
        known = dict.fromkeys([last.id, *origins])
        rows = {each.id: each for each in commits.get_rows(tx, [paths.find(key).row_id for key in known])}
    told = tuple(map(BlamedLine, lines, origins)) if lines is not None else None
    return Blame(rows[last.id], told, tuple(rows.values()), walk.is_complete)


class _Paths:
    """Single paths at many commits: what is below a node is looked up once."""

    def __init__(self, tx: Tx, contents: Contents) -> None:
        self.find = Forebears(tx).find
        self.contents = contents
        self._known: dict[tuple[bytes, str], Entry | None] = {}

    def tree(self, commit: Forebear | None) -> Tree:
        """The files of a commit; None has none."""
        return Tree(self.contents, commit.root, commit.height) if commit else Tree(self.contents, None, -1)

    def entry(self, commit: Forebear, path: str) -> Entry | None:
        """The file at a path of a commit."""
        trail = []
        found: Entry | None = None
        id = commit.root
        while id is not None:
            if (id, path) in self._known:
                found = self._known[id, path]
                break
            trail.append(id)
            node = self.contents.node(id)
            row = bisect_left(node.paths, path)
            if row == len(node.paths):
                break
            if not node.level:
                found = node.entry(row) if node.paths[row] == path else None
                break
            id = node.id(row)
        self._known.update(((each, path), found) for each in trail)
        return found

    def change(self, old: Forebear | None, new: Forebear, path: str) -> Difference | None:
        """How a path differs between two commits, if it does; of a folder the first file that does."""
        if path.endswith("/") or not path:
            return next(diff(self.tree(old), self.tree(new), path), None)
        before = None if old is None else self.entry(old, path)
        now = self.entry(new, path)
        return None if is_same(before, now) else (path, before, now)

    def lines(self, entry: Entry) -> list[str] | None:
        """The lines of a text; None of what is none, or is too long."""
        if entry.size_bytes > MAX_TEXT_BYTES or entry.id[:1] == REFERENCE:
            return None
        raw = self.contents.read_whole(entry.id)
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return None
        return None if "\0" in text else text.removesuffix("\n").replace("\r\n", "\n").split("\n")


def _changes(paths: _Paths, begin: str, path: str) -> Iterator[tuple[Forebear, Difference]]:
    """The commits that changed a path, the newest first."""
    queue = [(-paths.find(begin).generation, begin)]
    met = {begin}
    while queue:
        commit = paths.find(heapq.heappop(queue)[1])
        parents = [paths.find(each) for each in commit.parents]
        olds: list[Forebear | None] = [*parents] or [None]
        changes = [paths.change(old, commit, path) for old in olds]
        unchanged = next((at for at, change in enumerate(changes) if change is None), None)
        if unchanged is None:
            assert changes[0] is not None, "every parent has another file there"
            yield commit, changes[0]
        elif parents:
            parents = [parents[unchanged]]
        for parent in parents:
            if parent.id not in met:
                met.add(parent.id)
                heapq.heappush(queue, (-parent.generation, parent.id))


def _brings_bytes(change: Difference) -> bool:
    _path, old, new = change
    return new is not None and (old is None or old.id != new.id)


class _BlameWalk:
    """Lines on their way back to the commit that brought them."""

    def __init__(self, paths: _Paths, path: str, lines: Sequence[str]) -> None:
        self.is_complete = True
        self._paths = paths
        self._path = path
        self._origins = [""] * len(lines)
        #: By commit: the number of a line there, and in the file that is blamed.
        self._pending: dict[str, list[tuple[int, int]]] = {}
        self._queue: list[tuple[int, str]] = []
        self._versions = self._compared = 0

    def run(self, begin: Forebear) -> list[str]:
        """The id of the commit that brought each line."""
        if self._origins:
            self._add(begin, [(number, number) for number in range(len(self._origins))])
        while self._queue:
            commit = self._paths.find(heapq.heappop(self._queue)[1])
            for _number, line in self._pass_on(commit, self._pending.pop(commit.id)):
                self._origins[line] = commit.id
        return self._origins

    def _add(self, commit: Forebear, lines: list[tuple[int, int]]) -> None:
        if not lines:
            return
        if commit.id not in self._pending:
            heapq.heappush(self._queue, (-commit.generation, commit.id))
        self._pending.setdefault(commit.id, []).extend(lines)

    def _pass_on(self, commit: Forebear, lines: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Give lines to the parents that have them; those that none has."""
        parents = [self._paths.find(each) for each in commit.parents]
        entry = self._paths.entry(commit, self._path)
        entries = [self._paths.entry(parent, self._path) for parent in parents]
        for parent, before in zip(parents, entries, strict=True):
            if before is not None and entry is not None and before.id == entry.id:
                self._add(parent, lines)
                return []
        for parent, before in zip(parents, entries, strict=True):
            if before is None or entry is None or not lines:
                continue
            places = self._places(before, entry)
            self._add(parent, [(places[number], line) for number, line in lines if number in places])
            lines = [each for each in lines if each[0] not in places]
        return lines

    def _places(self, before: Entry, now: Entry) -> dict[int, int]:
        """Where lines of a version stood in the one before."""
        if self._versions == MAX_VERSIONS or self._compared > _MAX_LINES:
            self.is_complete = False
            return {}
        old, new = self._paths.lines(before), self._paths.lines(now)
        if old is None or new is None:
            return {}
        self._versions += 1
        self._compared += len(old) + len(new)
        return match_lines(old, new)


def match_lines(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """The numbers of lines of ``new`` that were in ``old`` already, with their numbers there; from 0."""
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    rest = shorter - head
    tail = next((at for at in range(rest) if old[-1 - at] != new[-1 - at]), rest)
    places = {at: at for at in range(head)}
    places.update((len(new) - at, len(old) - at) for at in range(1, tail + 1))
    matcher = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail])
    for was, now, size in matcher.get_matching_blocks():
        places.update((head + now + at, head + was + at) for at in range(size))
    return places
