"""The source as the laws read it: files, modules and their imports, by the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "treadle"


@dataclass(frozen=True)
class Import:
    """One imported module, and where."""

    path: Path
    line: int
    module: str
    in_function: bool

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.module}"


@cache
def python_files() -> tuple[Path, ...]:
    """Every Python file of the package."""
    return tuple(sorted(SOURCE.rglob("*.py")))


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of ``path``."""
    return ast.parse(path.read_text("utf-8"), str(path))


def room_of(path: Path) -> str:
    """The first name below the package: ``labeling`` of ``labeling/tasks.py``, ``ids`` of ``ids.py``."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return parts[0]


def imports_of(path: Path) -> Iterator[Import]:
    """Every import in ``path``; a relative one counts as a module that starts with a dot."""
    tree = tree_of(path)
    hidden = {
        id(inner)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for inner in ast.walk(function)
    }
    for node in ast.walk(tree):
        for module in _modules(node):
            yield Import(path, getattr(node, "lineno", 0), module, id(node) in hidden)


def late_names() -> Iterator[tuple[Path, int, str]]:
    """Every ``module:name`` that is imported at its first call, and where it stands."""
    for path in python_files():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "late":
                name = node.args[0]
                assert isinstance(name, ast.Constant), f"{path}:{node.lineno} names no module"
                yield path, node.lineno, str(name.value)


def _modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        # ``from treadle import db`` names a module of ours by its last part.
        if module == "treadle":
            return [f"treadle.{alias.name}" for alias in node.names]
        return [module]
    return []
