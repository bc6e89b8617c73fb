"""What is measured lives in: a data folder with an owner and an empty repo."""

from __future__ import annotations

from pathlib import Path

from treadle.access import Actor

REPO = "bench"
OWNER = Actor(1, "bench@example.com", True)


def database_url(folder: Path) -> str:
    """Where the database of a data folder lies."""
    return f"sqlite:///{folder / 'treadle.sqlite3'}"
