"""Column types that mean the same on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(instant: datetime) -> int:
    """Microseconds since 1970 in UTC of an aware ``instant``."""
    return (instant - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """The aware UTC instant ``microseconds`` after 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant, stored as whole microseconds since 1970 in a 64-bit integer.

    One number on both databases: it compares, sorts and indexes alike, and no driver guesses a zone.
    """

    impl = BigInteger
    cache_ok = True

    # The processors themselves, not the methods that they would call for every value.

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | None]:
        return _to_stored

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:
        return _from_stored


def _to_stored(value: datetime | None) -> int | None:
    return None if value is None else (value - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=4096)  # A batch of rows was written at one instant, and a row was mostly never changed.
def _from_stored(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(microseconds=value)
