"""Making a backup, while a server runs or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timezone
from pathlib import Path

import msgspec

from treadle import __version__
from treadle.access.signing_key import FILE_NAME as KEY_FILE
from treadle.backups.manifest import KEY, OBJECTS, File, Line, Manifest, ObjectSums, content_name
from treadle.backups.snapshot import Snapshot
from treadle.backups.sqlite_files import copy_files
from treadle.backups.writing import Writer, keep, measure, open_writer
from treadle.db.engine import dialect_of
from treadle.errors import NotFound
from treadle.late import late
from treadle.objects import ObjectStore, open_store
from treadle.objects.store import StoredObject
from treadle.settings import Settings

# PostgreSQL's driver is an extra.
dump = late("treadle.backups.postgresql_dump:dump")

#: Told of each object that was looked at: how many, and how many bytes.
Told = Callable[[int, int], None]

_DATABASE = "database"
#: An object that a row names may be deleted before it is copied: a later moment has no such row.
_SNAPSHOTS = 3


def make_backup(settings: Settings, target: Path, *, copies_objects: bool = True, told: Told) -> Manifest:
    """Write a backup to the folder, or .tar file, ``target``; what is in it.

    copies_objects: else they are listed alone, for a bucket that is kept by other means.

    Raises NotFound("database-not-found"), Conflict("backup-exists", "backup-running"),
    Unavailable("database-unusable", "database-damaged", "disk-full", "backup-place").
    """
    # Looked at before it is opened: a folder for objects would be made.
    _check_is_there(settings)
    objects = open_store(settings)
    with open_writer(target) as writer:
        copied = _Objects(objects, writer, told, copies_objects)
        # Most of it, which takes long; what comes meanwhile follows after the database.
        copied.copy_new()
        snapshot, missing = _take_both(settings, writer, copied)
        files = [*_take_files(settings, writer, snapshot), copied.take_lines()]
        manifest = Manifest(
            treadle=__version__,
            database=dialect_of(settings.url),
            schema=snapshot.schema,
            taken_at=snapshot.taken_at.astimezone(timezone.utc),
            counts=snapshot.counts,
            files=files,
            objects=copied.sums(),
            missing=missing,
        )
        writer.finish(manifest)
    return manifest


def _check_is_there(settings: Settings) -> None:
    if not settings.database_url and not (settings.data_dir / "treadle.sqlite3").is_file():
        text = f"There is no Treadle in {settings.data_dir}. Give --data-dir the folder of your server."
        raise NotFound("database-not-found", text)


def _take_both(settings: Settings, writer: Writer, copied: _Objects) -> tuple[Snapshot, list[str]]:
    """The database, with the objects of its moment; and which it names that the store does not have."""
    folder = writer.work / _DATABASE
    lacking: list[str] = []
    for _attempt in range(_SNAPSHOTS):
        folder.mkdir(mode=0o700, exist_ok=True)
        snapshot = _snapshot(settings, folder)
        copied.copy_new()
        before, lacking = lacking, sorted(key for key in snapshot.named if key not in copied)
        if lacking == before:
            break
    return snapshot, lacking


def _snapshot(settings: Settings, folder: Path) -> Snapshot:
    if dialect_of(settings.url) == "sqlite":
        return copy_files(settings, folder)
    snapshot: Snapshot = dump(settings, folder)
    return snapshot


def _take_files(settings: Settings, writer: Writer, snapshot: Snapshot) -> Iterator[File]:
    for path in snapshot.files:
        name = f"{_DATABASE}/{path.name}"
        yield measure(path, name)
        writer.take(name, path)
    for name, path in (
        (KEY, settings.data_dir / KEY_FILE),
        (settings.first_sign_in_path.name, settings.first_sign_in_path),
    ):
        if path.is_file():
            copied = keep(writer.work / name, [path.read_bytes()])
            writer.take(name, writer.work / name)
            yield copied


@dataclass
class _Objects:
    """The objects that were copied; the same content once, whichever objects have it."""

    objects: ObjectStore
    writer: Writer
    told: Told
    are_copied: bool
    _lines: dict[str, Line] = field(default_factory=dict)
    _contents: dict[str, int] = field(default_factory=dict)

    def __contains__(self, key: str) -> bool:
        return key in self._lines

    def copy_new(self) -> None:
        """Copy what was not there, or had another size, when this was called last."""
        # No key is written twice with other content.
        for stored in self.objects.list():
            known = self._lines.get(stored.key)
            if known is None or known.size_bytes != stored.size_bytes:
                self._copy(stored)

    def _copy(self, stored: StoredObject) -> None:
        line = Line(stored.key, stored.size_bytes, "")
        if self.are_copied:
            try:
                kept = keep(self.writer.work / "content", self.objects.read(stored.key))
            except NotFound:  # deleted since it was listed
                return
            line = Line(stored.key, kept.size_bytes, kept.sha256)
            if line.sha256 not in self._contents:
                self._contents[line.sha256] = line.size_bytes
                self.writer.take(content_name(line.sha256), self.writer.work / "content")
        self._lines[stored.key] = line
        self.told(1, line.size_bytes)

    def take_lines(self) -> File:
        """The list of them, as a file of the backup."""
        path = self.writer.work / OBJECTS
        kept = keep(path, (msgspec.json.encode(line) + b"\n" for line in self._lines.values()))
        self.writer.take(OBJECTS, path)
        return kept

    def sums(self) -> ObjectSums:
        return ObjectSums(
            len(self._lines),
            sum(line.size_bytes for line in self._lines.values()),
            len(self._contents),
            sum(self._contents.values()),
            self.are_copied,
        )
