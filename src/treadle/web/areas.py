"""Routes by area: an area is imported once something at one of its roots is asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module

from treadle.web.routing import Found, Route, RouteTree, split_path

_ANY = "{}"


@dataclass(frozen=True)
class Area:
    """The routes of a module; ``roots``: how their paths begin, ``{}`` for a segment that varies."""

    module: str
    roots: tuple[str, ...]

    def load(self) -> tuple[Route, ...]:
        """Its routes, imported if they were not."""
        routes: tuple[Route, ...] = import_module(self.module).ROUTES
        return routes


@dataclass
class _Node:
    below: dict[str, _Node] = field(default_factory=dict)
    areas: list[Area] = field(default_factory=list)


class Areas:
    """Finds what a `RouteTree` of all routes would find, and imports what that needs."""

    def __init__(self, areas: Sequence[Area]) -> None:
        self._root = _Node()
        for area in areas:
            for root in area.roots:
                self._plant(root, area)
        self._loaded: dict[Area, tuple[Route, ...]] = {}
        self._tree = RouteTree(())
        self._turn = threading.Lock()

    def is_ready(self, path: str) -> bool:
        """Whether all that may answer at ``path`` is imported."""
        return all(area in self._loaded for area in self.near(path))

    def prepare(self, path: str) -> None:
        """Import what may answer at ``path``; it takes its time, and others may ask meanwhile."""
        with self._turn:
            new = {area: area.load() for area in self.near(path) if area not in self._loaded}
            loaded = {**self._loaded, **new}
            self._tree = RouteTree(tuple(route for routes in loaded.values() for route in routes))
            self._loaded = loaded

    def find(self, path: str) -> Found | None:
        """What answers at ``path``, once that is ready; None: nothing."""
        return self._tree.find(path)

    def _plant(self, root: str, area: Area) -> None:
        node = self._root
        for part in split_path(root):
            node = node.below.setdefault(part, _Node())
        node.areas.append(area)

    def near(self, path: str) -> Iterator[Area]:
        """Those with a root at the beginning of ``path``."""
        nodes = [self._root]
        for part in split_path(path):
            nodes = [node.below[name] for node in nodes for name in (part, _ANY) if name in node.below]
            for node in nodes:
                yield from node.areas
