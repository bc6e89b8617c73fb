"""Regular expressions that people send: matched in time linear in the text, whatever they are."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from treadle.errors import Invalid

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # it would write to the server's standard error


def check_pattern(pattern: str) -> None:
    """Raises Invalid("pattern") saying what is wrong with it."""
    try:
        re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise Invalid("pattern", f"{pattern!r} is no pattern: {reason}.") from error


def matches(pattern: str | None, value: object) -> bool | None:
    """SQLite's ``value REGEXP pattern``; NULL where either is."""
    if pattern is None or value is None:
        return None
    return _compiled(pattern).search(str(value).encode()) is not None


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> Any:
    # Of bytes: asked of a str, it counts the characters up to what was found, which takes five times as long.
    return re2.compile(pattern.encode(), _OPTIONS)
