"""Blocks of contents: compressed where that saves something, and a cache of open ones."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from backports import zstd

Value = TypeVar("Value")
_LEVEL = 3
_WORTH_IT = 0.95  # of the block's size; above, it is stored as it is


class _Codec(threading.local):
    """Each thread its own: it keeps state between calls."""

    def __init__(self) -> None:
        self.compressor = zstd.ZstdCompressor(level=_LEVEL)


_codec = _Codec()


def close_block(raw: bytes) -> bytes:
    """The block as it is stored: shorter than ``raw``, or ``raw`` itself."""
    stored = _codec.compressor.compress(raw, zstd.ZstdCompressor.FLUSH_FRAME)
    return stored if len(stored) < len(raw) * _WORTH_IT else raw


def open_block(stored: bytes, size_bytes: int) -> bytes | None:
    """The block of ``size_bytes`` that was stored so; None when it cannot be, since it is damaged."""
    if len(stored) == size_bytes:
        return stored
    try:
        codec = zstd.ZstdDecompressor()
        raw = codec.decompress(stored, size_bytes)  # no more room, whatever a damaged head says
    except zstd.ZstdError:
        return None
    return raw if codec.eof and len(raw) == size_bytes else None


class Cache(Generic[Value]):
    """What was used last, up to a number of bytes; for any number of threads."""

    def __init__(self, limit_bytes: int, weigh: Callable[[Value], int]) -> None:
        self._limit_bytes = limit_bytes
        self._weigh = weigh
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = threading.Lock()
        self.size_bytes = 0

    def get(self, key: Hashable) -> Value | None:
        """What was kept under the key."""
        value = self._kept.get(key)
        if value is None:
            return None
        try:
            self._kept.move_to_end(key)
        except KeyError:  # it has gone just now
            return value
        return value

    def keep(self, key: Hashable, value: Value) -> None:
        """Keep it; what was used longest ago goes."""
        with self._lock:
            self._forget(key)
            self._kept[key] = value
            self.size_bytes += self._weigh(value)
            while self.size_bytes > self._limit_bytes:
                self._forget(next(iter(self._kept)))

    def _forget(self, key: Hashable) -> None:
        old = self._kept.pop(key, None)
        if old is not None:
            self.size_bytes -= self._weigh(old)
