"""Walking the graph from one node, up, down or both ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from treadle.lineage.edges import Edge, Node

#: To what a node came from, or to what came of it.
Way: TypeAlias = Literal["up", "down"]
Direction: TypeAlias = Way | Literal["both"]
#: The edges at a node that lead one way; at most so many.
Neighbours: TypeAlias = Callable[[Node, Way, int], Sequence[Edge]]
#: Those of some nodes that the person who asks may see.
Shown: TypeAlias = Callable[[Sequence[Node]], frozenset[Node]]


@dataclass
class Graph:
    """What a walk found. ``more_up``, ``more_down``: by node how many neighbours it left out."""

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    more_up: Counter[Node] = field(default_factory=Counter)
    more_down: Counter[Node] = field(default_factory=Counter)


def walk(
    start: Node, neighbours: Neighbours, shown: Shown, *, direction: Direction, depth: int, limit: int
) -> Graph:
    """What lies around ``start``, nearest first: up to ``depth`` steps and ``limit`` nodes.

    Going up never turns down again, nor the other way. A node that is not shown is not passed, and not
    counted either: what one may not see is not told of.
    """
    graph = Graph([start])
    ways: tuple[Way, ...] = ("up", "down")
    for way in ways:
        if direction in ("both", way):
            _OneWay(graph, neighbours, shown, way=way, limit=limit).go(start, depth)
    return graph


class _OneWay:
    """A walk that only goes up, or only down."""

    def __init__(self, graph: Graph, neighbours: Neighbours, shown: Shown, *, way: Way, limit: int) -> None:
        self._graph, self._neighbours, self._shown = graph, neighbours, shown
        self._way, self._limit = way, limit
        self._known, self._told = set(graph.nodes), set(graph.edges)
        self._more = graph.more_up if way == "up" else graph.more_down

    def go(self, start: Node, depth: int) -> None:
        """Walk, and at the border only count what would follow."""
        border, met = [start], {start}
        for step in range(depth + 1):
            reached = [far for node in border for far in self._leave(node, is_last=step == depth)]
            border = [far for far in dict.fromkeys(reached) if far not in met]
            met.update(border)

    def _leave(self, node: Node, *, is_last: bool) -> list[Node]:
        found = self._neighbours(node, self._way, self._limit + 1)
        seen = self._shown([self._far(edge) for edge in found])
        reached = []
        for edge in found:
            far = self._far(edge)
            if far not in seen:
                continue
            if far not in self._known and (is_last or len(self._known) >= self._limit):
                self._more[node] += 1
                continue
            self._add(edge, far)
            reached.append(far)
        return reached

    def _add(self, edge: Edge, far: Node) -> None:
        if far not in self._known:
            self._known.add(far)
            self._graph.nodes.append(far)
        if edge not in self._told:
            self._told.add(edge)
            self._graph.edges.append(edge)

    def _far(self, edge: Edge) -> Node:
        return edge.start if self._way == "up" else edge.end
