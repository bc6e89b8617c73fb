"""Edges as rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from treadle.db import Tx
from treadle.db.storage_tables import lineage_edges

_e = lineage_edges.c
_KEY = ("from_kind", "from_id", "to_kind", "to_id")


class Node(NamedTuple):
    """One thing: ``commit``, ``task``, ``annotation`` or ``storage``, and its id."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


class Edge(NamedTuple):
    """``end`` came from ``start``."""

    start: Node
    end: Node


def add_edges(tx: Tx, edges: Iterable[Edge]) -> None:
    """Write down what came from what, with what made it; an edge that is there stays as it is."""
    rows = _rows(tx, edges)
    if rows:
        insert = sqlite.insert if tx.dialect == "sqlite" else postgresql.insert
        tx.execute(insert(lineage_edges).on_conflict_do_nothing(), rows)


def renew_edges(tx: Tx, edges: Iterable[Edge]) -> None:
    """Write down what came from what again: an edge that is there is as of now."""
    rows = _rows(tx, edges)
    if rows:
        insert = (sqlite.insert if tx.dialect == "sqlite" else postgresql.insert)(lineage_edges)
        again = insert.on_conflict_do_update(index_elements=_KEY, set_={"at": insert.excluded.at})
        tx.execute(again, rows)


def _rows(tx: Tx, edges: Iterable[Edge]) -> list[dict[str, object]]:
    return [
        {
            "from_kind": edge.start.kind,
            "from_id": edge.start.id,
            "to_kind": edge.end.kind,
            "to_id": edge.end.id,
            "at": tx.now,
        }
        for edge in edges
    ]


def edges_of(tx: Tx, node: Node, *, up: bool, limit: int, after: Node | None = None) -> list[Edge]:
    """The edges that end at the node, or with ``up`` false those that begin there; at most ``limit``.

    In the order of their other ends, from the first one behind ``after``.
    """
    here, there = (_e.to_kind, _e.to_id), (_e.from_kind, _e.from_id)
    if not up:
        here, there = there, here
    found = (
        select(_e.from_kind, _e.from_id, _e.to_kind, _e.to_id)
        .where(here[0] == node.kind, here[1] == node.id)
        .order_by(*there)
        .limit(limit)
    )
    if after is not None:
        found = found.where(tuple_(*there) > tuple_(*after))
    rows = tx.execute(found).all()
    return [Edge(Node(row.from_kind, row.from_id), Node(row.to_kind, row.to_id)) for row in rows]
