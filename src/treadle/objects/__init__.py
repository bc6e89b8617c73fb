"""Bytes by key.

Promises: an object is whole or absent, and once `put` returns it survives a crash. Keys are
relative paths of plain segments; anything that could leave the store is refused.
"""

from __future__ import annotations

from treadle.objects.local import LocalObjects
from treadle.objects.memory import MemoryObjects
from treadle.objects.opening import open_store
from treadle.objects.store import ObjectStore, StoredObject, check_key

__all__ = [
    "LocalObjects",
    "MemoryObjects",
    "ObjectStore",
    "StoredObject",
    "check_key",
    "open_store",
]
