"""Which keys of a place a storage selects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

import re2

from treadle.connectors.places import SOURCE, Field
from treadle.errors import Invalid

#: Of every source that lies in files or objects.
SOURCE_FIELDS = (
    Field(
        "regex_filter",
        "File Filter Regex",
        help="Only what matches from its beginning is taken, such as .*jpe?g",
        directions=SOURCE,
    ),
    Field(
        "use_blob_urls",
        "Import method",
        type="select",
        default=False,
        choices=(
            (True, "Files: each file is a task"),
            (False, "Tasks: JSON and JSONL files hold tasks, other files are tasks themselves"),
        ),
        directions=SOURCE,
    ),
)
RECURSIVE = Field("recursive_scan", "Scan all sub-folders", type="toggle", default=False, directions=SOURCE)

_KEY_BYTES = 1024

Selects = Callable[[str], bool]

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # it would write to the server's standard error


def selector(pattern: str) -> Selects:
    """Whether a key matches the pattern from its beginning; any does where there is none.

    Raises Invalid("storage-options").
    """
    if not pattern:
        return lambda _key: True
    try:
        compiled = re2.compile(f"(?:{pattern})".encode(), _OPTIONS)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        text = f"{pattern!r} is no pattern: {reason}."
        raise Invalid("storage-options", text, fields={"regex_filter": [text]}) from error
    return lambda key: compiled.match(key.encode()) is not None


def name_of(key: str) -> str:
    """The last part of a key."""
    return PurePosixPath(key).name


def check_key(key: str) -> str:
    """The key itself. Raises Invalid("storage-key") for one that could lead out of the place."""
    parts = key.split("/")
    is_plain = all(part not in ("", ".", "..") for part in parts) and key.isprintable()
    if not is_plain or len(key.encode()) > _KEY_BYTES:
        raise Invalid("storage-key", f"{key[:80]!r} is no key: names joined by '/', at most 1,024 bytes.")
    return key


def below(prefix: str, name: str) -> str:
    """The key of ``name`` below a prefix. Raises Invalid("storage-key")."""
    name = check_key(name.removeprefix("/"))
    return f"{prefix}/{name}" if prefix else name


def read_prefix(text: str) -> str:
    """A prefix without slashes around it. Raises Invalid("storage-options")."""
    prefix = text.strip("/")
    try:
        return check_key(prefix) if prefix else ""
    except Invalid as error:
        told = f"{text!r} is no prefix: use plain names joined by '/'."
        raise Invalid("storage-options", told, fields={"prefix": [told]}) from error
