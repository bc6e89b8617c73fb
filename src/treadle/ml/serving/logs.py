"""The log of a model server: a line a record on the error output, with the time and the part."""

from __future__ import annotations

import logging
import sys
import time


class _LineFormatter(logging.Formatter):
    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        line = f"{at} {record.levelname.lower():7} {self._part:6} {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def start_logging(level: str, part: str) -> None:
    """Send the log of this process to the error output, the author's own lines with it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LineFormatter(part))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("PIL", "urllib3", "matplotlib"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
