"""Whether a worker runs, as other processes see it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from sqlalchemy import bindparam, text

from treadle.db import Tx
from treadle.jobs.doorbell import SLOT_LOCKS
from treadle.settings import Settings

#: Below what a server clears away at its start.
_FILE = Path("tmp", "worker-alive")
#: It writes every five seconds; a step of a job does not hold it up.
_SILENCE_S = 30.0
_HELD = text(
    "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
    "WHERE l.locktype = 'advisory' AND l.classid = :key AND d.datname = current_database()"
).bindparams(bindparam("key", SLOT_LOCKS))


def note_alive(data_dir: Path) -> None:
    """The worker of this folder goes its rounds."""
    path = data_dir / _FILE
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch()
    except OSError:  # a full disk, which those who write say louder
        return


def is_worker_alive(tx: Tx, settings: Settings) -> bool:
    """Whether any worker takes jobs of this database."""
    if tx.dialect == "postgresql":
        return bool(tx.execute(_HELD).scalar())
    try:
        return time.time() - os.stat(settings.data_dir / _FILE).st_mtime < _SILENCE_S
    except OSError:
        return False
