"""Files that stay open since opening them anew costs, and how many of them at most.

A process may have so many files open, and repos have as many packs as they grow.
"""

from __future__ import annotations

import resource
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar
from weakref import ref

Value = TypeVar("Value")
_LEAST = 64


class OpenFiles:
    """What is open, up to a number; for any number of threads. What was not used of late is let go first."""

    def __init__(self, most: Callable[[], int]) -> None:
        """most: asked anew for each file that is opened."""
        self._most = most
        self._lock = threading.Lock()
        self._open: deque[ref[Kept[Any]]] = deque()

    def add(self, kept: Kept[Any]) -> None:
        """Another one is open."""
        with self._lock:
            self._open.append(ref(kept))
            most, spared = self._most(), 0
            while len(self._open) > most:
                oldest = self._open.popleft()()
                if oldest is None or not oldest.is_open:
                    continue
                if oldest.was_used and spared < most:
                    oldest.was_used = False
                    self._open.append(ref(oldest))
                    spared += 1
                else:
                    oldest.let_go()


class Kept(Generic[Value]):
    """A file that is opened when it is asked for, and stays so while there is room."""

    def __init__(self, open_: Callable[[], Value], among: OpenFiles, value: Value | None = None) -> None:
        """value: the file, where it is open already."""
        self.was_used = False
        self._open = open_
        self._among = among
        self._value = value
        if value is not None:
            among.add(self)

    @property
    def is_open(self) -> bool:
        """Whether it is open now."""
        return self._value is not None

    def get(self) -> Value:
        """The file, open while the caller has it. Raises what opening it raises."""
        value = self._value
        if value is None:
            value = self._value = self._open()
            self._among.add(self)
        self.was_used = True
        return value

    def let_go(self) -> None:
        """Open it anew when it is asked for again."""
        self._value = None


def _share(of: int) -> int:
    """A part of the files that this process may have open."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 2**20 if allowed == resource.RLIM_INFINITY else max(_LEAST, allowed // of)


#: Indexes that are mapped with what is known of files, and packs: all repos together.
INDEXES, PACKS = OpenFiles(partial(_share, 4)), OpenFiles(partial(_share, 8))
