"""Bringing a backup back, into an empty data folder or database."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import sqlalchemy.exc

from treadle.access.signing_key import FILE_NAME as KEY_FILE
from treadle.backups.manifest import KEY, File, Manifest, damaged
from treadle.backups.reading import Backup, open_backup
from treadle.backups.sqlite_files import FILES, MAIN, count_rows
from treadle.backups.unfinished import FILE_NAME as MARK
from treadle.backups.unfinished import Mark, is_unfinished, read_mark, set_mark, take_mark
from treadle.backups.writing import keep, sync
from treadle.db import Database, migrate
from treadle.db.engine import dialect_of
from treadle.db.migrate import load_migrations
from treadle.errors import Conflict, Invalid, NotFound, Unavailable, Unsupported, telling_a_full_disk
from treadle.late import late
from treadle.objects import ObjectStore, open_store
from treadle.settings import Settings

# PostgreSQL's driver is an extra.
check_is_empty = late("treadle.backups.postgresql_load:check_is_empty")
is_filled_by = late("treadle.backups.postgresql_load:is_filled_by")
load = late("treadle.backups.postgresql_load:load")

#: Told of each object that was brought back: how many, and how many bytes.
Told = Callable[[int, int], None]

_DATABASE = "database"
_OBJECTS = "objects"
_FIRST_SIGN_IN = "first-sign-in.json"
#: What may lie in a data folder that is empty otherwise.
_OF_SERVERS = frozenset({"treadle.lock", "treadle.sock", "tmp", MARK})


def check_backup(source: Path, told: Told) -> Manifest:
    """Read a backup as a whole, and restore nothing. Raises as `restore_backup` for what is wrong with it."""
    with open_backup(source) as backup:
        for each in backup.manifest.files:
            _read_all(backup, each)
        for line in backup.objects():
            if line.sha256:
                _read_all(backup, backup.content(line))
            told(1, line.size_bytes)
        return backup.manifest


def restore_backup(settings: Settings, source: Path, told: Told) -> Manifest:
    """Bring the backup at ``source`` back to where the settings say, which is held and empty; what is in it.

    It is brought to this Treadle's version. Until all of it is there nobody serves it. One that was cut off
    is gone on with: only then may there be something already, and it is what that one wrote.

    Raises NotFound("backup-not-found"), Invalid("backup-half", "backup-damaged"),
    Conflict("backup-newer", "data-dir-not-empty", "database-not-empty", "objects-not-empty"),
    Unsupported("backup-other-database"), Unavailable("database-unusable", "disk-full").
    """
    with open_backup(source) as backup, telling_a_full_disk(f"what is restored to {settings.data_dir}"):
        _check_fits(settings, backup.manifest)
        backup.check_contents()
        mark = _find_mark(backup, settings)
        is_filled = mark is not None and _is_filled(settings, mark)
        _check_place(settings, is_filled=is_filled)
        if mark is None:
            _check_bucket(backup, settings)
            mark = set_mark(settings.data_dir, source, _sha256(backup, settings))
        _clear(settings.data_dir)
        _restore_objects(backup, open_store(settings), told)
        _restore_keys(backup, settings)
        if not is_filled:
            _restore_rows(backup, settings, mark)
        _bring_to_this_version(settings)
        take_mark(settings.data_dir)
        return backup.manifest


def _check_fits(settings: Settings, manifest: Manifest) -> None:
    dialect = dialect_of(settings.url)
    if manifest.database != dialect:
        wanted = "--database-url" if manifest.database == "postgresql" else "no --database-url"
        text = f"The backup is of {manifest.database}, and this would restore to {dialect}: give {wanted}."
        raise Unsupported("backup-other-database", text)
    newest = load_migrations(dialect)[-1].number
    if manifest.schema > newest:
        text = (
            f"The backup was made by Treadle {manifest.treadle} with schema {manifest.schema}, and this "
            f"Treadle knows up to {newest}. Restore it with that version or a newer one."
        )
        raise Conflict("backup-newer", text)


def _find_mark(backup: Backup, settings: Settings) -> Mark | None:
    """Of a restore of this very backup to this place that was cut off."""
    mark = read_mark(settings.data_dir)
    return mark if mark is not None and mark.sha256 == _sha256(backup, settings) else None


def _sha256(backup: Backup, settings: Settings) -> str:
    return hashlib.sha256(f"{backup.sha256} {settings.objects_url}".encode()).hexdigest()


def _is_filled(settings: Settings, mark: Mark) -> bool:
    """Whether that restore has put all rows into a database of PostgreSQL; files begin anew."""
    return dialect_of(settings.url) == "postgresql" and bool(is_filled_by(settings, mark.id))


def _check_place(settings: Settings, *, is_filled: bool) -> None:
    there = {path.name for path in settings.data_dir.iterdir()} - _OF_SERVERS
    if there and not is_unfinished(settings.data_dir):
        text = (
            f"{settings.data_dir} is not empty ({', '.join(sorted(there)[:3])}, …): nothing is restored over "
            "what is there. Give --data-dir an empty folder."
        )
        raise Conflict("data-dir-not-empty", text)
    if dialect_of(settings.url) == "postgresql" and not is_filled:
        check_is_empty(settings)


def _check_bucket(backup: Backup, settings: Settings) -> None:
    if not settings.objects_url or not backup.manifest.objects.are_copied:
        return
    found = next(iter(open_store(settings).list()), None)
    if found is not None:
        text = (
            f"The bucket is not empty (it holds {found.key}). Give TREADLE_OBJECTS_URL an empty place, "
            "or empty that one, if what is there is half a restore of another backup."
        )
        raise Conflict("objects-not-empty", text)


def _clear(data_dir: Path) -> None:
    """Remove what a restore left that was cut off; the folder was empty before that one."""
    shutil.rmtree(data_dir / _OBJECTS, ignore_errors=True)
    for name in (KEY_FILE, _FIRST_SIGN_IN, *FILES):
        for suffix in ("", "-wal", "-shm", "-journal"):
            (data_dir / f"{name}{suffix}").unlink(missing_ok=True)


def _restore_objects(backup: Backup, objects: ObjectStore, told: Told) -> None:
    if not backup.manifest.objects.are_copied:
        _check_are_there(backup, objects)
        return
    for line in backup.objects():
        objects.put(line.key, backup.chunks(backup.content(line)))
        told(1, line.size_bytes)


def _check_are_there(backup: Backup, objects: ObjectStore) -> None:
    """Of a backup that lists them alone."""
    for line in backup.objects():
        try:
            size_bytes: int | None = objects.stat(line.key).size_bytes
        except NotFound:
            size_bytes = None
        if size_bytes != line.size_bytes:
            text = (
                f"The backup lists its objects and holds none, and {line.key} is not where objects are, or "
                "not as it was. Bring that place back first, or name it as TREADLE_OBJECTS_URL."
            )
            raise Invalid("objects-elsewhere", text)


def _restore_keys(backup: Backup, settings: Settings) -> None:
    for name, path in (
        (KEY, settings.data_dir / KEY_FILE),
        (_FIRST_SIGN_IN, settings.first_sign_in_path),
    ):
        file = backup.file(name)
        if file is not None:
            keep(path, backup.chunks(file))
            sync(path)


def _restore_rows(backup: Backup, settings: Settings, mark: Mark) -> None:
    if backup.manifest.database == "sqlite":
        _restore_files(backup, settings.data_dir)
    else:
        load(
            settings,
            lambda name: backup.chunks(_database_file(backup, name)),
            lambda counts: _check_counts(backup.manifest, counts),
            restore_id=mark.id,
        )


def _bring_to_this_version(settings: Settings) -> None:
    database = Database.open(settings.url, journal_mode="WAL" if settings.has_wal else "DELETE")
    try:
        migrate(database)
    except sqlalchemy.exc.DBAPIError as error:
        text = f"The restored database cannot be brought to this version ({error.orig})."
        raise Unavailable("database-unusable", text) from error
    finally:
        database.close()


def _restore_files(backup: Backup, data_dir: Path) -> None:
    for name in FILES:
        file = backup.file(f"{_DATABASE}/{name}")
        if file is not None:
            keep(data_dir / name, backup.chunks(file))
            sync(data_dir / name)
    if not (data_dir / MAIN).is_file():
        raise damaged(f"{_DATABASE}/{MAIN} is not in it")
    with closing(sqlite3.connect(data_dir / MAIN)) as connection:
        _check_counts(backup.manifest, count_rows(connection))


def _database_file(backup: Backup, name: str) -> File:
    file = backup.file(f"{_DATABASE}/{name}")
    if file is None:
        raise damaged(f"{_DATABASE}/{name} is not in it")
    return file


def _check_counts(manifest: Manifest, counts: dict[str, int]) -> None:
    # A newer Treadle may have given up a table.
    other = [name for name, count in manifest.counts.items() if counts.get(name, count) != count]
    if other:
        raise damaged(f"the rows of {', '.join(other)} are not as many as when it was made")


def _read_all(backup: Backup, file: File) -> None:
    for _chunk in backup.chunks(file):
        pass
