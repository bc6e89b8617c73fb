"""Files by their content, in a folder of bounded size that processes share without a lock.

A file appears whole or not at all; the same content under two addresses is one file. When there is too
much, what was used longest ago goes first; what was used within the last minutes stays.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from treadle.errors import Invalid

_DEFAULT_BYTES = 2 * 1024**3
#: A path that was handed out is read soon.
_IN_USE_S = 300.0
_FORGOTTEN_S = 3600.0
_SUFFIX_LENGTH = 10
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


@dataclass(frozen=True)
class Entry:
    """What is known of an address: the content's name, the server's word for it, when it was asked."""

    name: str
    etag: str
    asked_at: float


class Cache:
    """Files fetched, by their address and by their content."""

    def __init__(self, folder: Path, limit_bytes: int = _DEFAULT_BYTES) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._size_bytes: int | None = None

    @property
    def limit_bytes(self) -> int:
        return self._limit_bytes

    def find(self, address: str) -> tuple[Path, Entry] | None:
        """The file of ``address`` and what is known of it; None where it is not here."""
        try:
            entry = Entry(**json.loads(self._index(address).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        path = self._object(entry.name)
        try:
            os.utime(path)
        except OSError:  # it was let go
            self._index(address).unlink(missing_ok=True)
            return None
        return path, entry

    def put(self, address: str, pieces: Iterable[bytes], *, suffix: str = "", etag: str = "") -> Path:
        """Keep what ``pieces`` hold as the file of ``address``. Raises Invalid("file-large")."""
        part = self._new_part()
        try:
            digest, size_bytes = self._write(part, pieces, address)
            name = digest + suffix[:_SUFFIX_LENGTH]
            path = self._object(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        self.note(address, Entry(name, etag, time.time()))
        self._grow(size_bytes)
        return path

    def note(self, address: str, entry: Entry) -> None:
        """Remember what is known of ``address``."""
        index = self._index(address)
        index.parent.mkdir(parents=True, exist_ok=True)
        part = self._new_part()
        part.write_text(json.dumps(entry.__dict__), "utf-8")
        os.replace(part, index)

    def _write(self, part: Path, pieces: Iterable[bytes], address: str) -> tuple[str, int]:
        digest, size_bytes = hashlib.sha256(), 0
        with part.open("xb") as file:
            for piece in pieces:
                size_bytes += len(piece)
                if size_bytes > self._limit_bytes:
                    raise Invalid(
                        "file-large",
                        f"{address[:200]} is larger than the cache ({self._limit_bytes} bytes). "
                        "Set TREADLE_ML_CACHE to a larger size.",
                    )
                digest.update(piece)
                file.write(piece)
        return digest.hexdigest(), size_bytes

    def _grow(self, size_bytes: int) -> None:
        if self._size_bytes is None:
            self._size_bytes = sum(size for _, size, _ in self._files("objects"))
        else:
            self._size_bytes += size_bytes
        if self._size_bytes > self._limit_bytes:
            self._shrink()

    def _shrink(self) -> None:
        """Down to nine tenths, so that not every file that comes looks at all of them."""
        found = sorted(self._files("objects"))
        self._forget(before=found[0][0] - _FORGOTTEN_S if found else 0.0)
        size_bytes = sum(size for _, size, _ in found)
        newest = time.time() - _IN_USE_S
        for used_at, size, path in found:
            if size_bytes <= self._limit_bytes * 0.9 or used_at > newest:
                break
            path.unlink(missing_ok=True)
            size_bytes -= size
        self._size_bytes = size_bytes

    def _forget(self, before: float) -> None:
        """What was asked for before all that is still here was used."""
        for asked_at, _, index in self._files("addresses"):
            if asked_at < before:
                index.unlink(missing_ok=True)

    def _files(self, kind: str) -> list[tuple[float, int, Path]]:
        """When each was used last, its size, and where it is."""
        found = []
        for path in (self._folder / kind).glob("*/*"):
            try:
                state = path.stat()
            except OSError:
                continue  # another process was first
            found.append((state.st_mtime, state.st_size, path))
        return found

    def _object(self, name: str) -> Path:
        return self._folder / "objects" / name[:2] / name

    def _index(self, address: str) -> Path:
        name = hashlib.sha256(address.encode()).hexdigest()
        return self._folder / "addresses" / name[:2] / name

    def _new_part(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = self._folder / "parts"
        folder.mkdir(exist_ok=True)
        return folder / uuid.uuid4().hex


def cache_of(environ: Mapping[str, str]) -> Cache:
    """The cache that the environment names: TREADLE_ML_CACHE is a folder, a size ("2g"), or both
    ("DIR:2g").
    """
    folder, limit_bytes = _split(environ.get("TREADLE_ML_CACHE", ""))
    home = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Cache(Path(folder) if folder else Path(home) / "treadle" / "ml", limit_bytes)


def _split(written: str) -> tuple[str, int]:
    folder, _, size = written.rpartition(":")
    if (limit := _size(size)) is not None:
        return folder, limit
    return written, _DEFAULT_BYTES


def _size(written: str) -> int | None:
    number, unit = written.strip().lower().removesuffix("b"), ""
    if number[-1:] in _UNITS:
        number, unit = number[:-1], number[-1:]
    return int(float(number) * _UNITS[unit]) if number.replace(".", "", 1).isdigit() else None


def suffix_of(address: str) -> str:
    """The ending of a file's name, where it is one: ".jpg"."""
    ending = Path(address.split("?", 1)[0]).suffix
    return ending.lower() if ending[1:].isalnum() else ""
