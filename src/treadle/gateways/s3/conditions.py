"""Conditions and ranges of a request, against the object that is there.

Source: RFC 9110, sections 13 and 14; Amazon S3 API Reference, GetObject and CopyObject.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import format_datetime, parsedate_to_datetime

from treadle.gateways.s3.asked import Asked
from treadle.gateways.s3.errors import S3Error

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


@dataclass(frozen=True)
class Range:
    """From ``start`` up to, not including, ``end``."""

    start: int
    end: int


def check_conditions(asked: Asked, etag: str, modified_at: datetime, *, copied: bool = False) -> None:
    """Raises S3Error("PreconditionFailed", "NotModified"); ``copied``: those on the source of a copy."""
    before = "x-amz-copy-source-" if copied else ""
    if_match = asked.header(before + "if-match")
    if_none_match = asked.header(before + "if-none-match")
    if if_match:
        _require(matches(if_match, etag), "If-Match")
    elif since := _date(asked.header(before + "if-unmodified-since")):
        _require(_whole_seconds(modified_at) <= since, "If-Unmodified-Since")
    modified_since = _date(asked.header(before + "if-modified-since"))
    if if_none_match and matches(if_none_match, etag):
        raise _failed("If-None-Match") if copied else _not_modified(etag, modified_at)
    if not if_none_match and modified_since and _whole_seconds(modified_at) <= modified_since:
        raise _failed("If-Modified-Since") if copied else _not_modified(etag, modified_at)


def matches(condition: str, etag: str) -> bool:
    """Is the ETag (without its quotes) among those of an If-Match or If-None-Match?"""
    wanted = [part.strip().removeprefix("W/").strip('"') for part in condition.split(",")]
    return "*" in wanted or etag in wanted


def read_range(asked: Asked, etag: str, modified_at: datetime, size_bytes: int) -> Range | None:
    """The one range that was asked for; None: all of it, also when what was asked for is no range.

    Raises S3Error("InvalidRange") for one behind the end.
    """
    found = _RANGE.fullmatch(asked.header("range").replace(" ", ""))
    if found is None or not _if_range_holds(asked.header("if-range"), etag, modified_at):
        return None
    first, last = found[1], found[2]
    if not first and not last:
        return None
    if first:
        start, end = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
        if last and int(last) < start:
            return None
    else:
        start, end = max(size_bytes - int(last), 0), size_bytes
    if start >= size_bytes or (not first and int(last) == 0):
        raise S3Error(
            "InvalidRange",
            "The requested range is not satisfiable",
            RangeRequested=asked.header("range"),
            ActualObjectSize=str(size_bytes),
        )
    return Range(start, end)


def _if_range_holds(condition: str, etag: str, modified_at: datetime) -> bool:
    if not condition:
        return True
    since = _date(condition)
    return _whole_seconds(modified_at) <= since if since else matches(condition, etag)


def _require(holds: bool, name: str) -> None:
    if not holds:
        raise _failed(name)


def _not_modified(etag: str, modified_at: datetime) -> S3Error:
    told = {"ETag": f'"{etag}"', "Last-Modified": format_datetime(modified_at, usegmt=True)}
    return S3Error("NotModified", "Not Modified", **told)


def _failed(name: str) -> S3Error:
    return S3Error(
        "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", Condition=name
    )


def _date(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = parsedate_to_datetime(text)
        return found.astimezone(timezone.utc) if found.tzinfo else found.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None


def _whole_seconds(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)
