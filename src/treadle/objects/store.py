"""What every object store does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from treadle.errors import Invalid

CHUNK_BYTES = 256 * 1024


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
    """The key itself. Raises Invalid("object-key") when it could leave the store."""
    segments = key.split("/")
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in segments):
        raise Invalid("object-key", f"{key!r} is no key: use plain names joined by '/'.")
    return key
