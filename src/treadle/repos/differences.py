"""What differs between two trees, found without looking at what they share."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Protocol

from treadle.repos.building import Nodes
from treadle.repos.nodes import Entry, Node

#: A path, the entry that stood there, the one that stands there; None: nothing.
Difference = tuple[str, Entry | None, Entry | None]


class Rooted(Protocol):
    """A tree, as far as it is compared."""

    root: bytes | None
    height: int
    nodes: Nodes


class _Cursor:
    """A place in a tree: before a whole node, or at an entry; it moves forward only."""

    def __init__(self, tree: Rooted, first: str) -> None:
        self._nodes = tree.nodes
        self._first = first
        self._above: list[tuple[Node, int]] = []
        self._entries: list[Entry] = []
        self._row = 0
        self.node_id = tree.root
        self.level = tree.height
        self.entry: Entry | None = None

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is left."""
        return self.node_id is None and self.entry is None

    def descend(self) -> None:
        """Into the node that the cursor is before."""
        assert self.node_id is not None, "the cursor is at an entry"
        node = self._nodes.node(self.node_id)
        row = bisect_left(node.paths, self._first) if node.paths[0] < self._first else 0
        if node.level:
            self._above.append((node, row - 1))
            self._forward()
            return
        self._entries, self._row, self.node_id = node.entries(), row - 1, None
        self._next_entry()

    def skip(self) -> None:
        """Over the node or the entry."""
        if self.entry is None:
            self._forward()
        else:
            self._next_entry()

    def _next_entry(self) -> None:
        self._row += 1
        if self._row < len(self._entries):
            self.entry = self._entries[self._row]
        else:
            self.entry = None
            self._forward()

    def _forward(self) -> None:
        while self._above:
            node, row = self._above.pop()
            if row + 1 < len(node.paths):
                self._above.append((node, row + 1))
                self.node_id, self.level = node.id(row + 1), node.level - 1
                return
        self.node_id = None


def find_differences(old: Rooted, new: Rooted, first: str) -> Iterator[Difference]:
    """What differs from the path ``first`` on, in the order of paths."""
    a, b = _Cursor(old, first), _Cursor(new, first)
    while not (a.is_at_end and b.is_at_end):
        if a.node_id is not None and a.node_id == b.node_id:
            a.skip()
            b.skip()
        elif a.node_id is not None and (b.node_id is None or a.level >= b.level):
            if b.node_id is not None and a.level == b.level:
                b.descend()
            a.descend()
        elif b.node_id is not None:
            b.descend()
        else:
            yield from _compare(a, b)


def _compare(a: _Cursor, b: _Cursor) -> Iterator[Difference]:
    old, new = a.entry, b.entry
    if new is None or (old is not None and old.path < new.path):
        assert old is not None, "one of the two is at an entry"
        yield old.path, old, None
        a.skip()
    elif old is None or new.path < old.path:
        yield new.path, None, new
        b.skip()
    else:
        if old != new:
            yield old.path, old, new
        a.skip()
        b.skip()
