"""On which kind of file system a file of this machine lies."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

#: By device, so that the mounts are read once for thousands of files.
_KINDS: dict[int, str] = {}
_ESCAPED = re.compile(r"\\([0-7]{3})")


def kind_of_file(descriptor: int, device: int) -> str:
    """The kind, such as "ext4", of the file system of an open file; "" where that cannot be told.

    device: that of the file, for which it is asked once.
    """
    if device not in _KINDS:
        try:
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
        except OSError:
            return ""
        _KINDS[device] = kind_at(path, lines)
    return _KINDS[device]


def kind_at(path: str, mounts: Iterable[str]) -> str:
    """The kind of the file system that holds a path without links, by lines of mountinfo; "" for none."""
    kind, longest = "", -1
    for line in mounts:
        mounted, _, mount = line.partition(" - ")
        place = _ESCAPED.sub(lambda code: chr(int(code[1], 8)), mounted.split(" ")[4])
        is_above = path == place or path.startswith(f"{place.rstrip('/')}/")
        if is_above and len(place) >= longest:  # of two in one place the later covers the other
            kind, longest = mount.split(" ")[0], len(place)
    return kind
