"""The log: a sentence for a person with fields for a machine, or an object a line; never a secret."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import msgspec

from treadle.asking import current_request_id
from treadle.errors import Invalid
from treadle.settings import Settings

# What a record has of its own; whatever else it carries was given as a field.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_PLAIN = (bool, int, float, type(None))
_ID = "request_id"

#: What stands behind these words is a secret, whoever wrote it: a library, a driver, an address.
_SECRETS = (
    (re.compile(r"(?<=://)([^:@/\s]*):[^@/\s]+@"), r"\1:***@"),
    (re.compile(r"(?i)\b(bearer|token|basic)(\s+|:\s*)(?=[\w.~+/=-]*\d)[\w.~+/=-]{12,}"), r"\1\2***"),
    (
        re.compile(
            # Nothing before the words repeats: a long line of dashes would take the square of its length.
            r"(?i)((?:token|password|secret|(?<![a-z])(?:(?:api|access|secret)[_-]key|refresh|signature|"
            r"credential|sig))[\"']?\s*[=:]\s*[\"']?)(?!\*\*\*)[^&\s\"',}]{6,}"
        ),
        r"\1***",
    ),
    # PostgreSQL repeats the whole row that it refuses, which is what somebody wrote.
    (
        re.compile(r"(?ms)^(DETAIL|CONTEXT):  .*?(?=^\[SQL: |^The above exception |^During handling |\Z)"),
        r"\1:  ***\n",
    ),
)


def without_secrets(line: str) -> str:
    """The line, with what looks like a credential in it as ``***``."""
    for pattern, instead in _SECRETS:
        line = pattern.sub(instead, line)
    return line


class LineFormatter(logging.Formatter):
    """One line a record, an exception's lines after it."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        fields = "".join(f" {name}={value}" for name, value in sorted(_fields(record).items()))
        line = f"{at} {record.levelname.lower():7} {self._part:6} {record.getMessage()}{fields}"
        return without_secrets(
            f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line
        )


class JsonFormatter(logging.Formatter):
    """One JSON object a line, an exception in its ``error``."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": self._part,
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
        }
        for name, value in _fields(record).items():
            # A Secret is a text for msgspec, which would write it as it is.
            told.setdefault(name, value if isinstance(value, _PLAIN) else without_secrets(f"{value}"))
        if record.exc_info:
            told["exception"] = without_secrets(self.formatException(record.exc_info))
        return msgspec.json.encode(told).decode()


FORMATTERS = {"text": LineFormatter, "json": JsonFormatter}


def start_logging(settings: Settings, part: str) -> None:
    """Send the log of this process, which is the ``part`` of the server, to the standard error stream.

    Raises Invalid("setting").
    """
    formatter = FORMATTERS.get(settings.log_format)
    if formatter is None:
        raise Invalid(
            "setting", f"TREADLE_LOG_FORMAT is {settings.log_format!r}; give {' or '.join(FORMATTERS)}."
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(part))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for noisy in ("uvicorn", "dbos", "httpx", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    given = {name: value for name, value in vars(record).items() if name not in _OWN}
    request_id = current_request_id()
    return given if _ID in given or not request_id else {**given, _ID: request_id}
