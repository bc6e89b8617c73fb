"""Files of the server's own machine, below folders that a setting allows."""

from __future__ import annotations

import os
import secrets as random
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote, unquote

from treadle.connectors.places import BOTH, Direction, Field, Item, Options, Place, changed, flag_of, text_of
from treadle.connectors.selecting import RECURSIVE, SOURCE_FIELDS, Selects, check_key, name_of, selector
from treadle.errors import Forbidden, Invalid, NotFound, TreadleError, Unavailable, telling_a_full_disk
from treadle.settings import Settings

_CHUNK_BYTES = 256 * 1024
_PART = ".treadle-part-"
#: How Label Studio's tasks name a file: by its path below the root.
_SERVED = "/data/local-files/?d="


class LocalFilesKind:
    """A folder below one of the roots of the setting ``local_files_roots``."""

    name = "localfiles"
    title = "Local files"
    directions = BOTH
    fields = (
        Field("path", "Absolute local path", required=True, help="A folder of the server's machine"),
        *SOURCE_FIELDS,
        RECURSIVE,
    )

    def open(self, settings: Settings, options: Options, secrets: Mapping[str, str]) -> Place:
        return _Folder(
            Path(text_of(options, "path")),
            read_roots(settings.local_files_roots),
            selects=selector(text_of(options, "regex_filter")),
            is_recursive=flag_of(options, "recursive_scan"),
        )


LOCAL_FILES = LocalFilesKind()


def read_roots(text: str) -> tuple[Path, ...]:
    """The folders of the setting, without symbolic links in their paths."""
    return tuple(Path(part.strip()).expanduser().resolve() for part in text.split(",") if part.strip())


class _Folder:
    """The files below a folder; keys are paths below it. No link leads out of the roots."""

    def __init__(
        self, folder: Path, roots: tuple[Path, ...], *, selects: Selects, is_recursive: bool
    ) -> None:
        self._folder, self._roots = folder, roots
        self._selects, self._is_recursive = selects, is_recursive

    def check(self, direction: Direction) -> None:
        os.close(self._open_folder(self._folder))
        with self._telling("list", ""):
            first = next(self._walk("", ""), None)
        if first is not None and direction == "source":
            b"".join(self.read(first.key, 0, 1))
        if direction == "target":
            key = f"treadle-check-{random.token_hex(8)}"
            self.write(key, b"This checks that Treadle may write here; it may be deleted.")
            self.delete(key)

    def list(self, after: str | None = None) -> Iterator[Item]:
        os.close(self._open_folder(self._folder))
        with self._telling("list", ""):
            for item in self._walk("", after or ""):
                if item.key > (after or "") and self._selects(name_of(item.key)):
                    yield item

    def _walk(self, folder: str, after: str) -> Iterator[Item]:
        with os.scandir(self._folder / folder) as entries:
            # In the order of whole keys, in which a folder stands as its name and a slash.
            found = sorted((f"{each.name}/" if _is_folder(each) else each.name, each) for each in entries)
        for name, entry in found:
            key = folder + name
            if name.endswith("/"):
                if self._is_recursive and (key > after or after.startswith(key)):
                    yield from self._walk(key, after)
            elif key > after and not name.startswith(_PART):
                yield from self._item(key, entry)

    def _item(self, key: str, entry: os.DirEntry[str]) -> Iterator[Item]:
        try:
            if entry.is_symlink() and not self._is_inside(Path(entry.path).resolve()):
                return
            found = entry.stat()
        except OSError:  # it went away, or leads nowhere
            return
        if not stat.S_ISREG(found.st_mode) or not key.isprintable():
            return
        modified_at = datetime.fromtimestamp(found.st_mtime, timezone.utc)
        yield Item(key, _etag(found), found.st_size, modified_at)

    def find(self, key: str, version: str = "") -> Item:
        descriptor = self._open_file(key)
        try:
            found = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        modified_at = datetime.fromtimestamp(found.st_mtime, timezone.utc)
        return Item(key, _etag(found), found.st_size, modified_at)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        return _stretch(self._open_file(key), start, end)

    def read_item(self, item: Item, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        descriptor = self._open_file(item.key)
        if item.etag and _etag(os.fstat(descriptor)) != item.etag:
            os.close(descriptor)
            raise changed(self.uri(item.key))
        return _stretch(descriptor, start, end)

    def _open_file(self, key: str) -> int:
        self._check_roots()
        path = self._path(key)
        with self._telling("read", key):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            # What was opened is looked at, not what the path leads to a moment later.
            if not self._is_inside(_place_of(descriptor)) or not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise self._missing(key)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def write(self, key: str, content: bytes) -> None:
        path = self._path(key)
        with self._telling("write", key), telling_a_full_disk(str(path)):
            if path.parent != self._folder:
                self._make(path.parent)
            folder = self._open_folder(path.parent)
            try:
                _write_whole(folder, path.name, content)
            finally:
                os.close(folder)

    def _make(self, folder: Path) -> None:
        # Made one by one, so that none is made behind a link that leads out.
        if folder.parent != self._folder:
            self._make(folder.parent)
        above = self._open_folder(folder.parent)
        try:
            os.mkdir(folder.name, dir_fd=above)
        except FileExistsError:
            pass
        finally:
            os.close(above)

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            folder = self._open_folder(path.parent)
        except NotFound:
            return
        try:
            with self._telling("delete", key):
                os.unlink(path.name, dir_fd=folder)
        except NotFound:
            return
        finally:
            os.close(folder)

    def key(self, name: str) -> str:
        return check_key(name.removeprefix("/"))

    def uri(self, key: str) -> str:
        return f"file://{quote(str(self._folder / key))}"

    def key_of(self, uri: str) -> str | None:
        for path in self._paths_of(uri):
            if path.is_relative_to(self._folder) and path != self._folder:
                key = path.relative_to(self._folder).as_posix()
                return key if ".." not in path.parts and key.isprintable() else None
        return None

    def _paths_of(self, uri: str) -> Iterator[Path]:
        name = unquote(uri.partition(_SERVED)[2])
        if uri.startswith("file://"):
            yield Path(unquote(uri.removeprefix("file://")))
        elif name:
            yield from (root / name.lstrip("/") for root in self._roots)

    def _path(self, key: str) -> Path:
        return self._folder / check_key(key)

    def _open_folder(self, folder: Path) -> int:
        self._check_roots()
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            if folder == self._folder:
                raise _wrong(f"There is no folder {folder} on the server. Check the path.") from error
            raise NotFound("storage-item", f"There is no folder {folder} (any more).") from error
        except OSError as error:
            raise _wrong(f"The folder {folder} cannot be opened: {error.strerror}.") from error
        if not self._is_inside(_place_of(descriptor)):
            os.close(descriptor)
            allowed = ", ".join(str(root) for root in self._roots)
            raise _wrong(
                f"The folder {folder} lies outside of what the server shares ({allowed}). Choose one inside, "
                "or ask an administrator to add it to TREADLE_LOCAL_FILES_ROOTS."
            )
        return descriptor

    def _check_roots(self) -> None:
        if not self._folder.is_absolute():
            raise _wrong(f"{self._folder} is no absolute path, such as /data/photographs.")
        if not self._roots:
            raise Forbidden(
                "local-files-off",
                "The server shares no folders of its machine. An administrator may name some in "
                "TREADLE_LOCAL_FILES_ROOTS.",
            )

    def _is_inside(self, path: Path) -> bool:
        return any(path.is_relative_to(root) for root in self._roots)

    def _missing(self, key: str) -> NotFound:
        return NotFound("storage-item", f"{self._folder / key} is not there (any more). Sync the storage.")

    @contextmanager
    def _telling(self, doing: str, key: str) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise self._missing(key) from error
        except PermissionError as error:
            text = (
                f"The server may not {doing} {self._folder / key}. Give its user the right, or another path."
            )
            raise Invalid("storage-refused", text, fields={"path": [text]}) from error
        except OSError as error:
            text = f"To {doing} {self._folder / key} failed: {error.strerror}."
            raise _worst(error, text) from error


def _worst(error: OSError, text: str) -> TreadleError:
    if error.errno is not None and os.strerror(error.errno) == "File name too long":
        return Invalid("storage-key", text)
    return Unavailable("storage-unreachable", text)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    # A link to a folder may lead round; it is passed over.
    return entry.is_dir(follow_symlinks=False)


def _place_of(descriptor: int) -> Path:
    return Path(os.readlink(f"/proc/self/fd/{descriptor}"))


def _etag(found: os.stat_result) -> str:
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"


def _stretch(descriptor: int, start: int, end: int | None) -> Iterator[bytes]:
    try:
        os.lseek(descriptor, start, os.SEEK_SET)
    except BaseException:
        os.close(descriptor)
        raise
    return _chunks(descriptor, None if end is None else max(0, end - start))


def _chunks(descriptor: int, left: int | None) -> Iterator[bytes]:
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        while left is None or left > 0:
            chunk = file.read(_CHUNK_BYTES if left is None else min(_CHUNK_BYTES, left))
            if not chunk:
                return
            if left is not None:
                left -= len(chunk)
            yield chunk


def _write_whole(folder: int, name: str, content: bytes) -> None:
    part = f"{_PART}{random.token_hex(8)}"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(part, dir_fd=folder)
        raise


def _wrong(text: str) -> Invalid:
    return Invalid("storage-refused", text, fields={"path": [text]})
