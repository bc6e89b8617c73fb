"""Making nodes of rows in the order of paths, level by level, with one open node a level."""

from __future__ import annotations

from typing import Protocol

from treadle.repos.nodes import (
    INNER_ROWS,
    LEAF_ROWS,
    Child,
    Entry,
    Node,
    encode_inner,
    encode_leaf,
    is_border,
)


class Nodes(Protocol):
    """Where nodes are read."""

    def node(self, id: bytes) -> Node:
        """A node."""


class NodeWriter(Protocol):
    """Where nodes are written."""

    def put_node(self, node: bytes) -> bytes:
        """Store a node; its id."""


class Builder:
    """A tree in the making. Equal rows make equal nodes, whichever of them were reused."""

    def __init__(self, nodes: Nodes, writer: NodeWriter) -> None:
        self._nodes = nodes
        self._writer = writer
        self._leaf: list[Entry] = []
        self._inner: list[list[Child]] = []  # by level - 1
        self._only: dict[bytes, Child | None] = {}  # of inner nodes made here: their child, if it is one

    def add(self, entry: Entry) -> None:
        """Append an entry, behind all that were before."""
        self._leaf.append(entry)
        if is_border(entry.path, 0) or len(self._leaf) == LEAF_ROWS:
            self._close_leaf()

    def add_node(self, level: int, child: Child) -> None:
        """Append a whole node to the open one of ``level``; everything below must be closed."""
        rows = self._rows(level)
        rows.append(child)
        if is_border(child.path, level) or len(rows) == INNER_ROWS:
            self._close_inner(level)

    def is_closed_below(self, level: int) -> bool:
        """Whether no node below the level is open."""
        return not self._leaf and not any(self._inner[: level - 1])

    def finish(self) -> tuple[Child | None, int]:
        """The root as a row, and its level; None and -1 of a tree without entries."""
        if self._leaf:
            self._close_leaf()
        level = 1
        while level < len(self._inner) or (self._inner and len(self._inner[-1]) > 1):
            if self._inner[level - 1]:
                self._close_inner(level)
            level += 1
        if not self._inner:
            return None, -1
        return self._lowest(self._inner[-1][0], len(self._inner) - 1)

    def _lowest(self, root: Child, level: int) -> tuple[Child, int]:
        # A node alone on its level is the root: which one stands above it depends on what was reused.
        while level and (child := self._only_child(root.id)) is not None:
            root, level = child, level - 1
        return root, level

    def _only_child(self, id: bytes) -> Child | None:
        if id in self._only:
            return self._only[id]
        children = self._nodes.node(id).children()
        return children[0] if len(children) == 1 else None

    def _close_leaf(self) -> None:
        entries, self._leaf = self._leaf, []
        id = self._writer.put_node(encode_leaf(entries))
        size_bytes = sum([entry.size_bytes for entry in entries])
        self.add_node(1, Child(entries[-1].path, id, len(entries), size_bytes))

    def _close_inner(self, level: int) -> None:
        children, self._inner[level - 1] = self._inner[level - 1], []
        id = self._writer.put_node(encode_inner(level, children))
        self._only[id] = children[0] if len(children) == 1 else None
        files = sum([child.files for child in children])
        size_bytes = sum([child.size_bytes for child in children])
        self.add_node(level + 1, Child(children[-1].path, id, files, size_bytes))

    def _rows(self, level: int) -> list[Child]:
        while len(self._inner) < level:
            self._inner.append([])
        return self._inner[level - 1]
