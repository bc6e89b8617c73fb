"""``python -m treadle.tracking.child SOCKET``: tied to its parent before anything slow is imported."""

from __future__ import annotations

import gc
import json
import os
import sys
from importlib import import_module

from treadle.settings import Settings, load_settings
from treadle.tether import end_with_parent

_STANDARD_INPUT = 0
_PIECE_BYTES = 64 * 1024


def main() -> None:
    """Answer on the socket that the parent opened, with what it writes to our standard input."""
    listening = int(sys.argv[1])
    settings, key = _read_told()
    end_with_parent(_STANDARD_INPUT)
    os.umask(0o077)
    # The collector would walk what the imports make, which stays for good.
    gc.disable()
    serving = import_module("treadle.tracking.child.serving")
    gc.freeze()
    gc.enable()
    serving.serve(listening, settings, key)


def _read_told() -> tuple[Settings, bytes]:
    """The settings, and the key by which the door signs whom it lets in."""
    told = b""
    while not told.endswith(b"\n"):
        piece = os.read(_STANDARD_INPUT, _PIECE_BYTES)
        if not piece:  # the parent has ended meanwhile
            raise SystemExit(1)
        told += piece
    read = json.loads(told)
    return load_settings(read["settings"], {}), bytes.fromhex(read["key"])


if __name__ == "__main__":
    main()
