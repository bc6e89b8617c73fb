"""What came from what: one graph of commits, tasks, annotations and whatever later makes or reads them.

Promises: an edge is written in the transaction of what it tells of; a walk meets every node once, stops at
its limits, and says where more would follow. Refuses: to know what its nodes are, or who may see them;
whoever asks brings both.
"""

from __future__ import annotations

from treadle.lineage.edges import Edge, Node, add_edges, edges_of, renew_edges
from treadle.lineage.walking import Direction, Graph, walk

__all__ = ["Direction", "Edge", "Graph", "Node", "add_edges", "edges_of", "renew_edges", "walk"]
