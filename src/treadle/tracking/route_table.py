"""From a method and a path to what they need: a dictionary, and patterns for paths that hold names.

A path that is not in the table is refused, whatever MLflow would make of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from treadle.tracking.routes import ROWS, Need, Row

#: Below the mount of MLflow's pages these are its pages; everywhere else nobody gets them.
_PAGE = re.compile(r"/(?:|static-files/.+)")
_UI_ROW = Row(Need.READ, "GET", "/static-files/{path:path}")
_PARAMETER = re.compile(r"\\\{\w+(:path)?\\\}")


@dataclass(frozen=True)
class _Table:
    """Every row: by method and path, and by method those whose path holds names."""

    exact: dict[tuple[str, str], Row] = field(default_factory=dict)
    by_method: dict[str, list[tuple[re.Pattern[str], Row]]] = field(default_factory=dict)


def find(method: str, path: str) -> Row | None:
    """The route at ``path``, without the mount of MLflow's pages; None: there is none."""
    asked = "GET" if method == "HEAD" else method
    return _TABLE.exact.get((asked, path)) or _find_pattern(asked, path)


def find_page(method: str, path: str) -> Row | None:
    """The row of a file of MLflow's own pages, ``path`` below their mount; None: it is none of them."""
    return _UI_ROW if method in ("GET", "HEAD") and _PAGE.fullmatch(path) else None


def methods_at(path: str) -> tuple[str, ...]:
    """The methods that there are at ``path``."""
    found = tuple(method for method in _TABLE.by_method if find(method, path) is not None)
    return ("HEAD", *found) if "GET" in found else found


@lru_cache(maxsize=1024)
def _find_pattern(method: str, path: str) -> Row | None:
    for pattern, row in _TABLE.by_method.get(method, ()):
        if pattern.fullmatch(path):
            return row
    return None


def _build(rows: Iterable[Row]) -> _Table:
    """The patterns with the longest texts first, so that a name never hides a word."""
    table = _Table()
    for row in rows:
        table.by_method.setdefault(row.method, [])
        if "{" in row.path:
            table.by_method[row.method].append((_compile(row.path), row))
        else:
            table.exact[row.method, row.path] = row
    for several in table.by_method.values():
        several.sort(key=lambda one: len(_PARAMETER.sub("", re.escape(one[1].path))), reverse=True)
    return table


def _compile(path: str) -> re.Pattern[str]:
    return re.compile(_PARAMETER.sub(lambda found: ".+" if found[1] else "[^/]+", re.escape(path)))


_TABLE = _build(ROWS)
