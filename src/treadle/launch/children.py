"""A part of the server as a child process that is started again when it dies."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from treadle.settings import Settings, environment_of

logger = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_STEADY_S = 30.0


@dataclass
class Child:
    """One part, by its name in `treadle.launch.part`; it is told of the ``descriptors``, the tether first.

    ``kept`` are inherited too, without being told of.
    """

    name: str
    descriptors: Sequence[int]
    kept: Sequence[int]
    settings: Settings
    process: subprocess.Popen[bytes] | None = None
    #: When to start it again; None while it runs or is not wanted.
    start_at_s: float | None = None
    _started_at_s: float = field(default=0.0, init=False)
    _failures: int = field(default=0, init=False)

    def start(self) -> None:
        """Start it, in a session of its own: Ctrl-C is for the parent, which tells its children."""
        self.start_at_s = None
        self._started_at_s = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "treadle.launch.part", self.name, *map(str, self.descriptors)],
            stdin=subprocess.DEVNULL,
            pass_fds=[*self.descriptors, *self.kept],
            env={**os.environ, **environment_of(self.settings), "PYTHONSAFEPATH": "1"},
            start_new_session=True,
        )

    def collect(self) -> int | None:
        """The exit status, once, when it has ended; None otherwise."""
        if self.process is None or self.process.poll() is None:
            return None
        status, self.process = self.process.returncode, None
        return status

    def plan_restart(self) -> float:
        """Start it again: the pause in seconds, none after a first death, doubling while it keeps dying."""
        now_s = time.monotonic()
        self._failures = 0 if now_s - self._started_at_s > _STEADY_S else self._failures
        pause_s: float = min(_FIRST_PAUSE_S * 2**self._failures, _LONGEST_PAUSE_S) if self._failures else 0.0
        self._failures += 1
        self.start_at_s = now_s + pause_s
        return pause_s

    def signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.process is not None:
            self.process.send_signal(number)
