"""The lock on a data folder."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from treadle.errors import Conflict, Unavailable

FILE_NAME = "treadle.lock"
_TRY_EVERY_S = 0.05


@dataclass(frozen=True)
class Holder:
    """Who holds a data folder; ``started_at`` is an ISO 8601 time in UTC."""

    pid: int
    host: str
    port: int
    started_at: str
    #: The name of its machine or pod: a folder can be shared. "" was written by an older Treadle.
    machine: str = ""
    #: It has answered since it started.
    has_answered: bool = False

    @property
    def is_elsewhere(self) -> bool:
        """Whether it runs on another machine than this process does."""
        return bool(self.machine) and self.machine != socket.gethostname()

    def describe(self) -> str:
        """The process, for a person."""
        where = f" on {self.machine}" if self.is_elsewhere else ""
        return (
            f"process {self.pid}{where} (treadle serve at {self.host}:{self.port}, since {self.started_at})"
        )


class DataDirLock:
    """A held lock. It is let go when no process has the descriptor any more: also ours that we started."""

    def __init__(self, descriptor: int, data_dir: Path) -> None:
        self.descriptor = descriptor
        self._data_dir = data_dir

    def write(self, holder: Holder) -> None:
        """Leave word of who holds it. Raises Unavailable("data-dir-unusable")."""
        content = json.dumps(asdict(holder)).encode()
        try:
            os.ftruncate(self.descriptor, 0)
            os.pwrite(self.descriptor, content, 0)
        except OSError as error:
            raise unusable(self._data_dir, error) from error

    def release(self) -> None:
        """Let go of it."""
        os.close(self.descriptor)


def take_lock(data_dir: Path, timeout_s: float) -> DataDirLock:
    """The lock on ``data_dir``, which is made where it is missing, for its owner alone.

    Raises Conflict("data-dir-held") naming the holder when it is not free within ``timeout_s`` seconds,
    Unavailable("data-dir-unusable").
    """
    path = data_dir / FILE_NAME
    try:
        _make_private(data_dir)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unusable(data_dir, error) from error
    try:
        is_ours = try_until(lambda: _try_lock(descriptor), timeout_s)
    except OSError as error:
        os.close(descriptor)
        raise unusable(data_dir, error) from error
    if not is_ours:
        os.close(descriptor)
        raise held_by(data_dir, read_holder(data_dir))
    return DataDirLock(descriptor, data_dir)


def _make_private(data_dir: Path) -> None:
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A volume that a group was let into belongs to somebody else: only its owner may change its mode.
    if data_dir.stat().st_uid != os.geteuid():
        return
    # A folder that holds other things, such as /tmp or a home, keeps the mode that they need.
    if (data_dir / FILE_NAME).exists() or not any(data_dir.iterdir()):
        data_dir.chmod(0o700)


def try_until(attempt: Callable[[], bool], timeout_s: float) -> bool:
    """Whether ``attempt`` succeeded, tried again and again for ``timeout_s`` seconds."""
    deadline_s = time.monotonic() + timeout_s
    while not attempt():
        if time.monotonic() >= deadline_s:
            return False
        time.sleep(_TRY_EVERY_S)
    return True


def unusable(data_dir: Path, error: OSError) -> Unavailable:
    """What to say when the data folder cannot be written to."""
    remedies = {
        errno.ENOSPC: "The disk is full: make room, or give --data-dir a folder on another one.",
        errno.EDQUOT: "Your quota is used up: make room, or give --data-dir another folder.",
        errno.EROFS: "It lies on a read-only file system: give --data-dir another folder.",
        errno.EACCES: "You may not write there: give --data-dir another folder.",
        errno.EPERM: "It belongs to somebody else: give --data-dir another folder.",
        errno.EEXIST: "That is a file: give --data-dir a folder.",
        errno.ENOLCK: "Files there cannot be locked: mount it with locks, or give --data-dir another folder.",
        errno.ENOTSUP: "Files there cannot be locked: give --data-dir a folder on another file system.",
        errno.ENOTDIR: "A part of that path is a file: give --data-dir a folder.",
    }
    remedy = remedies.get(error.errno or 0, "Give --data-dir another folder.")
    return Unavailable(
        "data-dir-unusable", f"The data folder {data_dir} cannot be used ({error.strerror}). {remedy}"
    )


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def held_by(data_dir: Path, holder: Holder | None, remedy: str = "") -> Conflict:
    """What to say when somebody else holds the folder.  remedy: where there is a better one."""
    remedy = remedy or "Stop that one, or give --data-dir another folder."
    return Conflict("data-dir-held", f"The data folder {data_dir} is held by {_describe(holder)}. {remedy}")


def read_holder(data_dir: Path) -> Holder | None:
    """Who left word of holding the folder; None where nobody did."""
    try:
        return Holder(**json.loads((data_dir / FILE_NAME).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _describe(holder: Holder | None) -> str:
    if holder is None:
        return "another process"
    is_there = holder.is_elsewhere or Path("/proc", str(holder.pid)).exists()
    return holder.describe() if is_there else f"what is left of {holder.describe()}"
