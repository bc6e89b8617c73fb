"""Laws of the house: names, sizes, and where a broad except may stand."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.laws.source import ROOT, SOURCE, python_files, tree_of

BANNED_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "managers",
    "common",
    "base",
    "core",
    "misc",
    "info",
}

#: A file over 500 lines, and the reason.
LONG_FILES: dict[str, str] = {"db/schema.py": "every table stands in one list"}

#: The request boundaries, the job runner, what looks again and again, and where a model's author is called.
BROAD_EXCEPTS = (
    "web/errors.py",
    "web/app.py",
    "gateways/s3/app.py",
    "jobs/",
    "events/repeating.py",
    "ml/serving/boundaries.py",
)

#: No file that is installed from may say where it is downloaded from.
WITHOUT_ADDRESS = tuple(f"requirements/{name}.txt" for name in ("lock", "runtime", "build", "uv"))
NPM_LOCKS = ("frontend/package-lock.json", "tests/browser/package-lock.json")


def test_no_module_is_named_for_what_nobody_found_a_place_for() -> None:
    names = [path.relative_to(SOURCE) for path in python_files() if path.stem in BANNED_NAMES]
    assert names == []


def test_a_file_is_short_or_says_why_not() -> None:
    long = {
        str(path.relative_to(SOURCE)): lines
        for path in python_files()
        if (lines := len(path.read_text("utf-8").splitlines())) > 500
    }
    assert {name: lines for name, lines in long.items() if name not in LONG_FILES} == {}


def test_an_exported_function_takes_at_most_four_positional_arguments() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in ast.walk(tree_of(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and not node.name.startswith("_")
        and _positional(node) > 4
    ]
    assert wrong == []


def test_a_broad_except_stands_at_the_request_boundary_or_in_the_job_runner() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _may_be_broad(path)
    ]
    assert wrong == []


def test_every_file_opens_with_what_it_is_for() -> None:
    assert [
        path for path in python_files() if path.read_text("utf-8") and not ast.get_docstring(tree_of(path))
    ] == []


@pytest.mark.parametrize("name", WITHOUT_ADDRESS)
def test_a_lock_holds_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert "--hash=sha256:" in text
    assert re.findall(r"\w+://\S+", text) == []


@pytest.mark.parametrize("name", NPM_LOCKS)
def test_a_lock_of_npm_holds_hashes_and_no_address_to_download_from(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert '"integrity": "sha512-' in text
    assert '"resolved"' not in text


def _positional(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    return len([name for name in arguments if name not in ("self", "cls")])


def _is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    if isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None:
        return False  # it tidies up and lets the error pass
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(one, ast.Name) and one.id in ("Exception", "BaseException") for one in caught)


def _may_be_broad(path: Path) -> bool:
    return str(path.relative_to(SOURCE)).startswith(BROAD_EXCEPTS)
