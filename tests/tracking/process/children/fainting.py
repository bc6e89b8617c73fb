"""The tracking process, which the first time dies of the first request that it reads."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from treadle.tracking.child import __main__ as child


def faint_once(listening: int) -> None:
    """Read a request and end; the second time do nothing."""
    with socket.socket(fileno=listening) as door:
        mark = Path(os.environ["FAINTED"])
        if mark.exists():
            door.detach()
            return
        mark.touch()
        door.accept()[0].recv(4096)
        sys.exit("warning: fainting")


if __name__ == "__main__":
    faint_once(int(sys.argv[1]))
    child.main()
