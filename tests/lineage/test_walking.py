"""The graph of what came from what, walked."""

from __future__ import annotations

from collections.abc import Sequence

from treadle.db import Database
from treadle.lineage import Edge, Node, add_edges, edges_of, walk
from treadle.lineage.walking import Way

IMAGES, LABELS = Node("commit", "i1"), Node("commit", "l1")
TASKS = [Node("task", str(n)) for n in range(5)]
DONE = [Node("annotation", str(n)) for n in range(5)]
EDGES = [
    *(Edge(IMAGES, task) for task in TASKS),
    *(Edge(task, done) for task, done in zip(TASKS, DONE, strict=True)),
    *(Edge(done, LABELS) for done in DONE),
]


def neighbours(node: Node, way: Way, limit: int) -> list[Edge]:
    return [edge for edge in EDGES if (edge.end if way == "up" else edge.start) == node][:limit]


def everything(nodes: Sequence[Node]) -> frozenset[Node]:
    return frozenset(nodes)


def test_up_tells_what_a_thing_is_made_of_and_down_what_came_of_it() -> None:
    up = walk(DONE[2], neighbours, everything, direction="up", depth=4, limit=50)
    assert up.nodes == [DONE[2], TASKS[2], IMAGES]
    down = walk(IMAGES, neighbours, everything, direction="down", depth=4, limit=50)
    assert set(down.nodes) == {IMAGES, *TASKS, *DONE, LABELS}
    assert set(down.edges) == set(EDGES)


def test_what_is_left_out_is_counted_at_its_neighbour() -> None:
    near = walk(TASKS[0], neighbours, everything, direction="down", depth=1, limit=50)
    assert (near.nodes, near.more_down) == ([TASKS[0], DONE[0]], {DONE[0]: 1})
    few = walk(IMAGES, neighbours, everything, direction="down", depth=1, limit=3)
    assert (len(few.nodes), few.more_down[IMAGES]) == (3, 2)


def test_what_one_may_not_see_is_neither_passed_nor_counted() -> None:
    def but_one(nodes: Sequence[Node]) -> frozenset[Node]:
        return frozenset(nodes) - {TASKS[1]}

    found = walk(IMAGES, neighbours, but_one, direction="down", depth=2, limit=50)
    assert not {TASKS[1], DONE[1]} & set(found.nodes)
    assert not any(TASKS[1] in edge for edge in found.edges)


def test_an_edge_is_kept_once_and_found_from_both_ends(database: Database) -> None:
    for _ in range(2):
        with database.write() as tx:
            add_edges(tx, EDGES)
    with database.read() as tx:
        assert edges_of(tx, LABELS, up=True, limit=99) == [Edge(done, LABELS) for done in DONE]
        assert edges_of(tx, IMAGES, up=False, limit=2) == EDGES[:2]
