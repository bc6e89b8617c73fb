"""The errors a caller can act on, one class for each thing a caller can do about it.

Every error carries a stable ``code`` (kebab-case, part of the API), a message that says what
happened, to which id, and what to do next, and, where input was at fault, the fields that were.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class TreadleError(Exception):
    """What every error of ours is. Raise one of its subclasses."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        fields: Mapping[str, Sequence[str]] | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = {name: list(texts) for name, texts in (fields or {}).items()}
        #: More for a machine: positions in a config, the current object of a conflict.
        self.details = dict(details or {})


class Invalid(TreadleError):
    """The input is wrong: change it and send it again."""


class NotFound(TreadleError):
    """It is not there, or not yours: the two are told apart for nobody."""


class Conflict(TreadleError):
    """Somebody was there first: look at the current state, then decide."""


class Forbidden(TreadleError):
    """You are known, and may not: ask somebody who can grant it."""


class Unauthenticated(TreadleError):
    """Nobody knows who you are: sign in or send a token."""


class Unsupported(TreadleError):
    """A valid wish that this installation cannot grant."""


class Unavailable(TreadleError):
    """Not now: try again later."""


class Defect(TreadleError):
    """A bug of ours."""


def disk_full(what: str) -> Unavailable:
    """The error for ``what`` when there was no room for it on the server's disk."""
    return Unavailable(
        "disk-full", f"The server's disk is full: {what} was not written. Make room there, then try again."
    )


@contextmanager
def telling_a_full_disk(what: str) -> Iterator[None]:
    """Raises Unavailable("disk-full") where a file of ``what`` finds no room."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise disk_full(what) from error
        raise
