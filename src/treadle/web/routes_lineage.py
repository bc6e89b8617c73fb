"""What came from what over HTTP, for whoever asks: what they may not see is not named."""

from __future__ import annotations

from typing import Any, get_args

from treadle.connectors.tracing import Told, Tracer
from treadle.errors import Invalid
from treadle.lineage import Direction, Graph
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, json_reply

_DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
_DEPTH, _MOST_DEPTH = 4, 20
_LIMIT, _MOST = 200, 1_000


def get_lineage(call: Call) -> Reply:
    """The nodes and edges around one node, and where more would follow."""
    direction = _direction(call.query_text("direction", "both"))
    depth = call.query_page("depth", _DEPTH, _MOST_DEPTH)
    limit = call.query_page("limit", _LIMIT, _MOST)
    with call.read() as tx:
        call.allow_list()  # Every node is asked for by itself.
        tracer = Tracer(tx, call.actor)
        graph, told = tracer.trace(call.query_text("node"), direction=direction, depth=depth, limit=limit)
    return json_reply(
        {
            "nodes": [_node(each) for each in told],
            "edges": [{"from": str(edge.start), "to": str(edge.end)} for edge in graph.edges],
            "more": _more(graph),
        }
    )


def _direction(text: str) -> Direction:
    for known in _DIRECTIONS:
        if text == known:
            return known
    told = f"direction is {text!r}; ask for up, down or both."
    raise Invalid("query-invalid", told, fields={"direction": [told]})


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
