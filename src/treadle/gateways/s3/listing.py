"""Pages of keys, in the order of their UTF-8 bytes, rolled up at a delimiter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from treadle.errors import NotFound
from treadle.gateways.s3.keys import MARKER_NAME, is_marker
from treadle.repos.values import File, Folder

#: Sorts behind every key that begins with what it is added to.
_LAST = "\U0010ffff"


class Files(Protocol):
    """What can be listed: a commit."""

    def list(self, prefix: str = "", after: str = "") -> Iterator[File | Folder]:
        """The files whose paths begin with ``prefix`` and sort behind ``after``."""

    def stat(self, path: str) -> File:
        """One file. Raises NotFound."""


@dataclass(frozen=True)
class Entry:
    """An object of a listing; ``file`` None: what begins with ``key`` up to the delimiter, rolled up."""

    key: str
    file: File | None


@dataclass(frozen=True)
class Page:
    """Entries in order; ``next_after``: what the page behind begins after, None when there is none."""

    entries: list[Entry]
    next_after: str | None


def list_page(files: Files | None, *, prefix: str, delimiter: str, after: str, limit: int) -> Page:
    """At most ``limit`` entries behind ``after``, a key or a rolled-up prefix; None has no files."""
    if files is None or limit == 0:
        return Page([], None)
    found = list(islice(_entries(files, prefix, delimiter, after), limit + 1))
    if len(found) <= limit:
        return Page(found, None)
    return Page(found[:limit], found[limit - 1].key)


def _entries(files: Files, prefix: str, delimiter: str, after: str) -> Iterator[Entry]:
    if not delimiter:
        yield from _walk(files, prefix, after)
        return
    position: str | None = after
    while position is not None:
        begin, position = position, None
        for entry in _walk(files, prefix, begin):
            at = entry.key.find(delimiter, len(prefix))
            if at < 0:
                yield entry
                continue
            rolled = entry.key[: at + len(delimiter)]
            if rolled != after:
                yield Entry(rolled, None)
            position = rolled + _LAST  # what is rolled up is leapt over, not read
            break


def _walk(files: Files, prefix: str, after: str) -> Iterator[Entry]:
    """Every key; a folder's marker stands first of what is in the folder, as its key does."""
    last = after
    for file in files.list(prefix, after):
        if not isinstance(file, File):
            continue
        for folder in _entered(last, file.path):
            marker = _find_marker(files, folder) if folder.startswith(prefix) else None
            if marker is not None:
                yield Entry(folder, marker)
        if not is_marker(file.path):
            yield Entry(file.path, file)
        last = file.path


def _entered(last: str, path: str) -> Iterator[str]:
    """The folders of ``path`` that ``last`` was not in."""
    at = path.find("/")
    while at >= 0:
        folder = path[: at + 1]
        if not last.startswith(folder):
            yield folder
        at = path.find("/", at + 1)


def _find_marker(files: Files, folder: str) -> File | None:
    try:
        return files.stat(folder + MARKER_NAME)
    except NotFound:
        return None
