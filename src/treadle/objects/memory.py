"""Objects in memory: small, real, and gone with the process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from treadle.errors import NotFound
from treadle.objects.store import StoredObject, check_key


class MemoryObjects:
    """An object store for tests and throw-away servers."""

    def __init__(self) -> None:
        self._bytes: dict[str, bytes] = {}

    def put(self, key: str, chunks: Iterable[bytes]) -> StoredObject:
        content = b"".join(chunks)
        self._bytes[check_key(key)] = content
        return StoredObject(key, len(content))

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        content = self._content(key)
        return iter([content[start:end]])

    def stat(self, key: str) -> StoredObject:
        return StoredObject(key, len(self._content(key)))

    def delete(self, key: str) -> None:
        self._bytes.pop(check_key(key), None)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        for key in sorted(self._bytes):
            if key.startswith(prefix):
                yield StoredObject(key, len(self._bytes[key]))

    def _content(self, key: str) -> bytes:
        try:
            return self._bytes[check_key(key)]
        except KeyError as error:
            raise NotFound("object-not-found", f"There is no object {key!r}.") from error
