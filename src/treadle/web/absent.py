"""What is not there, and what is there for others only, are told alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from treadle.errors import NotFound


@contextmanager
def told_as(absent: NotFound) -> Iterator[None]:
    """Whatever the block does not find is told as ``absent``, so that nobody learns of what others have.

    Raises ``absent``.
    """
    try:
        yield
    except NotFound as error:
        raise absent from error
