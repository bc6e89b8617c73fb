"""Where the tests find a Chromium."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

_SCRIPT = Path(__file__).parent.parent / "scripts" / "find_chromium.py"


@cache
def find_chromium() -> Path:
    """The executable of a Chromium that runs without a display.

    Raises RuntimeError with what to do when there is none.
    """
    found = subprocess.run([sys.executable, str(_SCRIPT)], capture_output=True, text=True, check=False)
    if found.returncode:
        raise RuntimeError(found.stderr.strip())
    return Path(found.stdout.strip())
