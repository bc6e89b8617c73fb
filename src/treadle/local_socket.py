"""The Unix socket in a data folder, by which commands on the same machine reach the server that holds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE_NAME = "treadle.sock"
#: What every system takes as the address of a Unix socket; Linux takes 107.
_LONGEST_BYTES = 103


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """An address of the socket at ``path`` that is short enough to bind and to connect to, inside the block.

    Raises OSError where the folder is missing, or too long on a system without /proc.
    """
    if len(os.fsencode(path)) <= _LONGEST_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
