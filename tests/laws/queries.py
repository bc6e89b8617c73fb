"""Which names of the query the handlers of routes read, found in their source."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from types import ModuleType
from typing import Any

#: Methods of `Call` that read the query, and the OpenAPI type of what they read.
READERS = {
    "query_int": "integer",
    "query_page": "integer",
    "query_text": "string",
    "query_flag": "boolean",
    "query_list": "string",
}
#: Readers of `bodies` that take the name first.
_BARE_READERS = {"flag": "boolean", "whole_number": "integer"}
_DEFAULT_NAMES = {"query_page": "page"}
_ROOM = "treadle.web"


@dataclass
class _Read:
    """What one function reads itself, what it calls, and by which of its parameters it reads."""

    found: dict[str, str] = field(default_factory=dict)
    by_parameter: dict[int, str] = field(default_factory=dict)
    calls: list[tuple[str, list[ast.expr]]] = field(default_factory=list)


def names_read(handler: Callable[..., Any]) -> dict[str, str]:
    """The names of the query that ``handler`` reads, also by functions of its room, with their types."""
    while isinstance(handler, partial):
        handler = handler.func
    inside = [cell.cell_contents for cell in getattr(handler, "__closure__", None) or ()]
    wrapped = [each for each in inside if inspect.isfunction(each)]
    if wrapped:
        return {name: kind for each in wrapped for name, kind in names_read(each).items()}
    read: dict[str, str] = {}
    for name, kind in _walk(handler.__module__, handler.__name__, frozenset()):
        read[name] = read.get(name, "string") if kind == "string" else kind
    return read


def _walk(module: str, name: str, seen: frozenset[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    read = _functions(module).get(name)
    if read is None or (module, name) in seen:
        return
    yield from read.found.items()
    seen |= {(module, name)}
    for called, arguments in read.calls:
        place = _place_of(module, called)
        if place is None:
            continue
        for number, kind in _parameters(*place).items():
            argument = arguments[number] if number < len(arguments) else None
            if isinstance(argument, ast.Constant):
                yield str(argument.value), kind
        yield from _walk(*place, seen)


def _parameters(module: str, name: str) -> dict[int, str]:
    read = _functions(module).get(name)
    return read.by_parameter if read else {}


def _place_of(module: str, name: str) -> tuple[str, str] | None:
    """Where a function that ``module`` calls by ``name`` is written; None: outside of the room."""
    if name in _functions(module):
        return module, name
    value = getattr(_module(module), name, None)
    home = getattr(value, "__module__", "")
    return (home, value.__name__) if home.startswith(_ROOM) and inspect.isfunction(value) else None


@cache
def _module(name: str) -> ModuleType:
    return importlib.import_module(name)


@cache
def _functions(module: str) -> dict[str, _Read]:
    tree = ast.parse(inspect.getsource(_module(module)))
    found = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found[node.name] = _read(node)
    return found


def _read(function: ast.FunctionDef | ast.AsyncFunctionDef) -> _Read:
    read = _Read()
    parameters = [each.arg for each in function.args.args]
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            _note_call(node, read, parameters)
        elif isinstance(node, ast.Compare) and _is_query(node.comparators[0]):
            if isinstance(node.left, ast.Constant):
                read.found.setdefault(str(node.left.value), "string")
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            read.calls.append((node.id, []))  # handed on, to run in a thread
    return read


def _note_call(node: ast.Call, read: _Read, parameters: list[str]) -> None:
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if isinstance(node.func, ast.Name):
        read.calls.append((node.func.id, node.args))
    kind = READERS.get(method) or (_BARE_READERS.get(method) if len(node.args) > 1 else None)
    if method == "get" and isinstance(node.func, ast.Attribute) and _is_query(node.func.value):
        kind = "string"
    if kind is None:
        return
    name = node.args[0] if node.args else ast.Constant(_DEFAULT_NAMES[method])
    if isinstance(name, ast.Constant):
        read.found.setdefault(str(name.value), kind)
    elif isinstance(name, ast.Name) and name.id in parameters:
        read.by_parameter[parameters.index(name.id)] = kind


def _is_query(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "query"
