"""Objects as files in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from treadle.errors import NotFound, telling_a_full_disk
from treadle.objects.store import CHUNK_BYTES, PARTIAL_FOLDER, StoredObject, check_key


class LocalObjects:
    """Objects below a folder of the local file system, readable by its owner alone."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._partial = self.root / PARTIAL_FOLDER
        self._partial.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, key: str, chunks: Iterable[bytes]) -> StoredObject:
        check_key(key)
        with telling_a_full_disk(f"the object {key}"):
            descriptor, partial = self.begin()
            try:
                with os.fdopen(descriptor, "wb") as file:
                    size_bytes = sum(file.write(chunk) for chunk in chunks)
                self.settle([(partial, key)])
            except BaseException:
                Path(partial).unlink(missing_ok=True)
                raise
        return StoredObject(key, size_bytes)

    def begin(self) -> tuple[int, str]:
        """A new file without a name yet: its descriptor, to be closed by the caller, and its path."""
        path = f"{self._partial}/{uuid4().hex}"
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), path

    def settle(self, partials: Sequence[tuple[str, str]]) -> None:
        """Give files of `begin` their keys: (path, key) each. What has returned survives a crash.

        All bytes are on disk before the first key is there, and each folder is synced once.
        """
        for partial, _key in partials:
            _sync(partial)
        folders: set[Path] = set()
        for folder in {self._path(key).parent for _partial, key in partials}:
            folders.update(_make_folder(folder))
        for partial, key in partials:
            os.replace(partial, f"{self.root}/{key}")
        for folder in folders:
            _sync(folder)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        file = self.open(key)
        file.seek(start)
        return _chunks(file, None if end is None else end - start)

    def stat(self, key: str) -> StoredObject:
        path = self._path(key)
        if not path.is_file():
            raise _missing(key)
        return StoredObject(key, path.stat().st_size)

    def delete(self, key: str) -> None:
        try:
            self._path(key).unlink()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        found = (path.relative_to(self.root) for path in self._below(prefix) if path.is_file())
        keys = sorted(path.as_posix() for path in found if path.parts[0] != PARTIAL_FOLDER)
        for key in keys:
            if key.startswith(prefix):
                yield StoredObject(key, (self.root / key).stat().st_size)

    def _below(self, prefix: str) -> Iterator[Path]:
        folder = prefix.rpartition("/")[0]
        return (self._path(folder) if folder else self.root).rglob("*")

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def open(self, key: str) -> BinaryIO:
        """The object as the file that it is, to be read. Raises NotFound("object-not-found")."""
        try:
            return self._path(key).open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise _missing(key) from error


def _chunks(file: BinaryIO, left: int | None) -> Iterator[bytes]:
    with file:
        while left is None or left > 0:
            chunk = file.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not chunk:
                return
            if left is not None:
                left -= len(chunk)
            yield chunk


def _make_folder(folder: Path) -> list[Path]:
    """Make it, and those above it; the folders whose entries changed or are about to."""
    made = [folder]
    while not folder.is_dir():
        folder = folder.parent
        made.append(folder)
    for missing in reversed(made[:-1]):
        missing.mkdir(exist_ok=True, mode=0o700)
    return made


def _sync(path: Path | str) -> None:
    # Of a folder too: a rename is durable only once the folder is on disk.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _missing(key: str) -> NotFound:
    return NotFound("object-not-found", f"There is no object {key!r}.")
