"""The files of a commit: a tree over the order of paths, in which an edit costs what it changes.

Promises: equal files make equal trees, with one root, whatever was changed before; so two trees share
what they have in common, and a difference is found without looking at it. Trees never change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import pairwise

from treadle.errors import Defect
from treadle.repos.building import Builder, Nodes, NodeWriter
from treadle.repos.differences import Difference, find_differences
from treadle.repos.nodes import Child, Entry, Node
from treadle.repos.sorting import sorted_entries

__all__ = ["Change", "Entry", "Tree", "build", "diff", "node_ids", "reachable_ids", "sorted_entries"]

#: A path, and the entry that is to stand there; None: nothing.
Change = tuple[str, Entry | None]


class Tree:
    """The files of a commit. ``root``: the id of a node, None without files; ``height``: its level."""

    def __init__(
        self, nodes: Nodes, root: bytes | None, height: int, *, totals: tuple[int, int] | None = None
    ) -> None:
        self.nodes = nodes
        self._totals = totals
        self.root = root
        self.height = height if root is not None else -1

    def totals(self) -> tuple[int, int]:
        """How many files there are, and the sum of their sizes in bytes; of the root alone."""
        if self._totals is None:
            self._totals = (0, 0) if self.root is None else self.nodes.node(self.root).totals()
        return self._totals

    def lookup(self, path: str) -> Entry | None:
        """The file of a path. Raises Damaged."""
        id = self.root
        while id is not None:
            node = self.nodes.node(id)
            row = bisect_left(node.paths, path)
            if row == len(node.paths):
                return None
            if not node.level:
                return node.entry(row) if node.paths[row] == path else None
            id = node.id(row)
        return None

    def first_path(self, first: str) -> str | None:
        """The path of the first file from the path ``first`` on. Raises Damaged."""
        id = self.root
        while id is not None:
            node = self.nodes.node(id)
            row = bisect_left(node.paths, first)
            if row == len(node.paths):
                return None
            if not node.level:
                return node.paths[row]
            id = node.id(row)
        return None

    def scan(self, prefix: str = "", after: str = "") -> Iterator[Entry]:
        """The files whose paths begin with ``prefix`` and follow ``after``, in order. Raises Damaged."""
        for leaf, entries in self._scan_leaves(max(prefix, after + "\0" if after else "")):
            if leaf.paths[-1].startswith(prefix):  # and so does all between the prefix and it
                yield from entries
                continue
            for entry in entries:
                if not entry.path.startswith(prefix):
                    return
                yield entry

    def scan_from(self, first: str) -> Iterator[Entry]:
        """The files from the path ``first`` on, itself too."""
        for _leaf, entries in self._scan_leaves(first):
            yield from entries

    def children(self, prefix: str = "", after: str = "") -> Iterator[Entry | str]:
        """The files below ``prefix``, and of those deeper the folders they are in, which end in a slash.

        after: a path or a folder that was given; what is below a folder is not read.  Raises Damaged.
        """
        first = max(prefix, _behind(after) if after else "\0")
        while first:
            first = yield from self._children_to_a_folder(prefix, first)

    def _children_to_a_folder(self, prefix: str, first: str) -> Generator[Entry | str, None, str]:
        """Files from ``first`` on, up to the next folder; what follows that one, "" at the end."""
        for entry in self.scan_from(first):
            if not entry.path.startswith(prefix):
                return ""
            name, slash, _below = entry.path[len(prefix) :].partition("/")
            if slash:
                folder = f"{prefix}{name}/"
                yield folder
                return _behind(folder)
            yield entry
        return ""

    def edit(self, writer: NodeWriter, changes: Sequence[Change]) -> Tree:
        """The tree with the changes, whose paths are in order; one write for each node that differs.

        Raises Defect("tree-changes") when they are not, Damaged.
        """
        _check_order(changes)
        builder = Builder(self.nodes, writer)
        editing = _Editing(self.nodes, builder, changes)
        if self.root is not None and changes:
            editing.walk(self.root, is_last=True)
        elif self.root is not None:
            return self
        editing.add_rest()
        return _finished(self.nodes, builder)

    def _scan_leaves(self, first: str) -> Iterator[tuple[Node, list[Entry]]]:
        for leaf in self._leaves(self.root, first):
            entries = leaf.entries()
            yield leaf, entries[bisect_left(leaf.paths, first) :] if leaf.paths[0] < first else entries

    def _leaves(self, id: bytes | None, first: str) -> Iterator[Node]:
        if id is None:
            return
        node = self.nodes.node(id)
        if not node.level:
            yield node
            return
        for row in range(bisect_left(node.paths, first), len(node.paths)):
            yield from self._leaves(node.id(row), first)


def build(nodes: Nodes, writer: NodeWriter, entries: Iterable[Entry]) -> Tree:
    """A tree of entries, whose paths are in order. Holds one open node a level, whatever their number.

    Raises Defect("tree-order"), Unavailable("disk-full").
    """
    builder = Builder(nodes, writer)
    before = ""
    for entry in entries:
        if entry.path <= before:
            raise Defect("tree-order", f"The entry {entry.path!r} came behind {before!r}.")
        before = entry.path
        builder.add(entry)
    return _finished(nodes, builder)


def diff(old: Tree, new: Tree, prefix: str = "", after: str = "") -> Iterator[Difference]:
    """(path, old entry, new entry) of what differs, in the order of paths; equal subtrees are skipped.

    Raises Damaged.
    """
    first = max(prefix, after + "\0" if after else "")
    for found in find_differences(old, new, first):
        if not found[0].startswith(prefix):
            return
        yield found


def node_ids(tree: Tree, seen: set[bytes] | None = None) -> Iterator[bytes]:
    """The ids of the nodes of a tree, each once. ``seen``: nothing in or below these; they are added."""
    for node_id, _node in _walk(tree, set() if seen is None else seen):
        yield node_id


def reachable_ids(tree: Tree, seen: set[bytes]) -> Iterator[bytes]:
    """The ids of the nodes and of the contents that the tree needs, but for what is below ``seen`` nodes.

    The nodes are added to ``seen``; a content may come several times.
    """
    for node_id, node in _walk(tree, seen):
        yield node_id
        if not node.level:
            yield from node.ids()


def _walk(tree: Tree, seen: set[bytes]) -> Iterator[tuple[bytes, Node]]:
    todo = [] if tree.root is None else [tree.root]
    while todo:
        id = todo.pop()
        if id in seen:
            continue
        seen.add(id)
        node = tree.nodes.node(id)
        yield id, node
        if node.level:
            todo += reversed(node.ids())


class _Editing:
    """The changes on their way into a builder, between the rows of the old tree."""

    def __init__(self, nodes: Nodes, builder: Builder, changes: Sequence[Change]) -> None:
        self._nodes = nodes
        self._builder = builder
        self._changes = changes
        self._next = 0

    def walk(self, id: bytes, *, is_last: bool) -> None:
        """Add what is below a node. is_last: no node of the old tree follows."""
        node = self._nodes.node(id)
        if not node.level:
            self._add_leaf(node)
            return
        children = node.children()
        for number, child in enumerate(children):
            child_is_last = is_last and number == len(children) - 1
            if self._concerns(child, is_last=child_is_last) or not self._builder.is_closed_below(node.level):
                self.walk(child.id, is_last=child_is_last)
            else:
                self._builder.add_node(node.level, child)

    def add_rest(self) -> None:
        """Add what comes behind the old tree."""
        self._add_changes_below(None)

    def _concerns(self, child: Child, *, is_last: bool) -> bool:
        if self._next == len(self._changes):
            return False
        return is_last or self._changes[self._next][0] <= child.path

    def _add_leaf(self, leaf: Node) -> None:
        for entry in leaf.entries():
            if not self._add_changes_below(entry.path):
                self._builder.add(entry)

    def _add_changes_below(self, path: str | None) -> bool:
        """Add the changes up to a path, itself too, or all; whether there was one for it."""
        while self._next < len(self._changes):
            changed, entry = self._changes[self._next]
            if path is not None and changed > path:
                return False
            self._next += 1
            if entry is not None:
                self._builder.add(entry)
            if changed == path:
                return True
        return False


def _finished(nodes: Nodes, builder: Builder) -> Tree:
    root, height = builder.finish()
    if root is None:
        return Tree(nodes, None, -1)
    return Tree(nodes, root.id, height, totals=(root.files, root.size_bytes))


def _check_order(changes: Sequence[Change]) -> None:
    for (before, _old), (path, _new) in pairwise(changes):
        if path <= before:
            raise Defect("tree-changes", f"The change of {path!r} came behind {before!r}.")


def _behind(path: str) -> str:
    """The first path that follows a file, or everything in a folder, which ends in a slash."""
    return f"{path[:-1]}0" if path.endswith("/") else f"{path}\0"
