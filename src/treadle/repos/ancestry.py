"""Where the histories of commits meet.

A commit's generation is above that of each of its parents: whoever visits commits from the highest
generation down has seen all children of a commit before the commit itself.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

_OURS, _THEIRS, _COVERED = 1, 2, 4
_BOTH = _OURS | _THEIRS


@dataclass(frozen=True)
class Forebear:
    """A commit as its history needs it."""

    id: str
    generation: int
    parents: tuple[str, ...]


#: Finds a commit by its id.
FindCommit = Callable[[str], Forebear]


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
