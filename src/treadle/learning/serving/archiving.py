"""The files of versions, kept among the objects: what a backend loses is given back to it.

One archive a version, ``model-versions/BACKEND/VERSION.tar``. Each is fetched soon after the version was
made, by a thread of the worker; one that a backend cannot hand over is asked for again, later and later.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select, update

from treadle.access.signing_key import load_signing_key
from treadle.db.learning_tables import ml_backends, model_versions
from treadle.db.prepared import Prepared
from treadle.errors import TreadleError
from treadle.jobs import JobParts
from treadle.learning.connections import backends
from treadle.learning.connections.client import BackendClient, Told, open_client, told_of
from treadle.objects import ObjectStore
from treadle.settings import Settings

logger = logging.getLogger(__name__)

_FOLDER = "model-versions"
_FIRST_REST_S, _LONGEST_REST_S = 30.0, 6 * 3600.0
_SPOOLED_BYTES = 8 * 1024 * 1024

_v = model_versions.c
_MISSING = Prepared(
    select(_v.id, _v.backend_id, _v.name)
    .join(ml_backends, ml_backends.c.id == _v.backend_id)
    .where(_v.archive_key == "", ml_backends.c.generation == "treadle")
    .order_by(_v.is_serving.desc(), _v.id.desc())
    .limit(100)
)
_NOTE = update(model_versions).where(_v.id == bindparam("of_version")).values(archive_key=bindparam("key"))
_THERE = Prepared(select(_v.id).where(_v.backend_id == bindparam("backend_id")))


def give_back(
    objects: ObjectStore,
    settings: Settings,
    client: BackendClient,
    *,
    told: Told,
    version: Mapping[str, Any],
) -> None:
    """Give a backend the files of a version that it has lost. Raises NotFound, Unavailable, Invalid."""
    logger.warning("A version is given back to its backend", extra={"version": version["id"]})
    folder = settings.data_dir / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.SpooledTemporaryFile(_SPOOLED_BYTES, dir=str(folder)) as file:
        for chunk in objects.read(version["archive_key"]):
            file.write(chunk)
        size_bytes = file.tell()
        file.seek(0)
        client.import_version(told, version["name"], file, size_bytes)


@dataclass
class _Rest:
    """Until when a version is not asked for, and how long it rests the next time."""

    until_s: float = 0.0
    next_s: float = _FIRST_REST_S


@dataclass
class Archiver:
    """Fetches what is not kept yet; for one thread."""

    parts: JobParts
    _rests: dict[int, _Rest] = field(default_factory=dict)

    def look(self) -> int:
        """Keep the files of every version that its backend hands over; how many."""
        with self.parts.database.read() as tx:
            missing = tx.rows(_MISSING, {})
        now_s = time.monotonic()
        due = [row for row in missing if self._rests.get(row["id"], _Rest()).until_s <= now_s]
        return sum(self._try(row) for row in due)

    def _try(self, row: Mapping[str, Any]) -> bool:
        try:
            self._keep(row)
        except TreadleError as error:
            rest = self._rests.setdefault(row["id"], _Rest())
            rest.until_s = time.monotonic() + rest.next_s
            rest.next_s = min(2 * rest.next_s, _LONGEST_REST_S)
            told = {"version": row["id"], "code": error.code, "error": error.message}
            logger.info("A version's files are not kept yet", extra=told)
            return False
        self._rests.pop(row["id"], None)
        return True

    def _keep(self, row: Mapping[str, Any]) -> None:
        parts = self.parts
        with parts.database.read() as tx:
            backend = backends.get(tx, row["backend_id"])
            told = told_of(tx, backend)
        key = f"{_FOLDER}/{row['backend_id']}/{row['id']}.tar"
        with open_client(parts.settings, load_signing_key(parts.settings.data_dir), backend) as client:
            parts.objects.put(key, client.archive(told, row["name"]))
        with parts.database.write() as tx:
            tx.execute(_NOTE, {"of_version": row["id"], "key": key})


def sweep_archives(parts: JobParts) -> int:
    """Remove the files of versions that went with their backend or project; how many."""
    gone = [key for key in _kept(parts.objects) if not _is_there(parts, key)]
    for key in gone:
        parts.objects.delete(key)
    return len(gone)


def _kept(objects: ObjectStore) -> list[str]:
    return [stored.key for stored in objects.list(f"{_FOLDER}/")]


def _is_there(parts: JobParts, key: str) -> bool:
    path = Path(key)
    with parts.database.read() as tx:
        known = tx.rows(_THERE, {"backend_id": int(path.parent.name)})
    return int(path.stem) in {row["id"] for row in known}
