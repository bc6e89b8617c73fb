"""What commands print: lines for people, or JSON for programs; progress on the error output."""

from __future__ import annotations

import sys
import time
from typing import Any

import msgspec

from treadle.client.values import Commit

_EVERY_S = 0.1
_BAR = 24
_UNITS = ("B", "KB", "MB", "GB", "TB")


class Printer:
    """Prints values, one a line."""

    def __init__(self, is_json: bool) -> None:
        self.is_json = is_json

    def tell(self, text: str, value: Any) -> None:
        """``text`` for a person, ``value`` for a program."""
        line = msgspec.json.encode(value).decode() if self.is_json else text
        sys.stdout.write(f"{line}\n")

    def remark(self, text: str) -> None:
        """What only a person wants to know, beside the output."""
        if not self.is_json:
            print(text, file=sys.stderr)


class ProgressBar:
    """Files and bytes on their way, drawn over and over in one line while somebody watches."""

    def __init__(self, title: str, *, size_bytes: int = 0) -> None:
        """size_bytes: how many there will be; 0 while nobody knows."""
        self._title = title
        self._size_bytes = size_bytes
        self._done_files, self._done_bytes = 0, 0
        self._is_watched = sys.stderr.isatty()
        self._due_s = 0.0

    def add(self, files: int, size_bytes: int) -> None:
        """Another few files, another few bytes."""
        self._done_files += files
        self._done_bytes += size_bytes
        if self._is_watched and time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + _EVERY_S
            self._draw()

    def show(self, done: int, total: int, message: str) -> None:
        """So much of so much, as a job tells it."""
        if self._is_watched:
            share = f"{_bar(done / total)} {done:,} of {total:,}" if total else f"{done:,}"
            sys.stderr.write(f"\r\x1b[K{self._title}  {share}  {message}")
            sys.stderr.flush()

    def end(self) -> None:
        """Leave the line empty."""
        if self._is_watched:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _draw(self) -> None:
        told = f"{self._done_files:,} files, {shown_size(self._done_bytes)}"
        if self._size_bytes:
            share = min(1.0, self._done_bytes / self._size_bytes)
            told = f"{_bar(share)} {share:4.0%}  {told}"
        sys.stderr.write(f"\r\x1b[K{self._title}  {told}")
        sys.stderr.flush()


def shown_size(size_bytes: float) -> str:
    """``1.4 MB``."""
    for unit in _UNITS[:-1]:
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} {_UNITS[-1]}"


def _bar(share: float) -> str:
    filled = round(share * _BAR)
    return f"[{'#' * filled}{'.' * (_BAR - filled)}]"


def shown_commit(commit: Commit) -> str:
    """A commit as one line."""
    when = (commit.finished_at or commit.created_at).strftime("%Y-%m-%d %H:%M")
    who = commit.author.email if commit.author else "somebody"
    tags = "".join(f" [{name}]" for name in commit.tags)
    title = commit.message.partition("\n")[0] or "(without a message)"
    return f"{commit.id}  {when}  {who}  {title}{tags}"
