"""Where a backup is written to: a folder, or a tar file. It has its name once it is whole and on disk."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from treadle.backups.manifest import NAME, File, Manifest
from treadle.errors import Conflict, Unavailable, telling_a_full_disk

_SUFFIX = ".tar"
_READ_BYTES = 1024**2


class Writer(Protocol):
    """A backup on its way."""

    #: For files that are not whole yet; on the disk of the backup.
    work: Path

    def take(self, name: str, path: Path) -> None:
        """The file at ``path``, which is whole, becomes ``name``."""

    def finish(self, manifest: Manifest) -> None:
        """Nothing more follows: give it its name."""


@contextmanager
def open_writer(target: Path) -> Iterator[Writer]:
    """Write to the folder ``target``, or the file if its name ends in .tar; what is not finished is removed.

    Raises Conflict("backup-exists", "backup-running"), Unavailable("disk-full", "backup-place").
    """
    target = target.absolute()
    if target.exists():
        text = f"{target} is there already. Give a name that is free: a backup is never written over another."
        raise Conflict("backup-exists", text)
    partial = target.with_name(f"{target.name}.partial")
    with _telling_of(target), telling_a_full_disk(f"the backup {target}"), _held(partial):
        _clear(partial)
        try:
            yield from _write(target, partial)
        finally:
            _clear(partial)


def _write(target: Path, partial: Path) -> Iterator[Writer]:
    work = partial / "work"
    work.mkdir(mode=0o700)
    if target.suffix != _SUFFIX:
        yield _FolderWriter(target, partial, work)
        return
    with (
        os.fdopen(os.open(partial / "tar", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
        tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        yield _TarWriter(target, partial, file, tar)


class _FolderWriter:
    def __init__(self, target: Path, partial: Path, work: Path) -> None:
        self._target = target
        self._partial = partial
        self.work = work

    def take(self, name: str, path: Path) -> None:
        place = self._partial / "whole" / name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync(path)
        os.replace(path, place)

    def finish(self, manifest: Manifest) -> None:
        path = self.work / NAME
        path.write_bytes(manifest.encode())
        self.take(NAME, path)
        whole = self._partial / "whole"
        for folder, _folders, _files in os.walk(whole):
            sync(Path(folder))
        _name(whole, self._target)


class _TarWriter:
    def __init__(self, target: Path, partial: Path, file: BinaryIO, tar: tarfile.TarFile) -> None:
        self._target = target
        self._partial = partial
        self._file = file
        self._tar = tar
        self.work = partial / "work"

    def take(self, name: str, path: Path) -> None:
        member = tarfile.TarInfo(name)
        member.size = path.stat().st_size
        member.mode = 0o600
        member.mtime = int(path.stat().st_mtime)
        with path.open("rb") as file:
            self._tar.addfile(member, file)
        path.unlink()

    def finish(self, manifest: Manifest) -> None:
        path = self.work / NAME
        path.write_bytes(manifest.encode())
        self.take(NAME, path)
        self._tar.close()
        self._file.flush()
        sync(self._partial / "tar")
        _name(self._partial / "tar", self._target)


def keep(path: Path, chunks: Iterable[bytes]) -> File:
    """Write ``chunks`` to ``path``, on which it is told what was written."""
    digest, size_bytes = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in chunks:
            digest.update(chunk)
            size_bytes += file.write(chunk)
    return File(path.name, size_bytes, digest.hexdigest())


def measure(path: Path, name: str) -> File:
    """What the file at ``path`` holds; ``name``: as which it goes into the backup."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(_READ_BYTES), b""):
            digest.update(chunk)
    return File(name, path.stat().st_size, digest.hexdigest())


def sync(path: Path) -> None:
    """Wait until a file, or the entries of a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name(whole: Path, target: Path) -> None:
    # A folder replaces an empty one: whoever came first keeps the name.
    if target.exists():
        raise Conflict("backup-exists", f"{target} was made by somebody else meanwhile. Give another name.")
    os.rename(whole, target)
    sync(target.parent)


@contextmanager
def _held(partial: Path) -> Iterator[None]:
    partial.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        text = f"Another backup is being written to {partial}. Wait for it, or give another name."
        raise Conflict("backup-running", text) from error
    try:
        yield
    finally:
        with suppress(OSError):
            partial.rmdir()
        os.close(descriptor)


def _clear(partial: Path) -> None:
    """Remove what is in it: of a backup that was killed, or of this one."""
    for path in partial.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextmanager
def _telling_of(target: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        text = f"{error.filename or target} cannot be written ({error.strerror}). Give another place."
        raise Unavailable("backup-place", text) from error
    except (FileNotFoundError, NotADirectoryError, FileExistsError) as error:
        text = f"{target} cannot be made ({error.strerror}: {error.filename}). Give another place."
        raise Unavailable("backup-place", text) from error
