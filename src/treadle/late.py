"""Functions that are imported when they are first called: what is slow to import, and not asked for by most.

A server answers sooner, and is smaller, for what nobody has asked for yet. The laws read these names as
they read imports: which room may see which holds for both, and each name is one that there is.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def late(name: str) -> Callable[..., Any]:
    """The function or class ``package.module:name``; its module is imported at the first call."""
    module, _, attribute = name.partition(":")

    def call(*values: Any, **named: Any) -> Any:
        return getattr(import_module(module), attribute)(*values, **named)

    return call
