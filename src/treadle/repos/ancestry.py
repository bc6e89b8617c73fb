"""Where the histories of commits meet.

A commit's generation is above that of each of its parents: whoever visits commits from the highest
generation down has seen all children of a commit before the commit itself.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import bindparam, literal, select

from treadle.db import Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repo_commits, repo_parents
from treadle.errors import NotFound

_OURS, _THEIRS, _COVERED = 1, 2, 4
_BOTH = _OURS | _THEIRS
_STEPS_AT_ONCE = 100

_c, _p = repo_commits.c, repo_parents.c
_ROW_OF = Prepared(select(_c.id).where(_c.key == bindparam("key")))
_line = select(_c.id, literal(0).label("depth")).where(one_of(_c.id, "ids")).cte("line", recursive=True)
_line = _line.union(
    select(_p.parent_id, _line.c.depth + 1)
    .select_from(repo_parents.join(_line, _line.c.id == _p.commit_id))
    .where(_line.c.depth < bindparam("steps"))
)
_met = select(_line.c.id).distinct().subquery()
_other = repo_commits.alias("other")
_ABOVE = Prepared(
    select(_c.id, _c.key, _c.generation, _c.root, _c.height, _other.c.key.label("parent"))
    .select_from(
        repo_commits.join(_met, _met.c.id == _c.id)
        .outerjoin(repo_parents, _p.commit_id == _c.id)
        .outerjoin(_other, _other.c.id == _p.parent_id)
    )
    .order_by(_c.id, _p.position)
)


@dataclass(frozen=True)
class Forebear:
    """A commit as its history needs it."""

    id: str
    generation: int
    parents: tuple[str, ...]
    #: Of its tree, as `Commit` has them.
    root: bytes | None = None
    height: int = 0
    row_id: int = 0


#: Finds a commit by its id.
FindCommit = Callable[[str], Forebear]


class Forebears:
    """Commits and what they stand on, read a hundred steps at once."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._known: dict[str, Forebear] = {}

    def find(self, commit_id: str) -> Forebear:
        """The commit. Raises NotFound("commit-not-found")."""
        if commit_id not in self._known:
            self._read_from(commit_id)
        return self._known[commit_id]

    def _read_from(self, commit_id: str) -> None:
        row = self._tx.execute(_ROW_OF, {"key": commit_id}).first()
        if row is None:
            raise NotFound("commit-not-found", f"There is no commit {commit_id} that you can see.")
        wanted = {"ids": id_list([row["id"]]), "steps": _STEPS_AT_ONCE}
        for _, group in groupby(self._tx.execute(_ABOVE, wanted).all(), key=lambda row: row["id"]):
            rows = list(group)
            first = rows[0]
            parents = tuple(row["parent"] for row in rows if row["parent"] is not None)
            self._known[first["key"]] = Forebear(
                first["key"],
                first["generation"],
                parents,
                first["root"],
                first["height"],
                first["id"],
            )


class _Descent:
    """Commits yet to be visited, from the highest generation down, each with its marks."""

    def __init__(self, find: FindCommit) -> None:
        self._find = find
        self._marks: dict[str, int] = {}
        self._queue: list[tuple[int, str, Forebear]] = []
        self._uncovered = 0

    def add(self, commit_id: str, marks: int) -> None:
        """Put marks on a commit that was not visited yet."""
        before = self._marks.get(commit_id)
        if before is None:
            commit = self._find(commit_id)
            heapq.heappush(self._queue, (-commit.generation, commit_id, commit))
        after = (before or 0) | marks
        self._marks[commit_id] = after
        self._uncovered += (not after & _COVERED) - (before is not None and not before & _COVERED)

    def __iter__(self) -> Iterator[tuple[Forebear, int]]:
        """Every commit once, with all its marks, until only covered ones are left."""
        while self._uncovered:
            _, commit_id, commit = heapq.heappop(self._queue)
            marks = self._marks[commit_id]
            self._uncovered -= not marks & _COVERED
            yield commit, marks


def meeting_points(find: FindCommit, ours: Collection[str], theirs: Collection[str]) -> list[str]:
    """The best common ancestors of two sides, newest first: none is an ancestor of another.

    ours, theirs: a side is what its commits hold together. A commit is an ancestor of itself.
    """
    descent = _Descent(find)
    for commit_id in ours:
        descent.add(commit_id, _OURS)
    for commit_id in theirs:
        descent.add(commit_id, _THEIRS)
    found = []
    for commit, marks in descent:
        if marks & _COVERED == 0 and marks & _BOTH == _BOTH:
            found.append(commit.id)
            marks |= _COVERED
        for parent in commit.parents:
            descent.add(parent, marks)
    return found


def is_ancestor(find: FindCommit, older: str, newer: str) -> bool:
    """Whether ``older`` is in the history of ``newer``, or is it."""
    return meeting_points(find, (older,), (newer,)) == [older]
