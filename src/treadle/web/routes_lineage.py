"""What came from what over HTTP, for whoever asks: what they may not see is not named."""

from __future__ import annotations

from typing import Any

from treadle.connectors.tracing import Cuts, Told, Tracer, read_end, read_node
from treadle.errors import Invalid
from treadle.lineage import Direction, Graph
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, json_reply

_DIRECTIONS: tuple[Direction, ...] = ("up", "down", "both")
_DEPTH, _MOST_DEPTH = 4, 20
_LIMIT, _MOST = 200, 1_000


def get_lineage(call: Call) -> Reply:
    """The nodes and edges around one node, and where more would follow.

    ``cut``: at a node so much is not to be seen that the look ended; ``after`` with the same node and
    direction goes on there.
    """
    direction = _direction(call.query_text("direction", "both"))
    depth = call.query_page("depth", _DEPTH, _MOST_DEPTH)
    limit = call.query_page("limit", _LIMIT, _MOST)
    with call.read() as tx:
        call.allow_list()  # Every node is asked for by itself.
        tracer = Tracer(tx, call.actor, _begin(call, direction))
        graph, told = tracer.trace(call.query_text("node"), direction=direction, depth=depth, limit=limit)
    return json_reply(
        {
            "nodes": [_node(each) for each in told],
            "edges": [{"from": str(edge.start), "to": str(edge.end)} for edge in graph.edges],
            "more": _more(graph),
            "cut": [
                {"id": str(node), "direction": way, "after": str(end)}
                for (node, way), end in tracer.cuts.items()
            ],
        }
    )


def _direction(text: str) -> Direction:
    for known in _DIRECTIONS:
        if text == known:
            return known
    told = f"direction is {text!r}; ask for up, down or both."
    raise Invalid("query-invalid", told, fields={"direction": [told]})


def _begin(call: Call, direction: Direction) -> Cuts:
    after = call.query_text("after")
    if not after:
        return {}
    if direction == "both":
        told = "after goes on in one direction: say up or down too."
        raise Invalid("query-invalid", told, fields={"direction": [told]})
    return {(read_node(call.query_text("node")), direction): read_end(after)}


def _node(told: Told) -> dict[str, Any]:
    return {
        "id": str(told.node),
        "kind": told.node.kind,
        "title": told.title,
        "detail": told.detail,
        "at": told.at,
        "href": told.href,
    }


def _more(graph: Graph) -> list[dict[str, Any]]:
    """The nodes that have further neighbours, and how many at least."""
    nodes = [node for node in graph.nodes if graph.more_up[node] or graph.more_down[node]]
    return [{"id": str(node), "up": graph.more_up[node], "down": graph.more_down[node]} for node in nodes]


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/lineage/", get_lineage, Permission.TASK_READ, "What came from what"),
)
