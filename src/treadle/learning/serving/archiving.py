"""The files of versions, kept among the objects: what a backend loses is given back to it.

One archive a version, ``model-versions/BACKEND/VERSION.tar``. Each is fetched soon after the version was
made, by the worker; one that a backend cannot hand over is asked for again, later and later. What is no whole
tar of its version is not kept, nor what would fill the disk.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select, update

from treadle.access.signing_key import load_signing_key
from treadle.db.learning_tables import ml_backends, model_versions
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.errors import TreadleError, disk_full
from treadle.jobs import JobParts
from treadle.learning.connections import backends
from treadle.learning.connections.client import BackendClient, Told, open_client, told_of
from treadle.objects import ObjectStore
from treadle.settings import Settings
from treadle.version_tars import check_archive

logger = logging.getLogger(__name__)

_FOLDER = "model-versions"
_FIRST_REST_S, _LONGEST_REST_S = 30.0, 6 * 3600.0
_SPOOLED_BYTES = 8 * 1024 * 1024

Row = Mapping[str, Any]

_v = model_versions.c
_MISSING = Prepared(
    select(_v.id, _v.backend_id, _v.name)
    .join(ml_backends, ml_backends.c.id == _v.backend_id)
    .where(_v.archive_key == "", ml_backends.c.generation == "treadle", ~one_of(_v.id, "resting"))
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
        for chunk in leaving_room(settings, objects.read(version["archive_key"])):
            file.write(chunk)
        size_bytes = file.tell()
        file.seek(0)
        client.import_version(told, version["name"], file, size_bytes)


def leaving_room(settings: Settings, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, while the data folder's disk has room to spare. Raises Unavailable("disk-full")."""
    for piece in pieces:
        if shutil.disk_usage(settings.data_dir).free < settings.spare_disk_bytes:
            raise disk_full("a version of a model")
        yield piece


@dataclass
class _Rest:
    """Until when a version is not asked for, and how long it rests the next time."""

    until_s: float = 0.0
    next_s: float = _FIRST_REST_S


@dataclass
class Archiver:
    """Fetches what is not kept yet. Of one backend one thread fetches at a time."""

    parts: JobParts
    _rests: dict[int, _Rest] = field(default_factory=dict)

    def look(self) -> int:
        """Keep the files of every version that its backend hands over; how many."""
        return sum(self.fetch(version) for found in self.find().values() for version in found)

    def find(self) -> Mapping[int, Sequence[Row]]:
        """The versions whose files are due, by backend."""
        now_s = time.monotonic()
        resting = [version_id for version_id, rest in list(self._rests.items()) if rest.until_s > now_s]
        with self.parts.database.read() as tx:
            missing = tx.rows(_MISSING, {"resting": id_list(resting)})
        found: dict[int, list[Row]] = defaultdict(list)
        for row in missing:
            found[row["backend_id"]].append(row)
        return found

    def fetch(self, row: Row) -> bool:
        """Keep the files of a version; one that cannot be had rests."""
        rest = self._rests.setdefault(row["id"], _Rest())
        rest.until_s = time.monotonic() + rest.next_s
        rest.next_s = min(2 * rest.next_s, _LONGEST_REST_S)
        try:
            self._keep(row)
        except TreadleError as error:
            told = {"version": row["id"], "code": error.code, "error": error.message}
            logger.info("A version's files are not kept yet", extra=told)
            return False
        self._rests.pop(row["id"], None)
        return True

    def _keep(self, row: Row) -> None:
        parts = self.parts
        most_bytes = parts.settings.max_version_bytes
        with parts.database.read() as tx:
            backend = backends.get(tx, row["backend_id"])
            told = told_of(tx, backend)
        key = f"{_FOLDER}/{row['backend_id']}/{row['id']}.tar"
        with open_client(parts.settings, load_signing_key(parts.settings.data_dir), backend) as client:
            pieces = client.archive(told, row["name"], most_bytes)
            parts.objects.put(key, leaving_room(parts.settings, pieces))
        try:
            check_archive(parts.objects.read(key), row["name"])
        except TreadleError:
            parts.objects.delete(key)
            raise
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
