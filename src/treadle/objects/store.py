"""What every object store does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from treadle.errors import Invalid

CHUNK_BYTES = 256 * 1024
#: Where a local store keeps objects until they are whole; what is found there at a start is left over.
PARTIAL_FOLDER = ".partial"

_KEY_BYTES = 1024
_NAME_BYTES = 255  # of a file, on most file systems
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class StoredObject:
    """An object as it lies in the store."""

    key: str
    size_bytes: int


class ObjectStore(Protocol):
    """Bytes by key; every implementation passes the same conformance suite."""

    def put(self, key: str, chunks: Iterable[bytes]) -> StoredObject:
        """Store the chunks under ``key``, whole or not at all, over whatever was there.

        Raises Unavailable("disk-full").
        """

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` up to, not including, ``end``, in chunks.

        Raises NotFound("object-not-found"), at the call.
        """

    def stat(self, key: str) -> StoredObject:
        """Size of an object. Raises NotFound("object-not-found")."""

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens when it is absent."""

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """All objects whose key begins with ``prefix``, in the order of keys."""


def check_key(key: str) -> str:
    """The key itself.

    Raises Invalid("object-key") for one that could leave the store, or that not every store can keep as it
    is: over 1,024 bytes, a name in it over 255 bytes, control characters.
    """
    segments = key.split("/")
    if any(part in ("", ".", "..") or "\\" in part for part in segments) or segments[0] == PARTIAL_FOLDER:
        raise Invalid("object-key", f"{key[:80]!r} is no key: use plain names joined by '/'.")
    if _CONTROL.search(key) or not _is_short(segments):
        text = f"{key[:80]!r} is no key: at most 1,024 bytes, 255 in a name, and no control characters."
        raise Invalid("object-key", text)
    return key


def _is_short(segments: list[str]) -> bool:
    try:
        sizes = [len(part.encode()) for part in segments]
    except UnicodeEncodeError:
        return False
    return max(sizes) <= _NAME_BYTES and sum(sizes) + len(sizes) - 1 <= _KEY_BYTES
