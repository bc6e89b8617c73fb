"""Serves the application on the socket that the parent opened."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import tempfile

import uvicorn

from treadle.settings import Settings
from treadle.tracking.child.app import TrackingApplication

_DRAIN_S = 2
#: The parent lets connections go; one that was closed here just before it is used would cost an answer.
_KEPT_S = 24 * 3600


def serve(listening: int, settings: Settings, key: bytes) -> None:
    """Answer until a signal ends it. key: by which the door signs whom it lets in."""
    _start_logging(settings)
    _keep_temporary_files(settings)
    application = TrackingApplication(settings, key)
    config = uvicorn.Config(
        application,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEPT_S,
        timeout_graceful_shutdown=_DRAIN_S,
    )
    # The signal that ends the server is raised again after it, and there is something left to do then.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    try:
        uvicorn.Server(config).run(sockets=[socket.socket(fileno=listening)])
    finally:
        application.close()


def _start_logging(settings: Settings) -> None:
    """Lines that begin with their level, so that the parent writes them into the server's log."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LineFormatter())
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    # What libraries say to their authors, and alembic of its parts, is nobody's concern here.
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)
    for noisy in ("uvicorn", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _LineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = f"{record.levelname.lower()}: {record.name}: {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _keep_temporary_files(settings: Settings) -> None:
    folder = settings.data_dir.resolve() / "tmp"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    tempfile.tempdir = str(folder)
