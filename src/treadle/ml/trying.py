"""A model served for a moment, on a port of its own: for tests of a backend, and for ``treadle ml check``."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from treadle.errors import Unavailable

_START_S = 120.0
_END_S = 10.0
_LOOK_EVERY_S = 0.02


@contextmanager
def backend(
    model: Path,
    model_dir: Path,
    *options: str,
    environment: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """The address of a server of ``model`` that is ready; it ends with the block.

    options: further ones of ``treadle ml serve``. Raises Unavailable("backend-not-ready") with what it said.
    """
    port = free_port()
    command = ["ml", "serve", str(model), "--port", str(port), "--model-dir", str(model_dir), *options]
    with serving(command, environment or {}) as process:
        _wait_until_ready(process, port)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def serving(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command of treadle that runs during the block."""
    code = "import sys; from treadle.cli import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *command], env={**os.environ, **environment}, stdout=sys.stderr
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
        return port


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    end_s = time.monotonic() + _START_S
    while time.monotonic() < end_s:
        if process.poll() is not None:
            text = f"The server of the model ended with status {process.returncode}; its log says why."
            raise Unavailable("backend-not-ready", text)
        if _is_ready(port):
            return
        time.sleep(_LOOK_EVERY_S)
    raise Unavailable("backend-not-ready", f"The model was not ready after {_START_S:.0f} s.")


def _is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=_END_S)
    try:
        connection.request("GET", "/ready")
        # A server that wants credentials is ready to ask for them.
        return connection.getresponse().status in (200, 401)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
