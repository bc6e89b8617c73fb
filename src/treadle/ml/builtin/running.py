"""A built-in backend as a process of its own: what its starter has prepared, it takes over.

It is given the socket that listens already, the lock that says that it runs (held for as long as this process
is there, however it ends), and the tether of the server that it ends with.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import time
from pathlib import Path

from treadle.errors import TreadleError
from treadle.ml.serving.options import Options, credentials_of
from treadle.ml.serving.server import serve
from treadle.tether import end_at_close

HERE = Path(__file__).parent


def main() -> None:
    """Serve the built-in backend that the arguments name until nobody asks for it any more."""
    name, model_dir, turn, idle_s, log_level, *descriptors = sys.argv[1:]
    listening, lock, tether = map(int, descriptors)
    end_at_close(tether)
    _, token = credentials_of(os.environ, basic_auth="", token="")
    options = Options(
        model=HERE / name / "model.py",
        model_dir=Path(model_dir),
        token=token,
        idle_s=float(idle_s),
        log_level=log_level,
    )
    leaving = Leaving(Path(turn), lock, options.idle_s)
    try:
        serve(options, socket.socket(fileno=listening), may_leave=leaving.take)
    except TreadleError as error:
        sys.exit(error.message)


class Leaving:
    """Ends in nobody's way: who looks for this process takes the turn first, and touches the lock."""

    def __init__(self, turn: Path, lock: int, idle_s: float) -> None:
        self._turn = turn
        self._lock = lock
        self._idle_s = idle_s

    def take(self) -> bool:
        """Whether to leave now; the lock is let go, and the next one who asks starts another process."""
        with self._turn.open("ab") as turn:
            try:
                fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            if time.time() - os.fstat(self._lock).st_mtime < self._idle_s:
                return False
            os.close(self._lock)
            return True
