"""A started tracking process: how it is begun, heard and ended."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import IO

from sqlalchemy.engine import make_url

from treadle.settings import Settings, environment_of

logger = logging.getLogger("treadle.tracking")

#: What the server was told is handed over through a pipe: an environment can be read by others, and is
#: inherited. What MLflow would read of it stands for another server, or is set by the child itself.
_NOT_INHERITED = ("TREADLE_", "MLFLOW_", "_MLFLOW_", "DATABRICKS_", "OTEL_", "FLASK_", "UVICORN_")
_LIMITS = {
    "PYTHONSAFEPATH": "1",
    # It adds a few numbers: threads for matrices would cost their stacks, and arenas their slack.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
_LINE_BYTES = 64 * 1024
_SHOWN_CHARACTERS = 300
_LEVELS = {name.lower(): getattr(logging, name) for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")}


class Running:
    """One process; ``on_end`` is called with it from another thread when it has ended.

    key: by which the door signs whom it lets in.
    """

    def __init__(
        self,
        module: str,
        listening: int,
        settings: Settings,
        on_end: Callable[[Running], None],
        *,
        key: bytes,
    ) -> None:
        self._secret = _password(settings)
        self._on_end = on_end
        self._last_line = ""
        #: Whether it has answered anything yet.
        self.has_answered = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, str(listening)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[listening],
            env=child_environment(os.environ),
            start_new_session=True,
        )
        self._tell(settings, key)
        for target in (self._hear, self._watch):
            threading.Thread(target=target, name="tracking", daemon=True).start()

    def _tell(self, settings: Settings, key: bytes) -> None:
        # The pipe stays open: its end is the parent's.
        assert self._process.stdin is not None
        told = json.dumps({"settings": environment_of(settings), "key": key.hex()}).encode() + b"\n"
        try:
            self._process.stdin.write(told)
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # it has ended already, which is heard of

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.returncode

    @property
    def last_words(self) -> str:
        """The last line that it wrote."""
        return self._last_line[:_SHOWN_CHARACTERS]

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it."""
        self._process.kill()

    def wait(self, timeout_s: float) -> None:
        """Wait for its end, and insist where that takes longer."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _watch(self) -> None:
        self._process.wait()
        self._on_end(self)

    def _hear(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            self._log_lines(stream)

    def _log_lines(self, stream: IO[bytes]) -> None:
        level = logging.INFO
        while line := stream.readline(_LINE_BYTES):
            text = self._without_secret(line.decode(errors="replace").rstrip())
            word, colon, rest = text.partition(":")
            if colon and word in _LEVELS:
                level, text = _LEVELS[word], rest.strip()
            self._last_line = text or self._last_line
            logger.log(level, "%s", text)

    def _without_secret(self, line: str) -> str:
        return line.replace(self._secret, "***") if self._secret else line


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the tracking process: without what the server was told, and without MLflow's."""
    kept = {name: value for name, value in environment.items() if not name.startswith(_NOT_INHERITED)}
    return {**kept, **_LIMITS}


def _password(settings: Settings) -> str:
    if not settings.database_url:
        return ""
    return str(make_url(settings.database_url).password or "")
