"""What is imported, or made, when it is first asked for: what is slow to import, and not asked for by most.

A server answers sooner, and is smaller, for what nobody has asked for yet. The laws read these names as
they read imports: which room may see which holds for both, and each name is one that there is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, Generic, TypeVar

Owner = TypeVar("Owner")
Value = TypeVar("Value")


def late(name: str) -> Callable[..., Any]:
    """The function or class ``package.module:name``; its module is imported at the first call."""
    module, _, attribute = name.partition(":")

    def call(*values: Any, **named: Any) -> Any:
        return getattr(import_module(module), attribute)(*values, **named)

    return call


class once(Generic[Owner, Value]):
    """A property that is made when it is first asked for, and once, whichever threads ask meanwhile.

    From Python 3.12 on `functools.cached_property` makes one for each of them.
    """

    def __init__(self, make: Callable[[Owner], Value]) -> None:
        self._make = make
        self._turn = threading.RLock()
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type[Owner], name: str) -> None:
        self._name = name

    def __get__(self, instance: Owner, owner: type[Owner]) -> Value:
        held = vars(instance)
        with self._turn:
            if self._name not in held:
                held[self._name] = self._make(instance)
            value: Value = held[self._name]
        return value
