"""Versions of models on disk: immutable folders, and one file that names the version now serving.

::

    MODEL_DIR/PROJECT/versions/NAME/…           the files, and version.json, written last
    MODEL_DIR/PROJECT/current                   the name of the version that serves

Promises: a folder appears under its name when all of it is on disk, and never changes; ``current`` is
replaced as a whole. Whatever is killed at whatever moment, and however full the disk, the version that served
serves on. Every process and every replica on one folder reads the same name.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from treadle.errors import Conflict, Invalid, NotFound, telling_a_full_disk
from treadle.ml.calling import StoredVersion
from treadle.version_tars import ABOUT_VERSION

#: The version of a model that was never trained.
UNTRAINED = "untrained"
#: In each version's folder, what is known of it.
_POINTER = "current"
_PLAIN_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,79}")
_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
_PIECE_BYTES = 1024 * 1024


class FileOfVersion(msgspec.Struct, frozen=True):
    """A file of a version; ``sha256`` in hexadecimal."""

    path: str
    size_bytes: int
    sha256: str


class AboutVersion(msgspec.Struct, frozen=True):
    """What is known of a version, as it lies in ``version.json``."""

    name: str
    project: str
    created_at: datetime
    #: The training that it came of, and the version that this began with; "" for none.
    job: str
    parent: str
    label_config: str
    metrics: dict[str, float]
    outcome: dict[str, object]
    files: list[FileOfVersion]


def folder_name(key: str) -> str:
    """The folder of a project within the model folder; ``key`` as the wire has it."""
    if _PLAIN_KEY.fullmatch(key):
        return key
    return f"_{hashlib.sha256(key.encode()).hexdigest()[:24]}" if key else "_"


def fsync_folder(folder: Path) -> None:
    """Let what was renamed in a folder outlive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes, *, is_durable: bool) -> None:
    """Replace a file as a whole, for its owner alone to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if is_durable:
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    if is_durable:
        fsync_folder(path.parent)


class Versions:
    """The versions of one project."""

    def __init__(self, model_dir: Path, key: str) -> None:
        self.key = key
        self.folder = model_dir / folder_name(key)
        self._kept = self.folder / "versions"
        self._pointer = self.folder / _POINTER
        self._seen: tuple[int, int, str] = (0, 0, "")

    def current(self) -> str:
        """The name of the version that serves; "" while none does. Costs one look at a file's head."""
        try:
            found = self._pointer.stat()
        except OSError:
            return ""
        if self._seen[:2] != (found.st_mtime_ns, found.st_ino):
            try:
                name = self._pointer.read_text("ascii").strip()
            except (OSError, UnicodeDecodeError):
                name = ""
            self._seen = (found.st_mtime_ns, found.st_ino, name if _NAME.fullmatch(name) else "")
        return self._seen[2]

    def promote(self, name: str) -> None:
        """Let a version serve, here and in every replica; UNTRAINED: the model as it was before any.

        Raises NotFound("version-not-found"), Conflict("version-broken"), Unavailable("disk-full").
        """
        if name != UNTRAINED:
            self.read(name)
        with telling_a_full_disk("the name of the version that serves"):
            replace_file(self._pointer, f"{'' if name == UNTRAINED else name}\n".encode(), is_durable=True)

    def names(self) -> list[str]:
        """All versions, the oldest first."""
        try:
            return sorted(entry.name for entry in self._kept.iterdir() if _NAME.fullmatch(entry.name))
        except OSError:
            return []

    def about(self, name: str) -> AboutVersion:
        """What is known of a version. Raises NotFound("version-not-found"), Conflict("version-broken")."""
        if not _NAME.fullmatch(name):
            raise self._missing(name)
        try:
            return msgspec.json.decode((self._kept / name / ABOUT_VERSION).read_bytes(), type=AboutVersion)
        except FileNotFoundError as error:
            raise self._missing(name) from error
        except (OSError, msgspec.DecodeError) as error:
            raise self._broken(name, f"{ABOUT_VERSION}: {error}") from error

    def read(self, name: str) -> StoredVersion:
        """A version to be loaded; its files are there, and as long as they were.

        Raises NotFound("version-not-found"), Conflict("version-broken").
        """
        about = self.about(name)
        folder = self._kept / name
        for file in about.files:
            try:
                size_bytes = (folder / file.path).stat().st_size
            except OSError as error:
                raise self._broken(name, f"{file.path} is gone") from error
            if size_bytes != file.size_bytes:
                raise self._broken(name, f"{file.path} has {size_bytes} bytes, not {file.size_bytes}")
        return StoredVersion(name, folder.resolve(), about.outcome)

    def publish(
        self,
        folder: Path,
        outcome: dict[str, object],
        *,
        job: str,
        label_config: str,
        metrics: dict[str, float],
    ) -> str:
        """Make a version of all that lies in ``folder``, which is moved; its name. It does not serve yet.

        Raises Invalid("outcome-not-json"), Unavailable("disk-full").
        """
        name = _new_name()
        with telling_a_full_disk(f"version {name} of the model"):
            self._kept.mkdir(parents=True, exist_ok=True)
            about = AboutVersion(
                name,
                self.key,
                datetime.now(timezone.utc),
                job,
                self.current(),
                label_config,
                metrics,
                outcome,
                [_fixed(folder, path) for path in _files_below(folder)],
            )
            try:
                content = msgspec.json.encode(about)
            except (TypeError, ValueError, RecursionError) as error:
                text = f"What fit returned cannot be kept as JSON ({error}). Return texts, numbers and paths."
                raise Invalid("outcome-not-json", text) from error
            for below in (path for path in folder.rglob("*") if path.is_dir()):
                fsync_folder(below)
            replace_file(folder / ABOUT_VERSION, content, is_durable=True)
            folder.rename(self._kept / name)
            fsync_folder(self._kept)
        return name

    def copy(self, name: str, target: Versions) -> None:
        """Give another project a version of this one. Raises as `read`, and Unavailable("disk-full")."""
        self.read(name)
        partial = target._kept / f".{name}.{secrets.token_hex(4)}"
        with telling_a_full_disk(f"the copy of version {name}"):
            if (target._kept / name).exists():
                return
            try:
                shutil.copytree(self._kept / name, partial)
                partial.rename(target._kept / name)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
            fsync_folder(target._kept)

    def place(self, name: str) -> Path:
        """The folder of a version, which may not be there. Raises NotFound("version-not-found")."""
        if not _NAME.fullmatch(name):
            raise self._missing(name)
        return self._kept / name

    def partial(self, name: str) -> Path:
        """A folder beside it for what is to become it; nothing is there yet. Raises as `place`."""
        return self.place(name).with_name(f".{name}.{secrets.token_hex(4)}")

    def take_in(self, name: str, folder: Path) -> None:
        """Let a whole folder be the version, which is moved; over one that is broken. Raises as `place`."""
        place = self.place(name)
        for below in folder.rglob("*"):
            fsync_folder(below)  # of files it is the same call
        fsync_folder(folder)
        with suppress(FileNotFoundError):
            broken = self.partial(name)
            place.rename(broken)
            shutil.rmtree(broken, ignore_errors=True)
        folder.rename(place)
        fsync_folder(self._kept)

    def prune(self, keep: int, pinned: str = "") -> list[str]:
        """Remove all but the ``keep`` newest, the one that serves and the pinned one; those that went."""
        names = self.names()
        serving = self.current()
        gone = [name for name in names[: max(0, len(names) - keep)] if name not in (serving, pinned)]
        for name in gone:
            # Renamed first: a folder under its name is whole.
            hidden = self._kept / f".{name}.removed"
            with suppress(OSError):
                (self._kept / name).rename(hidden)
            shutil.rmtree(hidden, ignore_errors=True)
        return gone

    def _missing(self, name: str) -> NotFound:
        known = ", ".join(self.names()[-3:]) or "none"
        text = f"The model of project {self.key or '(unnamed)'} has no version {name!r}; the newest: {known}."
        return NotFound("version-not-found", text)

    def _broken(self, name: str, why: str) -> Conflict:
        text = (
            f"Version {name} of project {self.key or '(unnamed)'} is not whole ({why}). Promote another one."
        )
        return Conflict("version-broken", text)


def _new_name() -> str:
    return f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def _files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _fixed(folder: Path, path: Path) -> FileOfVersion:
    """A file that outlives a loss of power from now on, as it is written down."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
        os.fsync(file.fileno())
    return FileOfVersion(str(path.relative_to(folder)), path.stat().st_size, digest.hexdigest())
