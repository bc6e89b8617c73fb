"""Pictures for an archive out of the repos that a project's tasks are read from, as they show them now."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

import msgspec
from sqlalchemy import bindparam, literal_column, select

from treadle.access import Grant
from treadle.db import Database
from treadle.db.prepared import Prepared
from treadle.db.storage_tables import storage_items, storages
from treadle.errors import NotFound
from treadle.labeling.formats import OpenPicture, Reason
from treadle.repos.engine import RepoEngine

#: What the address of a file of a source begins with; then come the source's id and the file's key.
SOURCE_FILES = "/api/storages/items/"
_LONGEST_ID = 18

_i, _s = storage_items.c, storages.c
_FOUND = Prepared(
    select(_i.commit_id, _s.options)
    .join(storages, _s.id == _i.storage_id)
    .where(
        _s.id == bindparam("storage_id"),
        _s.project_id == bindparam("project_id"),
        _i.key == bindparam("key"),
        _i.state != literal_column("'written'"),
    )
    .limit(1)
)


class _Options(msgspec.Struct):
    repo_id: int = 0


def repo_pictures(database: Database, repos: RepoEngine, grant: Grant) -> OpenPicture:
    """What opens the pictures in repos that tasks of the grant's project show; others lie elsewhere."""
    snapshot = lru_cache(maxsize=64)(repos.at)

    def open_picture(address: str, _task_id: int) -> Iterator[bytes] | Reason:
        place = read_source_address(address)
        if place is None:
            return Reason.PICTURE_ELSEWHERE
        storage_id, key = place
        with database.read() as tx:
            wanted = {"storage_id": storage_id, "project_id": grant.project_id, "key": key}
            rows = tx.rows(_FOUND, wanted)
        if not rows:
            return Reason.PICTURE_MISSING
        if rows[0]["commit_id"] is None:
            return Reason.PICTURE_ELSEWHERE
        repo_id = msgspec.json.decode(rows[0]["options"], type=_Options).repo_id
        try:
            return snapshot(repo_id, rows[0]["commit_id"]).read(key)
        except NotFound:
            return Reason.PICTURE_MISSING

    return open_picture


def read_source_address(address: str) -> tuple[int, str] | None:
    """Source and key that an address names; None where it is none of a source's files."""
    if not address.startswith(SOURCE_FILES):
        return None
    storage_id, _, key = address.removeprefix(SOURCE_FILES).partition("/")
    if not storage_id.isascii() or not storage_id.isdecimal() or not key:
        return None
    return int(storage_id[:_LONGEST_ID]), unquote(key)
