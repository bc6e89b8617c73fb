"""Patterns of paths: ``*`` and ``?`` in a name, ``**`` across folders, ``[a-z]``, ``{a,b}``, ``!(a|b)``."""

from __future__ import annotations

import re
from collections.abc import Callable

import re2

from treadle.errors import Invalid
from treadle.repos.excluding import compile_excluding

_SPECIAL = re.compile(r"[*?\[{]|!\(")
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # it would write to the server's standard error


def literal_prefix(pattern: str) -> str:
    """What every path begins with that the pattern matches."""
    found = _SPECIAL.search(pattern)
    return pattern if found is None else pattern[: found.start()]


def compile_glob(pattern: str) -> Callable[[str], bool]:
    """Whether a path matches, in time linear in the path. Raises Invalid("glob")."""
    if "!(" in pattern:
        return compile_excluding(pattern)
    try:
        compiled = re2.compile("".join(_translate(pattern)), _OPTIONS)
    except re2.error as error:
        raise Invalid("glob", f"{pattern!r} is no pattern of paths: a bracket is wrong.") from error
    return lambda path: compiled.fullmatch(path) is not None


def _translate(pattern: str) -> list[str]:
    """The pattern as a regular expression, piece by piece."""
    pieces: list[str] = []
    at, depth = 0, 0
    while at < len(pattern):
        piece, at, depth = _piece(pattern, at, depth)
        pieces.append(piece)
    if depth:
        raise Invalid("glob", f"{pattern!r} has a brace that is not closed.")
    return pieces


def _piece(pattern: str, at: int, depth: int) -> tuple[str, int, int]:
    char = pattern[at]
    if pattern.startswith("**/", at) and (at == 0 or pattern[at - 1] == "/"):
        return "(?:.*/)?", at + 3, depth
    if pattern.startswith("**", at):
        return "(?s:.*)", at + 2, depth
    if char == "*":
        return "[^/]*", at + 1, depth
    if char == "?":
        return "[^/]", at + 1, depth
    if char == "[" and "]" in pattern[at + 2 :]:
        end = pattern.index("]", at + 2)
        return _char_class(pattern[at + 1 : end]), end + 1, depth
    if char == "{":
        return "(?:", at + 1, depth + 1
    if char == "}" and depth:
        return ")", at + 1, depth - 1
    if char == "," and depth:
        return "|", at + 1, depth
    return re.escape(char), at + 1, depth


def _char_class(inside: str) -> str:
    negated = inside[0] in "!^"
    chars = inside[1:] if negated else inside
    escaped = chars.replace("\\", r"\\").replace("[", r"\[").replace("^", r"\^")
    return f"[^/{escaped}]" if negated else f"[{escaped}]"
