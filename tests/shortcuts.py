"""What takes long, is the same for every test, and is what none of them is about."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from treadle.access import hashing

#: Where files lie in memory: much of what the tests would take on a disk is waiting for it.
_MEMORY, _ROOM_BYTES = Path("/dev/shm"), 4 * 1024**3
_STATEMENTS = 5_000


def take_all() -> None:
    """Take every one of them, for the whole process."""
    keep_what_is_compiled()
    keep_files_in_memory()
    read_certificates_once()
    hash_passwords_quickly()
    compile_statements_once()
    read_migrations_once()


def keep_what_is_compiled() -> None:
    """Whatever the surroundings say: a server that compiles its modules anew starts in thrice the time."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def keep_files_in_memory() -> None:
    """Let `tmp_path` lie in memory where there is room."""
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def read_certificates_once() -> None:
    """Each client of httpx reads the certificates of the world, which takes it 40 ms; none here needs any."""
    _replace("httpx._transports.default", "create_ssl_context", cache)


def hash_passwords_quickly() -> None:
    """What is hashed by a product takes time and memory on purpose."""
    hashing._HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def read_migrations_once() -> None:
    """They are a hundred files, which each server that is opened reads."""
    _replace("treadle.db.migrate", "load_migrations", cache)


def compile_statements_once() -> None:
    """Let statements be compiled for all databases of a kind together, where each engine does it anew."""
    kinds: tuple[Any, ...] = (SQLiteDialect_pysqlite, PGDialect_psycopg)
    for kind in kinds:
        kind.__eq__, kind.__hash__ = _is_of_the_kind, _hash_of_the_kind
    compiled: LRUCache[Any, Any] = LRUCache(_STATEMENTS)

    def sharing(create: Any) -> Any:
        def create_with_it(*arguments: Any, **named: Any) -> Any:
            made = create(*arguments, **named)
            made._compiled_cache = compiled
            return made

        return create_with_it

    _replace("treadle.db.engine", "create_engine", sharing)


def _replace(module: str, name: str, change: Callable[[Any], Any]) -> None:
    there = import_module(module)
    setattr(there, name, change(getattr(there, name)))


def _is_of_the_kind(one: object, other: object) -> bool:
    return type(one) is type(other)


def _hash_of_the_kind(one: object) -> int:
    return hash(type(one))


def leave_what_is_imported() -> None:
    """The collector of garbage would walk through all that was imported, again and again."""
    gc.collect()
    gc.freeze()
