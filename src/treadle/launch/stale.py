"""A server of ours that holds a data folder and answers no more: it is ended, and nothing else ever is.

It is known by the folder's lock alone: by the process that left word in it and has it open. One that
answers /health with 200, one that is still starting and one on another machine are left in peace, and the
start refuses.
"""

from __future__ import annotations

import logging
import os
import signal
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from treadle.errors import Conflict
from treadle.launch.health import does_answer
from treadle.launch.lock import FILE_NAME, DataDirLock, Holder, held_by, read_holder, take_lock

logger = logging.getLogger(__name__)

#: The migrations of a large database take a while; one that takes longer is not starting any more.
_LONGEST_START = timedelta(minutes=15)


@dataclass(frozen=True)
class Patience:
    """How long each step may take, in seconds."""

    #: For a server that is ending by itself.
    lock_s: float = 5.0
    #: For one of another machine: a network file system keeps the locks of a pod that died for a while.
    elsewhere_s: float = 100.0
    #: For each of two answers; a busy server takes its time.
    answer_s: float = 15.0
    #: For one that was asked to end, and for one that was made to.
    end_s: float = 12.0


def take_over(data_dir: Path, patience: Patience | None = None) -> DataDirLock:
    """The lock on ``data_dir``, from a server of ours that no longer answers if need be.

    Raises as `take_lock`.
    """
    patience = patience or Patience()
    try:
        return take_lock(data_dir, patience.lock_s)
    except Conflict:
        holder = read_holder(data_dir)
        if holder is None:
            raise
    if holder.is_elsewhere:
        logger.warning("Waiting up to %d s for %s", patience.elsewhere_s, holder.describe())
        return take_lock(data_dir, patience.elsewhere_s)
    _check_is_stale(data_dir, holder, patience)
    return _end(data_dir, holder, patience)


def _check_is_stale(data_dir: Path, holder: Holder, patience: Patience) -> None:
    """Raises Conflict("data-dir-held") for a holder that is to be left in peace."""
    if not _has_open(holder.pid, data_dir / FILE_NAME):
        raise held_by(data_dir, holder)
    # Twice: its web process may have ended in the middle of the first answer, and come again.
    if any(does_answer(holder.host, holder.port, patience.answer_s) for _ in range(2)):
        raise held_by(
            data_dir, holder, "It answers, so it was left alone: use it, or stop it before you start another."
        )
    if not holder.has_answered and not _is_old(holder):
        raise held_by(data_dir, holder, "It is still starting: wait for it, or stop it.")


def _end(data_dir: Path, holder: Holder, patience: Patience) -> DataDirLock:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not _has_open(holder.pid, data_dir / FILE_NAME):
            break
        logger.warning("Ending %s, which holds %s and no longer answers", holder.describe(), data_dir)
        os.kill(holder.pid, number)
        try:
            return take_lock(data_dir, patience.end_s)
        except Conflict:
            continue
    return take_lock(data_dir, patience.lock_s)


def _has_open(pid: int, path: Path) -> bool:
    """Whether the process is our user's and has the file open: its number may have passed to another one."""
    try:
        wanted = path.stat()
        opened = [entry.stat() for entry in Path("/proc", str(pid), "fd").iterdir() if _is_file(entry)]
    except OSError:
        return False
    return any((each.st_dev, each.st_ino) == (wanted.st_dev, wanted.st_ino) for each in opened)


def _is_file(entry: Path) -> bool:
    try:
        return entry.is_file()
    except OSError:  # closed meanwhile
        return False


def _is_old(holder: Holder) -> bool:
    try:
        started_at = datetime.strptime(holder.started_at, "%Y-%m-%d %H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return False
    return datetime.now(timezone.utc) - started_at > _LONGEST_START
