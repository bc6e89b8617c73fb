"""Where files of exports lie among the objects."""

from __future__ import annotations


def report_key(key: str) -> str:
    """Where the loss report of the file under ``key`` lies, if it lost anything."""
    return f"{key}.losses"
