"""What is handed to a route by who is in this process, as no request could bring it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from treadle.repos.values import NewFile

#: Under this key a scope holds it.
HANDED = "treadle.handed"


class HandedFiles(Protocol):
    """Files of this machine as they lie, to be gone over again and again."""

    def __iter__(self) -> Iterator[NewFile]:
        """Each, to be put. Raises Invalid("path")."""

    def unwatched(self) -> Iterator[NewFile]:
        """The same, of which no progress is told."""
