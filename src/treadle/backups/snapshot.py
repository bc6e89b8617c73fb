"""The database of one moment, as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Snapshot:
    """What a backup keeps of the database, and what that moment's rows say of the objects."""

    files: Sequence[Path]
    taken_at: datetime
    schema: int
    counts: dict[str, int]
    #: The keys of the objects that rows name.
    named: Sequence[str]
