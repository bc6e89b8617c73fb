"""The log: a sentence for a person, then fields for a machine."""

from __future__ import annotations

import logging
import sys
import time

from treadle.settings import Settings

# What a record has of its own; whatever else it carries was given as a field.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class LineFormatter(logging.Formatter):
    """One line a record, an exception's lines after it."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        fields = "".join(
            f" {name}={value}" for name, value in sorted(vars(record).items()) if name not in _OWN
        )
        line = f"{at} {record.levelname.lower():7} {self._part:6} {record.getMessage()}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def start_logging(settings: Settings, part: str) -> None:
    """Send the log of this process, which is the ``part`` of the server, to the standard error stream."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(part))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for noisy in ("uvicorn", "dbos", "httpx", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
