"""What a killed server leaves in its data folder, and the next one clears away."""

from __future__ import annotations

import shutil
from pathlib import Path

#: Uploads that were on their way, and objects that were not whole yet.
_FOLDERS = ("tmp", "objects/.partial")


def clear_leftovers(data_dir: Path) -> None:
    """Remove what nobody will finish; to be called while no part of a server runs on the folder."""
    for name in _FOLDERS:
        shutil.rmtree(data_dir / name, ignore_errors=True)
